/** The service between requesters, writers and providers. */
import type { SnapshotProperties, DeletedSnapshots, WriterStatus } from "./backup-components.ts";
import type { ObjectType } from "./enumerations.ts";
import type { VssProvider } from "./provider.ts";
import type { VssWriter } from "./writer.ts";

/** What a coordinator needs. */
export interface CoordinatorOptions {
  /** Its own folder, 0700: the lock of the set in progress, the catalogue and the plain copies. All processes that make shadow copies of the same volumes share it. */
  readonly folder: string;
  /** In the order of preference; `standardProviders` unless given. */
  readonly providers?: readonly VssProvider[];
  readonly machine?: string;
}

/** VSS_PROVIDER_PROP. */
export interface ProviderProperties {
  readonly providerId: string;
  readonly name: string;
  readonly type: number;
  readonly version: string;
}

/** A writer's subscription. */
export interface WriterSubscription {
  readonly instanceId: string;
  /** A backup that the writer is in goes on without it. */
  unsubscribe(): void;
}

/** The coordinator; made by `openVssCoordinator`. */
export interface VssCoordinator {
  /** CVssWriter::Subscribe. Throws VSS_E_WRITER_ALREADY_SUBSCRIBED for the same object. */
  subscribe(writer: VssWriter): WriterSubscription;
  /** Each subscribed writer and its newest state. */
  queryWriters(): readonly WriterStatus[];
  queryProviders(): readonly ProviderProperties[];
  querySnapshots(): Promise<readonly SnapshotProperties[]>;
  deleteSnapshots(sourceObjectId: string, type: ObjectType, force: boolean): Promise<DeletedSnapshots>;
  /** Clears what processes that were killed have left behind. `startSnapshotSet` does it too. Resolves with the shadow copies' ids. */
  clearLeftovers(): Promise<readonly string[]>;
}
