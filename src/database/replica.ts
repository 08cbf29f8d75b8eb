/** This node's copy of the cluster database: a key tree at a tag, and those who wait for it to change. */
import { fail } from "../base/errors.ts";
import type { LogRecord } from "../quorum/quorum.ts";
import { compareTags, formatTag, type Tag } from "../quorum/tag.ts";
import type { Key } from "../tree/key.ts";
import { applyRecord } from "./apply.ts";
import { reasonOfUpdate } from "./update-codec.ts";

/** Called after each change with the tree after and before it, and the tag of the newer one. */
export type ChangeHandler = (tree: Key, before: Key, tag: Tag) => void;

/** An update that was applied, in short. */
export interface Decision {
  readonly tag: Tag;
  /** Wall time in milliseconds at which it was ordered. */
  readonly time: number;
  /** One sentence: what and why. */
  readonly because: string;
}

/** Decisions that a copy remembers. */
const remembered = 200;

interface Waiter {
  readonly tag: Tag;
  readonly resolve: () => void;
}

/** A copy of the database in memory: its tree, tag and lineage. Changed only by the records of the log, in order, or as a whole. */
export class Replica {
  #tree: Key;
  #tag: Tag;
  #lineage: string;
  readonly #handlers = new Set<ChangeHandler>();
  #waiters: Waiter[] = [];
  readonly #decisions: Decision[] = [];

  constructor(tree: Key, tag: Tag, lineage: string) {
    this.#tree = tree;
    this.#tag = tag;
    this.#lineage = lineage;
  }

  tree(): Key {
    return this.#tree;
  }

  tag(): Tag {
    return this.#tag;
  }

  lineage(): string {
    return this.#lineage;
  }

  /** True when the record is the very next one of this copy's history. */
  follows(record: LogRecord): boolean {
    const { generation, epoch, sequence } = this.#tag;
    const next = record.tag;
    return next.generation === generation && next.epoch >= epoch && next.sequence === sequence + 1;
  }

  /** The same content under the epoch of a newer leader; only the epoch may differ. */
  retag(tag: Tag): void {
    const { generation, epoch, sequence } = this.#tag;
    if (tag.generation !== generation || tag.sequence !== sequence || tag.epoch <= epoch) return;
    this.#become(this.#tree, tag);
  }

  /** Applies the next record; older ones are passed over. Fails with CLUSTER_DATABASE_SEQMISMATCH on a gap: nothing is applied. */
  apply(record: LogRecord, known?: Key): void {
    if (compareTags(record.tag, this.#tag) <= 0) return;
    if (!this.follows(record)) {
      throw fail("CLUSTER_DATABASE_SEQMISMATCH", {
        happened: `This node has the cluster database at ${formatTag(this.#tag)} and was sent ${formatTag(record.tag)}.`,
        unchanged: "This node's copy is as it was.",
        next: "The node joins again and takes what it lacks; there is nothing to do.",
      });
    }
    const tree = known ?? applyRecord(this.#tree, record);
    this.#decisions.push({ tag: record.tag, time: record.time, because: reasonOfUpdate(record.body) });
    if (this.#decisions.length > remembered) this.#decisions.shift();
    this.#become(tree, record.tag);
  }

  /** The newest updates that were applied one by one, the oldest first; what came with a whole copy is not among them. */
  decisions(): readonly Decision[] {
    return this.#decisions;
  }

  /** Replaces the whole copy, as a node does that is too far behind or belonged to an older generation. */
  reset(tree: Key, tag: Tag, lineage: string): void {
    this.#lineage = lineage;
    this.#become(tree, tag);
  }

  /** Resolves when the copy is at `tag` or newer. */
  waitFor(tag: Tag): Promise<void> {
    if (compareTags(this.#tag, tag) >= 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ tag, resolve }));
  }

  /** Calls `handler` after each change; returns how to stop that. */
  onChange(handler: ChangeHandler): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  #become(tree: Key, tag: Tag): void {
    const before = this.#tree;
    this.#tree = tree;
    this.#tag = tag;
    const due = this.#waiters.filter((waiter) => compareTags(tag, waiter.tag) >= 0);
    this.#waiters = this.#waiters.filter((waiter) => compareTags(tag, waiter.tag) < 0);
    for (const waiter of due) waiter.resolve();
    for (const handler of this.#handlers) handler(tree, before, tag);
  }
}
