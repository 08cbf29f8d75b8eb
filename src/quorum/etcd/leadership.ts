import { equalBytes } from "../../base/bytes.ts";
import { failureOf } from "../../base/failure-of.ts";
import { Mutex } from "../../base/mutex.ts";
import type { Random } from "../../base/outside.ts";
import { damaged } from "../disk/place.ts";
import type { Leadership, Loaded, LogRecord, Proof, SnapshotImage, VersionName } from "../quorum.ts";
import { checkNext, checkRebuilt, checkSnapshot, leadershipOver } from "../rules.ts";
import type { Tag } from "../tag.ts";
import { removeBlob, stageBlob } from "./blob.ts";
import { clearGenerations, clearOld } from "./clear.ts";
import type { Compare, EtcdClient, KeyValue, Operation } from "./client.ts";
import { decodeVersion, encodeBatch, encodeBatchRef, encodeLog } from "./codec.ts";
import type { LogManifest } from "./codec.ts";
import { within } from "./current.ts";
import type { Outcome, Step } from "./current.ts";
import { loadGeneration } from "./load.ts";
import type { GenerationKeys } from "./place.ts";

/** What a leadership writes through. */
export interface LeadershipParts {
  readonly client: EtcdClient;
  readonly random: Random;
  readonly keys: GenerationKeys;
  /** The value that this claim gave the key `leader`. */
  readonly claim: Uint8Array;
}

interface Waiting {
  readonly record: LogRecord;
  readonly resolve: (outcome: "acknowledged" | "unknown") => void;
  readonly reject: (why: unknown) => void;
}

/** Records of one transaction; what is larger goes into a blob. */
const batchBytes = 1_000_000;

/** Leadership over a generation: every write is one transaction that compares the claim. Every rejection and every "unknown" ends it. */
export class EtcdLeadership implements Leadership {
  readonly epoch: number;
  readonly #parts: LeadershipParts;
  /** One transaction at a time, in the order of the calls. */
  readonly #mutex = new Mutex();
  #log: LogManifest | undefined;
  #last: Tag | undefined;
  /** What the next append must find in its place: the batch before it, or the log that it is the first of. */
  #before: Compare | undefined;
  #size = 0;
  /** Appends that will be written together. */
  #group: Waiting[] | undefined;
  #over: Error | undefined;
  #resigned = false;

  constructor(parts: LeadershipParts, epoch: number) {
    this.#parts = parts;
    this.epoch = epoch;
  }

