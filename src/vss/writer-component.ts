/** A component in the hands of its writer: what it may change depends on the event. */
import { fail } from "../base/errors.ts";
import type { BackupComponent, FailureMessagePlace, VssComponent, WriterErrorName } from "./component.ts";
import type { ComponentKey, ComponentPatch, ComponentStore } from "./component-store.ts";
import type { RestoreTarget } from "./enumerations.ts";
import { fullPathOf } from "./metadata-builder.ts";
import type { WriterEvent } from "./writer-state.ts";

const backing: readonly WriterEvent[] = ["prepareBackup", "prepareSnapshot", "freeze", "thaw", "postSnapshot"];

/** Makes the component of one event; it is dead as soon as `isCurrent` says so. */
export function writerComponent(
  store: ComponentStore,
  instanceId: string,
  key: ComponentKey,
  event: WriterEvent,
  isCurrent: () => boolean,
): VssComponent {
  const change = (
    what: string,
    events: readonly WriterEvent[],
    patch: (now: BackupComponent) => ComponentPatch,
  ): void => {
    if (!isCurrent() || !events.includes(event))
      throw badState(what, key, isCurrent() ? event : "an event that is over");
    store.change(instanceId, key, patch(store.find(instanceId, key)));
  };
  const say = (what: string, events: readonly WriterEvent[], place: FailureMessagePlace, message: string): void =>
    change(what, events, (now) => ({ failureMessages: { ...now.failureMessages, [place]: message } }));
  return {
    get content() {
      return store.find(instanceId, key);
    },
    setBackupMetadata: (backupMetadata) => change("setBackupMetadata", backing, () => ({ backupMetadata })),
    setRestoreMetadata: (restoreMetadata) =>
      change("setRestoreMetadata", [...backing, "preRestore"], () => ({ restoreMetadata })),
    setBackupStamp: (backupStamp) => change("setBackupStamp", backing, () => ({ backupStamp })),
    setRestoreTarget: (restoreTarget: RestoreTarget) =>
      change("setRestoreTarget", ["preRestore"], () => ({ restoreTarget })),
    setRestoreName: (restoreName) => change("setRestoreName", ["preRestore"], () => ({ restoreName })),
    setPrepareForBackupFailureMsg: (message) =>
      say("setPrepareForBackupFailureMsg", ["prepareBackup"], "prepareForBackup", message),
    setPostSnapshotFailureMsg: (message) =>
      say("setPostSnapshotFailureMsg", ["prepareSnapshot", "freeze", "thaw", "postSnapshot"], "postSnapshot", message),
    setPreRestoreFailureMsg: (message) => say("setPreRestoreFailureMsg", ["preRestore"], "preRestore", message),
    setPostRestoreFailureMsg: (message) => say("setPostRestoreFailureMsg", ["postRestore"], "postRestore", message),
    setFailure: (name: WriterErrorName, applicationResult, message) =>
      change("setFailure", [...backing, "preRestore", "postRestore"], () => ({
        failure: { name, applicationResult: applicationResult >>> 0, message },
      })),
  };
}

function badState(what: string, key: ComponentKey, event: string): Error {
  return fail("VSS_E_BAD_STATE", {
    happened: `${what} of component ${fullPathOf(key)} does not fit in ${event}.`,
    unchanged: "The document is as it was.",
  });
}
