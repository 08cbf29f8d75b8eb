/** What makes shadow copies. */
import type { ProviderType } from "./enumerations.ts";

/** A shadow copy that a provider is asked to make. */
export interface NewSnapshot {
  readonly snapshotSetId: string;
  readonly snapshotId: string;
  /** The folder to copy, absolute: our "volume". */
  readonly volume: string;
  /** A mask of `snapshotAttributes`. */
  readonly context: number;
}

/** What a provider needs to find a shadow copy of its own again, in another process too. */
export interface SnapshotPlace {
  readonly snapshotId: string;
  readonly volume: string;
  /** The provider's own note, from `beginPrepareSnapshot`. */
  readonly note: string;
}

/** What a provider says of a shadow copy that is there. */
export interface ProviderSnapshot {
  /** The folder in which the volume's content is, to be read only: our device object. */
  readonly deviceObject: string;
  /** Paths in the volume, relative, that are not in the copy: sockets, devices, links. */
  readonly leftOut: readonly string[];
}

/** Whether a provider can copy a volume; if not, why. */
export type Support = { readonly supported: true } | { readonly supported: false; readonly reason: string };

/**
 * A provider. The coordinator calls in the order of this interface, once per set except `beginPrepareSnapshot`, which comes
 * once per volume. It may call `abortSnapshots` between any two of them and for a set that the provider knows nothing of;
 * it never calls anything else of a set after that. Failures: VSS_E_PROVIDER_VETO, VSS_E_INSUFFICIENT_STORAGE or anything,
 * which counts as VSS_E_UNEXPECTED_PROVIDER_ERROR.
 *
 * What is made must be found by `SnapshotPlace` alone, since the process may die at any moment: another one then calls
 * `deleteSnapshots` with the place that was written down before anything was made.
 */
export interface VssProvider {
  /** A GUID in lower case without braces. */
  readonly providerId: string;
  readonly name: string;
  readonly type: ProviderType;
  readonly version: string;
  /** Changes nothing that lasts. */
  isVolumeSupported(volume: string): Promise<Support>;
  /** Chooses where the copy will be; makes nothing yet. Returns the note of its `SnapshotPlace`. */
  beginPrepareSnapshot(snapshot: NewSnapshot): Promise<string>;
  /** The long work before the freeze. */
  endPrepareSnapshots(snapshotSetId: string): Promise<void>;
  /** The writers are frozen: flush. */
  preCommitSnapshots(snapshotSetId: string): Promise<void>;
  /** Makes the copies; with `preCommitSnapshots` it must not take more than 10 s. */
  commitSnapshots(snapshotSetId: string): Promise<void>;
  /** The copies are made. The writers thaw after that. */
  postCommitSnapshots(snapshotSetId: string): Promise<void>;
  /** The writers have thawed. */
  preFinalCommitSnapshots(snapshotSetId: string): Promise<void>;
  /** From now on the copies must be durable. */
  postFinalCommitSnapshots(snapshotSetId: string): Promise<void>;
  /** Takes everything away that was made for the set. */
  abortSnapshots(snapshotSetId: string): Promise<void>;
  /** Throws VSS_E_OBJECT_NOT_FOUND when the copy is not there. */
  getSnapshotProperties(place: SnapshotPlace): Promise<ProviderSnapshot>;
  /** Takes them away, whole or half made; what is not there is fine. Stops at the first that fails. Lasting when it resolves. */
  deleteSnapshots(places: readonly SnapshotPlace[]): Promise<void>;
}
