/** Gathers what the restore of a node is planned from. Changes nothing. */
import { failureOf } from "../../base/failure-of.ts";
import type { Outside } from "../../base/outside.ts";
import { readState } from "../../database/state.ts";
import { readHiveAtRest } from "../../registry/hive-at-rest.ts";
import { readPresent } from "../present.ts";
import {
  type LiveNode,
  type NodeRestoreFacts,
  type NodeRestorePlan,
  type NodeSetFacts,
  planNodeRestore,
  type QuorumOfNode,
} from "./plan.ts";
import { restoreThatWaits } from "./stage.ts";

/** Where the node is restored, and what its caller knows of it. */
export interface NodeCheckParts {
  readonly outside: Pick<Outside, "files" | "random">;
  readonly data: string;
  readonly live: LiveNode;
  /** Whether a process of this data folder runs. */
  readonly service: NodeRestoreFacts["service"];
  /** The quorum folder. */
  readonly place: string;
  readonly insist: boolean;
  /** Whether somebody answers where the node was last reached; undefined for nobody. Gets that address. */
  readonly runsAt: (endpoint: string) => Promise<string | undefined>;
}

/** The dry run. */
export async function checkNodeRestore(parts: NodeCheckParts, set: NodeSetFacts): Promise<NodeRestorePlan> {
  const { data, live, service, place } = parts;
  const { quorum, endpoint } = await lookAtQuorum(parts, set.node.id);
  const elsewhere =
    endpoint === undefined || endpoint.startsWith(`${data}/`) ? undefined : await parts.runsAt(endpoint);
  return planNodeRestore({
    set,
    data,
    live,
    service,
    elsewhere,
    hives: await unreadableHives(parts, set),
    waits: await restoreThatWaits(parts.outside.files, data),
    quorum,
    place,
  });
}

async function lookAtQuorum(
  { outside, place, insist }: NodeCheckParts,
  node: string,
): Promise<{ readonly quorum: QuorumOfNode; readonly endpoint: string | undefined }> {
  const present = await readPresent(outside, place, insist);
  if (present.state !== "readable") {
    const why = present.state === "none" ? `there is no cluster in ${place}` : present.why;
    return { quorum: { state: present.state, why }, endpoint: undefined };
  }
  const { instance, generation, lineage } = present.identity;
  const member = readState(present.tree).nodes.get(node);
  return {
    quorum: { state: "readable", instance, generation, lineage, memberName: member?.name },
    endpoint: member?.endpoint,
  };
}

/** Hives of the set whose live files are there and can't be read: of them nothing can be kept. */
async function unreadableHives(
  { outside: { files }, data }: NodeCheckParts,
  set: NodeSetFacts,
): Promise<NodeRestoreFacts["hives"]> {
  const found: { readonly name: string; readonly why: string }[] = [];
  for (const { name: file } of set.files) {
    if (!file.startsWith("registry/")) continue;
    const name = file.slice("registry/".length);
    try {
      await readHiveAtRest(files, `${data}/registry`, name);
    } catch (error) {
      found.push({ name, why: failureOf(error).happened });
    }
  }
  return found;
}
