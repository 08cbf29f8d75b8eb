/**
 * A connection by name outlives the service of the node that answered first: every question goes to the next node when nobody answers.
 * One without a name is to this machine's node alone. Nodes of a directory quorum share a machine, so a node is a socket's path.
 */
import type { Transport } from "../api/api.ts";
import { askSocket } from "../base/outside-node-http.ts";
import { type Files, OutsideError } from "../base/outside.ts";
import { nodeFolders } from "./node-folders.ts";

/** Data folders in the order in which they are asked: the node of that name first, then this machine's, then the others. */
export async function foldersByName(files: Files, data: string, name: string): Promise<readonly string[]> {
  const nodes = await nodeFolders(files, data);
  const named = nodes.find((node) => node.name.toLowerCase() === name.toLowerCase())?.data;
  const all = [...(named === undefined ? [] : [named]), data, ...nodes.flatMap((node) => node.data ?? [])];
  return [...new Set(all)];
}

/** Asks the folders' services in turn. Only whoever could not be reached at all is passed over: no question is asked twice. */
export function transportOf(folders: readonly string[]): Transport {
  return async (question) => {
    let unreached: unknown;
    for (const folder of folders) {
      try {
        return await askSocket(`${folder}/run/api.sock`, question);
      } catch (error) {
        if (!(error instanceof OutsideError) || !["ENOENT", "ECONNREFUSED", "ENOTDIR"].includes(error.code))
          throw error;
        unreached ??= error;
      }
    }
    throw unreached;
  };
}
