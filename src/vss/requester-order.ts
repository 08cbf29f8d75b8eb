/** In which order a requester may call, as data. */
import { fail } from "../base/errors.ts";

/** Where a backup or a restore is. */
export type Phase =
  | "new"
  | "initialized"
  | "gathered"
  | "set started"
  | "prepared"
  | "prepared with a set"
  | "snapshot made"
  | "complete"
  | "failed"
  | "aborted"
  | "restore initialized"
  | "restore gathered"
  | "pre-restored"
  | "post-restored"
  | "released";

/** When a call fits, and where it leads. */
export interface Rule {
  readonly from: readonly Phase[];
  /** Where a successful call leads; unchanged when absent. */
  readonly to?: Readonly<Partial<Record<Phase, Phase>>>;
}

const beforePrepare: readonly Phase[] = ["initialized", "gathered", "set started"];
const backup: readonly Phase[] = [...beforePrepare, "prepared", "prepared with a set", "snapshot made", "failed"];
const restore: readonly Phase[] = ["restore initialized", "restore gathered", "pre-restored", "post-restored"];
const afterwards: readonly Phase[] = ["complete", "aborted"];

const choosing: Rule = { from: ["initialized"] };
const ofComponents: Rule = { from: ["gathered", "set started"] };
const beforePreRestore: Rule = { from: ["restore gathered"] };
const anyTime: Rule = { from: [...backup, ...afterwards, ...restore] };

/** A call that has a place in the order. */
export type OrderedCall =
  | "initializeForBackup"
  | "initializeForRestore"
  | "setContext"
  | "enableWriterClasses"
  | "disableWriterClasses"
  | "disableWriterInstances"
  | "setBackupState"
  | "gatherWriterMetadata"
  | "getWriterMetadata"
  | "addComponent"
  | "setBackupOptions"
  | "setPreviousBackupStamp"
  | "isVolumeSupported"
  | "startSnapshotSet"
  | "addToSnapshotSet"
  | "prepareForBackup"
  | "doSnapshotSet"
  | "getSnapshotProperties"
  | "gatherWriterStatus"
  | "getWriterComponents"
  | "setBackupSucceeded"
  | "backupComplete"
  | "saveAsXml"
  | "abortBackup"
  | "setSelectedForRestore"
  | "addRestoreSubcomponent"
  | "setAuthoritativeRestore"
  | "setRestoreOptions"
  | "setAdditionalRestores"
  | "addNewTarget"
  | "setRestoreState"
  | "preRestore"
  | "setFileRestoreStatus"
  | "postRestore"
  | "query"
  | "deleteSnapshots";

/** Every call that has a place in the order, with its rule. `release` is always allowed and leads to "released". */
export const requesterOrder: Readonly<Record<OrderedCall, Rule>> = {
  initializeForBackup: { from: ["new"], to: { new: "initialized" } },
  initializeForRestore: { from: ["new"], to: { new: "restore initialized" } },
  setContext: choosing,
  enableWriterClasses: choosing,
  disableWriterClasses: choosing,
  disableWriterInstances: choosing,
  setBackupState: { from: beforePrepare },
  gatherWriterMetadata: {
    from: ["initialized", "restore initialized"],
    to: { initialized: "gathered", "restore initialized": "restore gathered" },
  },
  getWriterMetadata: {
    from: [
      "gathered",
      "set started",
      "prepared",
      "prepared with a set",
      "snapshot made",
      "failed",
      "complete",
      "restore gathered",
      "pre-restored",
      "post-restored",
    ],
  },
  addComponent: ofComponents,
  setBackupOptions: ofComponents,
  setPreviousBackupStamp: ofComponents,
  isVolumeSupported: { from: backup },
  startSnapshotSet: { from: ["gathered"], to: { gathered: "set started" } },
  addToSnapshotSet: { from: ["set started"] },
  prepareForBackup: {
    from: ["gathered", "set started"],
    to: { gathered: "prepared", "set started": "prepared with a set" },
  },
  doSnapshotSet: { from: ["prepared with a set"], to: { "prepared with a set": "snapshot made" } },
  getSnapshotProperties: { from: ["snapshot made", "complete"] },
  gatherWriterStatus: {
    from: [
      "gathered",
      "set started",
      "prepared",
      "prepared with a set",
      "snapshot made",
      "failed",
      ...afterwards,
      "restore gathered",
      "pre-restored",
      "post-restored",
    ],
  },
  getWriterComponents: anyTime,
  setBackupSucceeded: { from: ["prepared", "snapshot made"] },
  backupComplete: {
    from: ["prepared", "snapshot made"],
    to: { prepared: "complete", "snapshot made": "complete" },
  },
  saveAsXml: anyTime,
  abortBackup: { from: backup },
  setSelectedForRestore: beforePreRestore,
  addRestoreSubcomponent: beforePreRestore,
  setAuthoritativeRestore: beforePreRestore,
  setRestoreOptions: beforePreRestore,
  setAdditionalRestores: beforePreRestore,
  addNewTarget: beforePreRestore,
  setRestoreState: beforePreRestore,
  preRestore: { from: ["restore gathered"], to: { "restore gathered": "pre-restored" } },
  setFileRestoreStatus: { from: ["pre-restored"] },
  postRestore: { from: ["pre-restored"], to: { "pre-restored": "post-restored" } },
  query: anyTime,
  deleteSnapshots: anyTime,
};

/** The phase that a successful call leads to. Throws VSS_E_BAD_STATE when the call does not fit. */
export function phaseAfter(call: OrderedCall, phase: Phase): Phase {
  const rule = requesterOrder[call];
  if (rule.from.includes(phase)) return rule.to?.[phase] ?? phase;
  throw fail("VSS_E_BAD_STATE", {
    happened: `${call} does not fit here: the backup or restore is "${phase}".`,
    unchanged: "Nothing was done.",
    next: `It may be called when it is ${rule.from.map((each) => `"${each}"`).join(", ")}.`,
  });
}
