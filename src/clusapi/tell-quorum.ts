/** Tells the nodes of a cluster that it lives in another quorum folder now. */
import { failureOf } from "../base/failure-of.ts";
import type { Outside } from "../base/outside.ts";
import { readState } from "../database/state.ts";
import { replay } from "../membership/copy-image.ts";
import { openDiskQuorum } from "../quorum/disk/quorum.ts";
import { dial } from "../rpc/call.ts";

/** How long a node may take to look at the folder, in milliseconds. */
const limit = 10_000;

/** Asks every node but `self` that the database in `place` knows to use that folder; a sentence for each. Never rejects. */
export async function tellNodes(outside: Outside, place: string, self: string): Promise<readonly string[]> {
  try {
    const quorum = await openDiskQuorum(outside, place, { insist: true });
    const { tree } = replay(await quorum.load());
    const instance = (await quorum.identity())?.instance;
    const nodes = [...readState(tree).nodes.values()].filter(({ id }) => id !== self);
    return await Promise.all(nodes.map(({ name, endpoint }) => tellNode(outside, name, endpoint, instance, place)));
  } catch (error) {
    return [`The other nodes could not be told of ${place}: ${failureOf(error).happened}`];
  }
}

async function tellNode(
  outside: Outside,
  name: string,
  endpoint: string | undefined,
  instance: string | undefined,
  place: string,
): Promise<string> {
  const byHand = `before its next start, on that node: clubar cluster use-quorum ${place}`;
  if (endpoint === undefined) return `Node ${name} could not be told of ${place}; ${byHand}`;
  try {
    const caller = await dial(outside, endpoint, instance);
    try {
      await caller.call("use-quorum", { quorum: place }, limit);
    } finally {
      caller.close();
    }
    return `Node ${name} uses ${place} from now on.`;
  } catch (error) {
    return `Node ${name} could not be told of ${place} (${failureOf(error).happened.replace(/\.$/, "")}); ${byHand}`;
  }
}
