/** The providers that come with clubar. */
import type { Outside } from "../../base/outside.ts";
import type { VssProvider } from "../provider.ts";
import { createBtrfsProvider } from "./btrfs.ts";
import { createCopyProvider, createReflinkProvider } from "./folder-copy.ts";
import { createLvmProvider } from "./lvm.ts";

/** In the order of preference: one instant first, then what is quick; the plain copy works everywhere. `folder` is the coordinator's. */
export function standardProviders(outside: Outside, folder: string): readonly VssProvider[] {
  const { files, processes } = outside;
  return [
    createBtrfsProvider(outside),
    createLvmProvider(outside, `${folder}/mounts`),
    createReflinkProvider({ files, folder: `${folder}/reflinks`, leaveOut: [folder], pid: processes.self.pid }),
    createCopyProvider({ files, folder: `${folder}/copies`, leaveOut: [folder] }),
  ];
}
