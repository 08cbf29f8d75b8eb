/** The registry writer: the node's own hives, and its key containers, which Windows too keeps in the system state. */
import {
  applicationLevel,
  componentType,
  restoreMethod,
  sourceType,
  usageType,
  writerRestore,
} from "../enumerations.ts";
import type { ComponentName } from "../metadata.ts";
import type { VssWriter } from "../writer.ts";
import { requireAllFiles } from "./cluster-writer.ts";
import type { NodeHold } from "./hold.ts";

/** The documented id of the writer. */
export const registryWriterId = "afbab4a2-367d-4d15-a586-71dbb18f8485";
/** Hives, and private keys. */
export const registryComponents: { readonly hives: ComponentName; readonly keys: ComponentName } = {
  hives: { logicalPath: undefined, componentName: "Registry" },
  keys: { logicalPath: undefined, componentName: "Key Containers" },
};

/** Makes the writer. `hold` is shared with the Cluster Database writer of the same node. */
export function createRegistryWriter(parts: { readonly data: string; readonly hold: NodeHold }): VssWriter {
  const { data, hold } = parts;
  return {
    identity: {
      writerId: registryWriterId,
      writerName: "Registry Writer",
      usage: usageType.BOOTABLESYSTEMSTATE,
      source: sourceType.OTHER,
    },
    level: applicationLevel.SYSTEM,
    onIdentify(metadata) {
      const { FILEGROUP } = componentType;
      const { hives, keys } = registryComponents;
      metadata.addComponent({ ...hives, componentType: FILEGROUP, caption: "The node's registry hives" });
      metadata.addFilesToFileGroup(hives, { path: `${data}/registry`, fileSpec: "*", recursive: false });
      metadata.addExcludeFiles({ path: `${data}/registry`, fileSpec: ".*", recursive: false });
      metadata.addComponent({ ...keys, componentType: FILEGROUP, caption: "The node's private keys" });
      metadata.addFilesToFileGroup(keys, { path: `${data}/keys`, fileSpec: "*.key", recursive: false });
      metadata.setRestoreMethod({
        method: restoreMethod.RESTORE_AT_REBOOT,
        writerRestore: writerRestore.ALWAYS,
        rebootRequired: true,
      });
    },
    onPrepareSnapshot: () => undefined,
    onFreeze: () => hold.freeze(),
    onThaw: (call) => hold.thaw(call),
    onAbort: () => hold.abort(),
    onPostRestore: requireAllFiles,
  };
}
