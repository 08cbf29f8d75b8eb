/** The shadow copy set in the making: providers are called in the documented order, all or nothing. */
import { fail, Failure } from "../base/errors.ts";
import { newGuid } from "../base/guid.ts";
import { failureOf } from "../base/failure-of.ts";
import type { Log } from "../base/log.ts";
import type { Outside } from "../base/outside.ts";
import type { Catalogue, SetLock } from "./catalogue.ts";
import { within } from "./deadline.ts";
import type { VssLimits } from "./limits.ts";
import type { NewSnapshot, VssProvider } from "./provider.ts";
import type { SnapshotRecord } from "./snapshot-record.ts";

/** What a set needs around it. */
export interface SetSurroundings {
  readonly outside: Pick<Outside, "clock" | "timers" | "random" | "processes">;
  readonly catalogue: Catalogue;
  readonly providers: readonly VssProvider[];
  readonly limits: VssLimits;
  readonly log: Log;
  readonly machine: string;
}

interface Member {
  readonly snapshot: NewSnapshot;
  readonly provider: VssProvider;
  readonly record: SnapshotRecord;
}

type Step = Exclude<keyof VssProvider & `${string}Snapshots`, "deleteSnapshots">;

/** One set, from `startSnapshotSet` to its end. It holds the lock until `finish` or `abort` resolved. */
export class SnapshotSet {
  readonly id: string;
  readonly context: number;
  readonly #around: SetSurroundings;
  readonly #lock: SetLock;
  /** Volume → the folder in which its copy is, once it is committed. */
  deviceObjects: ReadonlyMap<string, string> = new Map();
  #members: readonly Member[] = [];
  #ended = false;

  constructor(around: SetSurroundings, lock: SetLock, context: number) {
    this.id = newGuid(around.outside.random);
    this.context = context;
    this.#around = around;
    this.#lock = lock;
  }

  get volumes(): readonly string[] {
    return this.#members.map(({ snapshot }) => snapshot.volume);
  }

  get records(): readonly SnapshotRecord[] {
    return this.#members.map(({ record }) => record);
  }

  /** Adds a volume; its record is durable before its provider may make anything. Resolves with the shadow copy's id. */
  async add(volume: string, provider: VssProvider): Promise<string> {
    const { outside, catalogue, limits, machine } = this.#around;
    if (this.volumes.includes(volume)) {
      throw fail("VSS_E_OBJECT_ALREADY_EXISTS", {
        happened: `${volume} is in the shadow copy set already.`,
        unchanged: "The set is as it was.",
      });
    }
    await needRoom(volume, this.#members.length, limits, catalogue);
    const snapshot = {
      snapshotSetId: this.id,
      snapshotId: newGuid(outside.random),
      volume,
      context: this.context,
    };
    const note = await this.#guard(provider, "beginPrepareSnapshot", () => provider.beginPrepareSnapshot(snapshot));
    const record: SnapshotRecord = {
      version: 1,
      snapshotId: snapshot.snapshotId,
      snapshotSetId: this.id,
      snapshotsCount: 0,
      providerId: provider.providerId,
      volume,
      note,
      attributes: this.context,
      machine,
      createdAt: outside.clock.wall(),
      state: "making",
      leftOut: [],
      owner: outside.processes.self,
    };
    this.#members = [...this.#members, { snapshot, provider, record }];
    await catalogue.write(record);
    return snapshot.snapshotId;
  }

  /** One step at every provider, one provider after the other. */
  async step(step: Step): Promise<void> {
    for (const provider of new Set(this.#members.map((member) => member.provider)))
      await this.#guard(provider, step, () => provider[step](this.id));
  }

  /** Asks the providers where the copies are; after `postCommitSnapshots`. */
  async findDeviceObjects(): Promise<void> {
    const found = new Map<string, string>();
    for (const { provider, record } of this.#members) {
      const { deviceObject } = await this.#guard(provider, "getSnapshotProperties", () =>
        provider.getSnapshotProperties(record),
      );
      found.set(record.volume, deviceObject);
    }
    this.deviceObjects = found;
  }

  /** The copies count from now on: they are in the catalogue as made. Frees the lock. */
  async finish(): Promise<void> {
    const made: Member[] = [];
    for (const member of this.#members) {
      const { record, provider } = member;
      const { leftOut } = await provider.getSnapshotProperties(record);
      made.push({
        ...member,
        record: {
          ...record,
          leftOut: [...leftOut],
          snapshotsCount: this.#members.length,
          createdAt: this.#around.outside.clock.wall(),
          state: "created",
        },
      });
    }
    for (const { record } of made) {
      if (this.#ended) return;
      await this.#around.catalogue.write(record);
    }
    this.#members = made;
    this.#ended = true;
    await this.#lock.release();
  }

  /** Takes everything away that was made. What can't be taken away now is left to the next set's beginning. */
  async abort(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    const { log, outside, limits } = this.#around;
    for (const member of this.#members) {
      const failed = await within(outside.timers, limits.step, new AbortController().signal, () =>
        this.#undo(member),
      ).then(
        ({ kind }) => (kind === "done" ? undefined : "the provider does not answer"),
        (cause: unknown) => failureOf(cause).message,
      );
      if (failed !== undefined) log.error("vss leftovers", { snapshot: member.record.snapshotId, error: failed });
    }
    await this.#lock.release();
  }

  async #undo({ provider, record }: Member): Promise<void> {
    await provider.abortSnapshots(this.id);
    await provider.deleteSnapshots([record]);
    await this.#around.catalogue.remove(record.snapshotId);
  }

  async #guard<T>(provider: VssProvider, step: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      throw providerError(provider, step, cause);
    }
  }
}

/** The errors of a provider that reach the requester as they are. */
const passed: ReadonlySet<string> = new Set([
  "VSS_E_PROVIDER_VETO",
  "VSS_E_INSUFFICIENT_STORAGE",
  "VSS_E_UNEXPECTED_PROVIDER_ERROR",
  "VSS_E_FLUSH_WRITES_TIMEOUT",
  "VSS_E_HOLD_WRITES_TIMEOUT",
  "VSS_E_MAXIMUM_NUMBER_OF_SNAPSHOTS_REACHED",
  "VSS_E_VOLUME_IN_USE",
]);

function providerError(provider: VssProvider, step: string, cause: unknown): Failure {
  if (cause instanceof Failure && passed.has(cause.name)) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  return fail("VSS_E_UNEXPECTED_PROVIDER_ERROR", {
    happened: `Provider ${provider.name} failed in ${step}: ${why}`,
    unchanged: "No shadow copy of the set is left.",
    next: "Wait ten minutes, then try again.",
    cause,
  });
}

async function needRoom(volume: string, inSet: number, limits: VssLimits, catalogue: Catalogue): Promise<void> {
  if (inSet >= limits.volumesPerSet) {
    throw fail("VSS_E_MAXIMUM_NUMBER_OF_VOLUMES_REACHED", {
      happened: `The shadow copy set holds ${inSet} volumes, which is as many as it may.`,
      unchanged: "The set is as it was.",
      next: "Make this set, then another one.",
    });
  }
  const there = (await catalogue.read()).records.filter((record) => record.volume === volume).length;
  if (there < limits.snapshotsPerVolume) return;
  throw fail("VSS_E_MAXIMUM_NUMBER_OF_SNAPSHOTS_REACHED", {
    happened: `${volume} has ${there} shadow copies, which is as many as it may.`,
    unchanged: "The set is as it was.",
    next: "Delete some that are not needed.",
  });
}
