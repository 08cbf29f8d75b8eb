/** Whether another node of a directory quorum still runs. All its nodes share one machine, so their sockets and locks can tell. */
import { failureOf } from "../base/failure-of.ts";
import type { Files, Outside } from "../base/outside.ts";
import { dial } from "../rpc/call.ts";

/** Unknown is not down. */
export interface NodeEvidence {
  readonly state: "running" | "stopped" | "unknown";
  /** How that is known, as the end of a sentence. */
  readonly evidence: string;
}

/**
 * Asks at the node's socket, `DATA/run/rpc.sock`. It is stopped only when nobody answers there and nobody holds the locks of its host and
 * its registry.
 */
export async function askNode(outside: Outside, endpoint: string | undefined): Promise<NodeEvidence> {
  if (endpoint === undefined) return { state: "unknown", evidence: "it is not known where it answers" };
  try {
    (await dial(outside, endpoint, undefined)).close();
    return { state: "running", evidence: "its service answers" };
  } catch (error) {
    if (failureOf(error).name === "CLUSTER_INSTANCE_ID_MISMATCH")
      return { state: "running", evidence: "its service answers" };
  }
  const data = /^(\/.*)\/run\/rpc\.sock$/.exec(endpoint)?.[1];
  if (data === undefined) return { state: "unknown", evidence: `nobody answers at ${endpoint}` };
  return whoHolds(outside, data);
}

/** What the locks in a node's data folder say. */
export async function whoHolds({ files }: Pick<Outside, "files">, data: string): Promise<NodeEvidence> {
  try {
    if ((await files.stat(`${data}/node.json`)) === undefined)
      return { state: "unknown", evidence: `its data folder ${data} is not there` };
    const holder = await holderOf(files, data);
    if (holder !== undefined) return { state: "running", evidence: `its ${holder.whose} holds ${holder.path}` };
    return { state: "stopped", evidence: `nobody answers and nobody holds the locks in ${data}` };
  } catch (error) {
    return { state: "unknown", evidence: `its data folder ${data} can't be looked at (${failureOf(error).happened})` };
  }
}

/** The process that holds a lock in a node's data folder: a service may hang, and a host may outlive it. */
export async function holderOf(
  files: Pick<Files, "stat" | "isLocked">,
  data: string,
): Promise<{ readonly whose: "host" | "service"; readonly path: string } | undefined> {
  for (const [name, whose] of [
    ["host.lock", "host"],
    ["registry/.lock", "service"],
  ] as const) {
    const path = `${data}/${name}`;
    if ((await files.stat(path)) !== undefined && (await files.isLocked(path))) return { whose, path };
  }
  return undefined;
}
