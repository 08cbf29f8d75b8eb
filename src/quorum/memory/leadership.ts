import { failureOf } from "../../base/failure-of.ts";
import { Mutex } from "../../base/mutex.ts";
import type { Leadership, Loaded, LogRecord, Proof, SnapshotImage, VersionName } from "../quorum.ts";
import { checkNext, checkRebuilt, checkSnapshot, leadershipOver, newestTag, versionFile } from "../rules.ts";
import { currentEpoch, newestLogBelow } from "./generation.ts";
import type { MemoryGeneration, MemoryLog } from "./generation.ts";
import type { MemoryStore } from "./store.ts";

interface Waiting {
  readonly record: LogRecord;
  readonly resolve: (outcome: "acknowledged" | "unknown") => void;
  readonly reject: (why: unknown) => void;
}

/** `step` is one visit to the store: a yield, so that others come between, and perhaps a fault. */
export type Step = (call: string) => Promise<void>;

/** Leadership over a generation in memory; the order of its steps is the directory quorum's. */
export class MemoryLeadership implements Leadership {
  readonly epoch: number;
  readonly #store: MemoryStore;
  readonly #generation: MemoryGeneration;
  readonly #step: Step;
  readonly #mutex = new Mutex();
  #log: MemoryLog | undefined;
  #size = 0;
  /** Appends that will be written together; closed when its write begins or another call comes. */
  #group: Waiting[] | undefined;
  #over: Error | undefined;

  constructor(store: MemoryStore, generation: MemoryGeneration, epoch: number, step: Step) {
    this.epoch = epoch;
    this.#store = store;
    this.#generation = generation;
    this.#step = step;
  }

  takeOver(rebuild: (loaded: Loaded) => SnapshotImage): Promise<Loaded> {
    return this.#alone("takeOver", async () => {
      if (this.#log !== undefined) throw leadershipOver(this.epoch, "its log was opened already");
      const { snapshot, records } = newestLogBelow(this.#generation, this.epoch);
      const loaded: Loaded = { identity: this.#generation.identity, snapshot, records: [...records] };
      const image = rebuild(loaded);
      checkRebuilt(loaded, image, this.epoch);
      await this.#step("takeOver");
      this.#open(image);
      await this.#step("takeOver");
      if (!this.#isCurrent()) throw leadershipOver(this.epoch, "another node took the quorum");
      return loaded;
    });
  }

  append(record: LogRecord): Promise<"acknowledged" | "unknown"> {
    return new Promise((resolve, reject) => {
      if (this.#group === undefined) {
        const group: Waiting[] = [];
        this.#group = group;
        void this.#mutex.run(() => this.#writeGroup(group));
      }
      this.#group.push({ record, resolve, reject });
    });
  }

  async #writeGroup(group: readonly Waiting[]): Promise<void> {
    try {
      await this.#step("append");
      if (this.#group === group) this.#group = undefined;
      const log = this.#opened();
      for (const { record } of group) {
        checkNext(newestTag(log), record);
        log.records.push(record);
        this.#size += record.body.byteLength + 64;
      }
      await this.#step("append");
      const outcome = this.#isCurrent() ? "acknowledged" : "unknown";
      if (outcome === "unknown") this.#end(leadershipOver(this.epoch, "another node took the quorum"));
      for (const each of group) each.resolve(outcome);
    } catch (error) {
      if (this.#group === group) this.#group = undefined;
      this.#end(error);
      for (const each of group) each.reject(error);
    }
  }

  logSize(): number {
    return this.#size;
  }

  snapshot(image: SnapshotImage): Promise<void> {
    return this.#alone("snapshot", async () => {
      checkSnapshot(newestTag(this.#opened()), image);
      await this.#step("snapshot");
      this.#open(image);
      await this.#step("snapshot");
      if (!this.#isCurrent()) throw leadershipOver(this.epoch, "another node took the quorum");
    });
  }

  deleteVersion(version: VersionName): Promise<void> {
    return this.#alone("deleteVersion", async () => {
      if (!this.#isCurrent()) throw leadershipOver(this.epoch, "another node took the quorum");
      await this.#step("deleteVersion");
      this.#generation.versions.get(version.resource)?.delete(versionFile(version));
    });
  }

  deleteProof(proof: Proof): Promise<void> {
    return this.#alone("deleteProof", async () => {
      if (!this.#isCurrent()) throw leadershipOver(this.epoch, "another node took the quorum");
      await this.#step("deleteProof");
      this.#generation.proofs.delete(`${proof.node}.${proof.incarnation}`);
    });
  }

  async resign(): Promise<void> {
    this.#end(leadershipOver(this.epoch, "its holder resigned"));
    await this.#step("resign");
    this.#generation.resigned.add(this.epoch);
  }

  #alone<T>(call: string, work: () => Promise<T>): Promise<T> {
    this.#group = undefined;
    return this.#mutex.run(async () => {
      try {
        await this.#step(call);
        if (this.#over !== undefined) throw this.#over;
        return await work();
      } catch (error) {
        this.#end(error);
        throw error;
      }
    });
  }

  #open(image: SnapshotImage): void {
    this.#log = { epoch: this.epoch, snapshot: image, records: [] };
    this.#size = 0;
    this.#generation.logs.set(this.epoch, this.#log);
  }

  #opened(): MemoryLog {
    if (this.#over !== undefined) throw this.#over;
    if (this.#log === undefined) throw leadershipOver(this.epoch, "it never took over");
    return this.#log;
  }

  #isCurrent(): boolean {
    return this.#store.current === this.#generation && currentEpoch(this.#generation) === this.epoch;
  }

  #end(why: unknown): void {
    this.#over ??= why instanceof Error ? why : failureOf(why);
  }
}
