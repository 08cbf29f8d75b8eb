/** The providers that come with clubar. */
import type { Outside } from "../../base/outside.ts";
import type { VssProvider } from "../provider.ts";
import { createCopyProvider, createReflinkProvider } from "./folder-copy.ts";

/** In the order of preference: what is quicker first; the plain copy works everywhere. `folder` is the coordinator's. */
export function standardProviders(outside: Outside, folder: string): readonly VssProvider[] {
  const { files } = outside;
  return [
    createReflinkProvider({ files, folder: `${folder}/reflinks`, leaveOut: [folder], pid: outside.processes.self.pid }),
    createCopyProvider({ files, folder: `${folder}/copies`, leaveOut: [folder] }),
  ];
}
