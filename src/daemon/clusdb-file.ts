/** This node's copy of the cluster database on disk: the hive `ClusDb`, replaced whole by temporary file, fsync and rename. */
import { writeFileDurably } from "../base/durable.ts";
import type { Log } from "../base/log.ts";
import { Mutex } from "../base/mutex.ts";
import { type Outside, OutsideError } from "../base/outside.ts";
import { Replica } from "../database/replica.ts";
import { decodeClusDb, encodeClusDbInSlices } from "../membership/clusdb-copy.ts";
import { formatTag } from "../quorum/tag.ts";
import { emptyKey } from "../tree/key.ts";

/** How long changes are collected before the file is written, in milliseconds, at least. */
const collect = 1000;
/** How many times as long as writing took: what a large file costs stays a small part of what the node does. */
const collectPerWrite = 10;

/** The file and when it is written. */
export class ClusDbFile {
  readonly path: string;
  readonly #outside: Outside;
  readonly #log: Log;
  readonly #writing = new Mutex();
  #saved = "";
  #waiting = false;
  /** Milliseconds that making and writing the file took last. */
  #took = 0;
  #held = false;

  constructor(outside: Outside, data: string, log: Log) {
    this.#outside = outside;
    this.path = `${data}/ClusDb`;
    this.#log = log;
  }

  /** The saved copy, or an empty one when there is none or it can't be read: the quorum has the truth. */
  async open(): Promise<Replica> {
    const { files } = this.#outside;
    try {
      const copy = decodeClusDb(await files.read(this.path));
      if (copy !== undefined) return new Replica(copy.tree, copy.tag, copy.lineage);
      this.#log.warn("ClusDb has no tag and is not used", { path: this.path });
    } catch (error) {
      if (!(error instanceof OutsideError && error.code === "ENOENT"))
        this.#log.warn("ClusDb can't be read", { path: this.path, error });
    }
    return new Replica(emptyKey("Cluster", 0n), { generation: 0, epoch: 0, sequence: 0 }, "");
  }

  /** Saves soon; changes that come meanwhile are saved with it. */
  async saveSoon(replica: Replica): Promise<void> {
    if (this.#waiting) return;
    this.#waiting = true;
    await this.#outside.timers.sleep(Math.max(collect, this.#took * collectPerWrite));
    this.#waiting = false;
    await this.save(replica).catch((error: unknown) => this.#log.error("ClusDb not saved", { error }));
  }

  /** Saves what is there now; until `release` the file stands. */
  async hold(replica: Replica): Promise<void> {
    await this.save(replica);
    this.#held = true;
  }

  /** Saves again from now on. */
  release(replica: Replica): void {
    this.#held = false;
    void this.saveSoon(replica);
  }

  save(replica: Replica): Promise<void> {
    return this.#writing.run(async () => {
      if (this.#held) return;
      const { files, clock } = this.#outside;
      const { tag, bytes } = this.#bytesOf(replica);
      if (tag === this.#saved) return;
      const begun = clock.boot();
      await writeFileDurably(files, this.path, await bytes());
      this.#took = clock.boot() - begun;
      this.#saved = tag;
    });
  }

  /** Puts the copy aside before a newer generation replaces it; resolves with the file's path. */
  async saveAside(replica: Replica): Promise<string> {
    const { tag, bytes } = this.#bytesOf(replica);
    const path = `${this.path}.diverged-${tag.replaceAll(":", "-")}`;
    await writeFileDurably(this.#outside.files, path, await bytes());
    return path;
  }

  #bytesOf(replica: Replica): { readonly tag: string; readonly bytes: () => Promise<Uint8Array> } {
    const copy = { tree: replica.tree(), tag: replica.tag(), lineage: replica.lineage() };
    const wall = this.#outside.clock.wall();
    return {
      tag: formatTag(copy.tag),
      bytes: () => encodeClusDbInSlices(copy, wall, () => this.#outside.timers.sleep(1)),
    };
  }
}
