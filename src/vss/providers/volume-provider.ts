/** What providers have in common that ask a volume manager for a snapshot of a whole volume at one instant. */
import { fail } from "../../base/errors.ts";
import { providerType, type ProviderType } from "../enumerations.ts";
import type { NewSnapshot, ProviderSnapshot, SnapshotPlace, Support, VssProvider } from "../provider.ts";

/** The volume manager's part. */
export interface VolumeManager {
  readonly providerId: string;
  readonly name: string;
  isVolumeSupported(volume: string): Promise<Support>;
  /** What `make`, `find` and `remove` must know besides the place, as text. Makes nothing. */
  note(volume: string, snapshotId: string): Promise<string>;
  /** Flushes the volume. */
  flush(place: SnapshotPlace): Promise<void>;
  make(place: SnapshotPlace): Promise<void>;
  /** Makes what was made reachable and durable. */
  finish(place: SnapshotPlace): Promise<void>;
  /** The folder with the content; undefined when it is not there. */
  find(place: SnapshotPlace): Promise<string | undefined>;
  /** Takes it away, whole or half made; what is not there is fine. */
  remove(place: SnapshotPlace): Promise<void>;
}

/** A provider around a volume manager. */
export function volumeProvider(manager: VolumeManager): VssProvider {
  return new VolumeProvider(manager);
}

class VolumeProvider implements VssProvider {
  readonly providerId: string;
  readonly name: string;
  readonly type: ProviderType = providerType.SOFTWARE;
  readonly version = "1";
  readonly #manager: VolumeManager;
  readonly #sets = new Map<string, SnapshotPlace[]>();
  /** The commit that runs, for an abort that must come after it. */
  #making: Promise<unknown> = Promise.resolve();

  constructor(manager: VolumeManager) {
    this.#manager = manager;
    this.providerId = manager.providerId;
    this.name = manager.name;
  }

  isVolumeSupported(volume: string): Promise<Support> {
    return this.#manager.isVolumeSupported(volume);
  }

  async beginPrepareSnapshot({ snapshotSetId, snapshotId, volume }: NewSnapshot): Promise<string> {
    const note = await this.#manager.note(volume, snapshotId);
    const places = this.#sets.get(snapshotSetId) ?? [];
    this.#sets.set(snapshotSetId, [...places, { snapshotId, volume, note }]);
    return note;
  }

  async endPrepareSnapshots(_snapshotSetId: string): Promise<void> {
    // A volume manager needs no time before the freeze.
  }

  async preCommitSnapshots(snapshotSetId: string): Promise<void> {
    for (const place of this.#places(snapshotSetId)) await this.#manager.flush(place);
  }

  async commitSnapshots(snapshotSetId: string): Promise<void> {
    const making = this.#make(snapshotSetId);
    this.#making = making.catch(() => undefined);
    await making;
  }

  async postCommitSnapshots(snapshotSetId: string): Promise<void> {
    for (const place of this.#places(snapshotSetId)) await this.#manager.finish(place);
  }

  async preFinalCommitSnapshots(_snapshotSetId: string): Promise<void> {
    // Nothing waits for the thaw.
  }

  async postFinalCommitSnapshots(snapshotSetId: string): Promise<void> {
    this.#sets.delete(snapshotSetId);
  }

  async abortSnapshots(snapshotSetId: string): Promise<void> {
    const places = this.#sets.get(snapshotSetId) ?? [];
    this.#sets.delete(snapshotSetId);
    await this.#making;
    await this.deleteSnapshots(places);
  }

  async getSnapshotProperties(place: SnapshotPlace): Promise<ProviderSnapshot> {
    const deviceObject = await this.#manager.find(place);
    if (deviceObject !== undefined) return { deviceObject, leftOut: [] };
    throw fail("VSS_E_OBJECT_NOT_FOUND", { happened: `${this.name} has no shadow copy ${place.snapshotId}.` });
  }

  async deleteSnapshots(places: readonly SnapshotPlace[]): Promise<void> {
    for (const place of places) await this.#manager.remove(place);
  }

  async #make(snapshotSetId: string): Promise<void> {
    for (const place of this.#places(snapshotSetId)) {
      if (!this.#sets.has(snapshotSetId)) return;
      await this.#manager.make(place);
    }
  }

  #places(snapshotSetId: string): readonly SnapshotPlace[] {
    const places = this.#sets.get(snapshotSetId);
    if (places !== undefined) return places;
    throw fail("VSS_E_BAD_STATE", { happened: `${this.name} prepares no set ${snapshotSetId}.` });
  }
}
