/** The service between requesters, writers and providers. */
import { fail } from "../base/errors.ts";
import { newGuid } from "../base/guid.ts";
import { silentLog, type Log } from "../base/log.ts";
import type { Outside } from "../base/outside.ts";
import type { DeletedSnapshots, SnapshotProperties, WriterStatus } from "./backup-components.ts";
import { Catalogue } from "./catalogue.ts";
import { writerState, type ObjectType, type ProviderType } from "./enumerations.ts";
import { documentedLimits, type VssLimits } from "./limits.ts";
import type { VssProvider } from "./provider.ts";
import { standardProviders } from "./providers/standard.ts";
import { WriterTurns } from "./session-writer.ts";
import { clearLeftovers, deleteSnapshots, providerOf, querySnapshots } from "./shadow-copies.ts";
import { SnapshotSet, type SetSurroundings } from "./snapshot-set.ts";
import type { VssWriter } from "./writer.ts";

/** What a coordinator needs. */
export interface CoordinatorOptions {
  readonly outside: Outside;
  /**
   * Its own folder, absolute: the lock of the set in progress, the catalogue and the plain copies. All processes that make
   * shadow copies of the same volumes share it.
   */
  readonly folder: string;
  /** In the order of preference; `standardProviders` unless given. */
  readonly providers?: readonly VssProvider[];
  /** This machine's name, for the properties of shadow copies. */
  readonly machine?: string;
  /** `documentedLimits` unless given. */
  readonly limits?: Partial<VssLimits>;
  readonly log?: Log;
}

/** VSS_PROVIDER_PROP. */
export interface ProviderProperties {
  readonly providerId: string;
  readonly name: string;
  readonly type: ProviderType;
  readonly version: string;
}

/** A writer's subscription. */
export interface WriterSubscription {
  readonly instanceId: string;
  /** A backup that the writer is in keeps it to its end. */
  unsubscribe(): void;
}

/** The coordinator; made by `openVssCoordinator`. */
export interface VssCoordinator {
  /** CVssWriter::Subscribe. Throws VSS_E_WRITER_ALREADY_SUBSCRIBED for the same object. */
  subscribe(writer: VssWriter): WriterSubscription;
  /** Each subscribed writer and its state in the newest backup or restore. */
  queryWriters(): readonly WriterStatus[];
  queryProviders(): readonly ProviderProperties[];
  querySnapshots(): Promise<readonly SnapshotProperties[]>;
  /** As of `VssBackupComponents`. `force` is accepted and changes nothing: nobody else can hold a shadow copy here. */
  deleteSnapshots(sourceObjectId: string, type: ObjectType, force: boolean): Promise<DeletedSnapshots>;
  /**
   * Clears what processes that were killed have left behind; `startSnapshotSet` does it too. Resolves with the shadow copies' ids.
   * Throws VSS_E_SNAPSHOT_SET_IN_PROGRESS.
   */
  clearLeftovers(): Promise<readonly string[]>;
}

/** Opens the folder, which is made when it is not there. */
export async function openVssCoordinator(options: CoordinatorOptions): Promise<VssCoordinator> {
  const coordinator = new Coordinator(options);
  await coordinator.around.catalogue.open();
  return coordinator;
}

/** A subscribed writer. */
export interface SubscribedWriter {
  readonly writer: VssWriter;
  readonly instanceId: string;
  readonly turns: WriterTurns;
  /** Of the newest session. */
  status: WriterStatus;
}

/** `VssCoordinator` with what requesters need of it. */
export class Coordinator implements VssCoordinator {
  readonly around: SetSurroundings & { readonly outside: Outside };
  #writers: readonly SubscribedWriter[] = [];

  constructor(options: CoordinatorOptions) {
    const { outside, folder } = options;
    this.around = {
      outside,
      catalogue: new Catalogue(outside.files, folder),
      providers: options.providers ?? standardProviders(outside, folder),
      limits: { ...documentedLimits, ...options.limits },
      log: options.log ?? silentLog,
      machine: options.machine ?? "localhost",
    };
    const ids = this.around.providers.map((each) => each.providerId);
    const twice = ids.find((each, at) => ids.indexOf(each) !== at);
    if (twice !== undefined)
      throw fail("VSS_E_PROVIDER_ALREADY_REGISTERED", { happened: `Provider ${twice} is given twice.` });
  }

  get writers(): readonly SubscribedWriter[] {
    return this.#writers;
  }

  subscribe(writer: VssWriter): WriterSubscription {
    if (this.#writers.some((each) => each.writer === writer)) {
      throw fail("VSS_E_WRITER_ALREADY_SUBSCRIBED", {
        happened: `Writer ${writer.identity.writerName} is subscribed already.`,
        unchanged: "It stays subscribed.",
      });
    }
    const instanceId = newGuid(this.around.outside.random);
    const { writerId, writerName } = writer.identity;
    const status = { instanceId, writerId, writerName, state: writerState.STABLE, failure: undefined };
    const subscribed: SubscribedWriter = { writer, instanceId, turns: new WriterTurns(), status };
    this.#writers = [...this.#writers, subscribed];
    return {
      instanceId,
      unsubscribe: () => {
        this.#writers = this.#writers.filter((each) => each !== subscribed);
      },
    };
  }

  queryWriters(): readonly WriterStatus[] {
    return this.#writers.map(({ status }) => status);
  }

  queryProviders(): readonly ProviderProperties[] {
    return this.around.providers.map(({ providerId, name, type, version }) => ({ providerId, name, type, version }));
  }

  querySnapshots(): Promise<readonly SnapshotProperties[]> {
    return querySnapshots(this.around);
  }

  deleteSnapshots(sourceObjectId: string, type: ObjectType, _force: boolean): Promise<DeletedSnapshots> {
    return deleteSnapshots(this.around, sourceObjectId, type);
  }

  async clearLeftovers(): Promise<readonly string[]> {
    const lock = await this.around.catalogue.lock();
    try {
      return await clearLeftovers(this.around);
    } finally {
      await lock.release();
    }
  }

  /** Takes the lock, clears leftovers, begins a set. */
  async startSet(context: number): Promise<SnapshotSet> {
    const lock = await this.around.catalogue.lock();
    try {
      await clearLeftovers(this.around);
      return new SnapshotSet(this.around, lock, context);
    } catch (cause) {
      await lock.release();
      throw cause;
    }
  }

  /** The provider that is asked for, or the first that supports the volume. */
  async chooseProvider(volume: string, providerId: string | undefined): Promise<VssProvider> {
    if (providerId !== undefined) {
      const provider = providerOf(this.around, providerId);
      const support = await provider.isVolumeSupported(volume);
      if (support.supported) return provider;
      throw fail("VSS_E_VOLUME_NOT_SUPPORTED_BY_PROVIDER", {
        happened: `${provider.name} can't make a shadow copy of ${volume}: ${support.reason}.`,
        unchanged: "The shadow copy set is as it was.",
        next: "Leave the choice of the provider to the coordinator, or choose another one.",
      });
    }
    const reasons: string[] = [];
    for (const provider of this.around.providers) {
      const support = await provider.isVolumeSupported(volume);
      if (support.supported) return provider;
      reasons.push(`${provider.name}: ${support.reason}`);
    }
    throw fail("VSS_E_VOLUME_NOT_SUPPORTED", {
      happened: `No provider can make a shadow copy of ${volume} (${reasons.join("; ")}).`,
      unchanged: "The shadow copy set is as it was.",
    });
  }
}