  takeOver(rebuild: (loaded: Loaded) => SnapshotImage): Promise<Loaded> {
    return this.#alone(async () => {
      const { client, keys, claim } = this.#parts;
      if (this.#log !== undefined) throw leadershipOver(this.epoch, "its log was opened already");
      const { log, leader, identity, snapshot, records } = await loadGeneration(client, keys);
      if (leader === undefined || !equalBytes(leader, claim)) throw this.#overtaken();
      const loaded: Loaded = { identity, snapshot, records };
      const image = rebuild(loaded);
      checkRebuilt(loaded, image, this.epoch);
      await this.#openLog(log, 0, image);
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
    if (this.#group === group) this.#group = undefined;
    let rest = group;
    try {
      while (rest.length > 0) {
        const { some, count } = firstBatch(rest);
        const outcome = await this.#write(some.map(({ record }) => record));
        if (outcome === "unknown") this.#end(this.#overtaken());
        for (const each of some) each.resolve(outcome);
        rest = rest.slice(count);
      }
    } catch (error) {
      this.#end(error);
      for (const each of rest) each.reject(error);
    }
  }

  async #write(records: readonly LogRecord[]): Promise<"acknowledged" | "unknown"> {
    if (this.#over !== undefined) throw this.#over;
    if (this.#last === undefined || this.#before === undefined) throw leadershipOver(this.epoch, "it never took over");
    let last = this.#last;
    for (const record of records) {
      checkNext(last, record);
      last = record.tag;
    }
    const { client, keys, random } = this.#parts;
    const key = keys.record(records[0]?.tag.sequence ?? 0);
    const batch = encodeBatch(records);
    const staged = batch.length > batchBytes * 1.2 ? await stageBlob(client, keys, random, batch) : undefined;
    const value = staged === undefined ? batch : encodeBatchRef(staged.ref);
    const { state, found } = await this.#step({
      compares: [this.#before, { key, is: "absent" }, ...(staged?.compares ?? [])],
      does: [...(staged?.does ?? []), { put: key, value }],
      otherwise: [{ get: keys.leader }, { get: key }],
    });
    if (state !== "done" && !this.#isOwn(state, found, value)) return "unknown";
    this.#last = last;
    this.#before = { key, is: "present" };
    this.#size += batch.length;
    return "acknowledged";
  }

  /** A refused append is this very one when it was carried out before its answer was lost; false when another leads. */
  #isOwn(state: Outcome["state"], [leader, present]: Outcome["found"], value: Uint8Array): boolean {
    if (state === "replaced" || !this.#isClaim(leader)) return false;
    const stored = present?.[0];
    if (stored !== undefined && equalBytes(stored.value, value)) return true;
    throw damaged(
      this.#parts.keys.records,
      "etcd no longer has what it acknowledged: it was put back to an older state",
    );
  }

  #isClaim(leader: readonly KeyValue[] | undefined): boolean {
    return leader?.[0] !== undefined && equalBytes(leader[0].value, this.#parts.claim);
  }

  logSize(): number {
    return this.#size;
  }

  snapshot(image: SnapshotImage): Promise<void> {
    return this.#alone(async () => {
      if (this.#log === undefined || this.#last === undefined) throw leadershipOver(this.epoch, "it never took over");
      checkSnapshot(this.#last, image);
      await this.#openLog(this.#log, this.#log.index + 1, image);
    });
  }

  /** One transaction puts the new snapshot in the place of the old one and of the updates that are in it. */
  async #openLog(old: LogManifest, index: number, image: SnapshotImage): Promise<void> {
    const { client, keys, random } = this.#parts;
    const staged = await stageBlob(client, keys, random, image.hive);
    const log: LogManifest = { epoch: this.epoch, index, first: image.tag, snapshot: staged.ref };
    const value = encodeLog(log);
    const { state, found } = await this.#step({
      compares: staged.compares,
      does: [
        ...staged.does,
        { put: keys.log, value },
        { remove: keys.records, to: keys.record(image.tag.sequence + 1) },
        removeBlob(keys, old.snapshot.id),
      ],
      otherwise: [{ get: keys.leader }, { get: keys.log }],
    });
    const [leader, present] = found;
    const isOwn = state === "refused" && present?.[0] !== undefined && equalBytes(present[0].value, value);
    if (state !== "done" && !(isOwn && this.#isClaim(leader))) throw this.#overtaken();
    this.#log = log;
    this.#last = image.tag;
    this.#before = { key: keys.log, value };
    this.#size = 0;
    await clearOld(client, keys, this.epoch, this.#claimHolds()).catch(() => undefined);
    await clearGenerations(client, keys, this.#claimHolds()).catch(() => undefined);
  }

  deleteVersion(version: VersionName): Promise<void> {
    return this.#alone(async () => {
      const { keys } = this.#parts;
      const key = keys.version(version.resource, version.number);
      const look = await this.#mustLead({ does: [{ get: key }] });
      const stored = look[0]?.[0];
      if (stored === undefined || decodeVersion(stored).kind !== version.kind) return;
      await this.#mustLead({ does: [{ remove: key }, removeBlob(keys, decodeVersion(stored).blob.id)] });
    });
  }

  deleteProof(proof: Proof): Promise<void> {
    return this.#alone(async () => {
      await this.#mustLead({ does: [{ remove: this.#parts.keys.proof(proof) }] });
    });
  }

  async resign(): Promise<void> {
    this.#end(leadershipOver(this.epoch, "its holder resigned"));
    await this.#mutex.run(async () => {
      if (this.#resigned) return;
      this.#resigned = true;
      const does: Operation[] = [{ put: this.#parts.keys.resigned(this.epoch), value: new Uint8Array() }];
      // Best effort: without it the others wait until the counter has stood still.
      await this.#step({ does }).catch(() => undefined);
    });
  }

  #claimHolds(): Compare {
    return { key: this.#parts.keys.leader, value: this.#parts.claim };
  }

  #step(step: Step): Promise<Outcome> {
    const { client, keys } = this.#parts;
    return within(client, keys, { ...step, compares: [this.#claimHolds(), ...(step.compares ?? [])] });
  }

  async #mustLead(step: Step): Promise<Outcome["found"]> {
    const { state, found } = await this.#step(step);
    if (state !== "done") throw this.#overtaken();
    return found;
  }

  #overtaken(): Error {
    return leadershipOver(this.epoch, "another node took the quorum");
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    // What is appended after this call is written after it.
    this.#group = undefined;
    return this.#mutex.run(async () => {
      try {
        if (this.#over !== undefined) throw this.#over;
        return await work();
      } catch (error) {
        this.#end(error);
        throw error;
      }
    });
  }

  #end(why: unknown): void {
    this.#over ??= why instanceof Error ? why : failureOf(why);
  }
}

/** As many as one transaction takes; at least one. */
function firstBatch(waiting: readonly Waiting[]): { some: readonly Waiting[]; count: number } {
  let size = 0;
  let count = 0;
  for (const { record } of waiting) {
    size += record.body.length + 64;
    if (count > 0 && size > batchBytes) break;
    count += 1;
  }
  return { some: waiting.slice(0, count), count };
}
