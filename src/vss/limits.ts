/** Documented limits, in milliseconds and numbers. */

/** How long and how many. */
export interface VssLimits {
  /** From a writer's Freeze to its Thaw. */
  readonly freezeToThaw: number;
  /** From the flush to the end of the commit. */
  readonly flushAndHold: number;
  /** Any other event of a writer, and any other step of a provider. */
  readonly step: number;
  /** Between `startSnapshotSet` and `doSnapshotSet` a requester must not be silent for longer. */
  readonly requesterSilence: number;
  readonly volumesPerSet: number;
  readonly snapshotsPerVolume: number;
}

/** Freeze to Thaw, flush and hold, volumes and shadow copies are documented; the other two are Windows' usual ten minutes. */
export const documentedLimits: VssLimits = {
  freezeToThaw: 60_000,
  flushAndHold: 10_000,
  step: 600_000,
  requesterSilence: 600_000,
  volumesPerSet: 64,
  snapshotsPerVolume: 512,
};
