/** The newest updates, kept in memory so that a node that is a little behind need not take the whole database. */
import type { LogRecord } from "../quorum/quorum.ts";
import type { Tag } from "../quorum/tag.ts";

/** Records in order without gaps, up to the newest; the oldest go when they exceed a number of bytes. */
export class History {
  readonly #bytesMax: number;
  #records: LogRecord[];
  #bytes: number;
  #tag: Tag;

  /** `records` are in order without gaps and end at `tag`'s sequence. */
  constructor(records: readonly LogRecord[], tag: Tag, bytesMax: number = 4 * 1024 * 1024) {
    this.#records = [...records];
    this.#bytes = records.reduce((sum, record) => sum + record.body.length, 0);
    this.#bytesMax = bytesMax;
    this.#tag = tag;
  }

  add(record: LogRecord): void {
    this.#records.push(record);
    this.#bytes += record.body.length;
    this.#tag = record.tag;
    while (this.#bytes > this.#bytesMax && this.#records.length > 1) {
      this.#bytes -= this.#records.shift()?.body.length ?? 0;
    }
  }

  tag(): Tag {
    return this.#tag;
  }

  /** What follows a copy at `tag` of the same lineage; undefined when this reaches not far enough back. */
  after(tag: Tag): readonly LogRecord[] | undefined {
    const { generation, epoch, sequence } = this.#tag;
    if (tag.generation !== generation || tag.epoch > epoch || tag.sequence > sequence) return undefined;
    const missing = sequence - tag.sequence;
    if (missing > this.#records.length) return undefined;
    return this.#records.slice(this.#records.length - missing);
  }
}
