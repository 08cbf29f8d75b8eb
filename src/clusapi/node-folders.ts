/** Where the nodes of a cluster are: the data folders that this node's copy of the database names. All nodes share one machine. */
import type { Files } from "../base/outside.ts";
import { readState } from "../database/state.ts";
import { readHive } from "../hive/index.ts";

/** A node and its folder; undefined when it is not known where it answers. */
export interface NodeFolder {
  readonly id: string;
  readonly name: string;
  readonly data: string | undefined;
}

/** By this node's ClusDb; empty when it can't be read. */
export async function nodeFolders(files: Files, data: string): Promise<readonly NodeFolder[]> {
  try {
    const { root } = readHive(await files.read(`${data}/ClusDb`));
    return [...readState(root).nodes.values()].map(({ id, name, endpoint }) => ({
      id,
      name,
      data: dataOf(endpoint ?? ""),
    }));
  } catch {
    return [];
  }
}

/** The data folder of a node that answers at this address. */
export function dataOf(endpoint: string): string | undefined {
  return /^(\/.*)\/run\/rpc\.sock$/.exec(endpoint)?.[1];
}
