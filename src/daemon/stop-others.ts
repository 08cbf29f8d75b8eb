/** Tells other nodes to stop for a restore, and waits until each is seen to have. */
import type { Log } from "../base/log.ts";
import type { Outside } from "../base/outside.ts";
import { askNode, type NodeEvidence } from "../clusapi/ask-node.ts";
import { provenInQuorum } from "../clusapi/vss/proven-nodes.ts";
import type { Timing } from "../membership/timing.ts";
import type { Quorum } from "../quorum/quorum.ts";

/** How long another node may take to stop everything in order, in milliseconds. */
const stopLimit = 60_000;
/** Between two looks at most, in milliseconds: one may read the whole database. */
const longestPause = 500;

/** What it is done through. */
export interface StopParts {
  readonly outside: Outside;
  readonly log?: Log;
  readonly timing: Timing;
  /** Opens the quorum where the nodes' hosts write their proofs; may reject. */
  readonly openQuorum: () => Promise<Pick<Quorum, "proofs" | "load">>;
  readonly call: (endpoint: string, method: "stop-for-restore", timeoutMs: number) => Promise<unknown>;
}

/** A node to stop. */
export interface OtherNode {
  readonly id: string;
  readonly name: string;
  readonly endpoint: string | undefined;
}

/** A sentence for each. */
export function stopOthers(parts: StopParts, nodes: readonly OtherNode[]): Promise<readonly string[]> {
  let opened: ReturnType<StopParts["openQuorum"]> | undefined;
  const openQuorum: StopParts["openQuorum"] = () => {
    opened ??= parts.openQuorum().catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
  return Promise.all(nodes.map((node) => stopOne({ ...parts, openQuorum }, node)));
}

/** A service ends its socket only after its host proved that everything is stopped. */
async function stopOne(parts: StopParts, node: OtherNode): Promise<string> {
  const { outside, log, timing, call } = parts;
  const { name, endpoint } = node;
  if (endpoint === undefined) return `Node ${name} could not be told to stop: it is not known where it answers.`;
  const { clock, timers } = outside;
  const until = clock.boot() + stopLimit;
  try {
    await call(endpoint, "stop-for-restore", timing.call * 5);
  } catch (error) {
    log?.warn("a node did not answer the wish to stop", { node: name, error });
  }
  for (let pause = timing.poll / 2; clock.boot() < until; pause = Math.min(longestPause, pause * 1.5)) {
    const { state, evidence } = await lookAt(parts, node);
    if (state === "stopped") return `Node ${name} stopped: ${evidence}.`;
    await timers.sleep(pause);
  }
  return `Node ${name} was told to stop and has not within ${stopLimit / 1000} s; its applications end with their permit.`;
}

/** Of a node elsewhere silence proves nothing: then only what stands in the quorum does. */
async function lookAt({ outside, openQuorum }: StopParts, { id, endpoint }: OtherNode): Promise<NodeEvidence> {
  const asked = await askNode(outside, endpoint);
  if (asked.state !== "unknown") return asked;
  const proof = await openQuorum()
    .then((quorum) => provenInQuorum(quorum, id))
    .catch(() => undefined);
  return proof === undefined ? asked : { state: "stopped", evidence: proof };
}
