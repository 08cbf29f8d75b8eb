/** What other nodes and hosts may ask of this node's service. */
import type { CheckpointCall } from "../api/node-service.ts";
import { addNode, nextNodeId } from "../database/commands/node.ts";
import { readState } from "../database/state.ts";
import { fail } from "../base/errors.ts";
import type { FetchRequest, JoinRequest, SubmitRequest } from "../membership/wire.ts";
import type { Handlers } from "../rpc/call.ts";
import type { Membership } from "../membership/membership.ts";
import { followQuorum } from "./force-quorum-run.ts";
import { ownDisks } from "./disk-look.ts";
import { checkMark, standAside } from "./move-run.ts";
import { answerClusterKeys, clusterKeysCall } from "./cluster-key-calls.ts";
import { captureAll } from "./owner-calls.ts";
import type { ServiceNode } from "./service-node.ts";

/** What a node says of itself to other nodes. */
export interface NodeStatusAnswer {
  readonly node: string;
  readonly incarnation: string;
  readonly generation: number;
  readonly state: string;
}

/** The handlers of the node's `rpc.sock`. */
export function nodeHandlers(service: ServiceNode): Handlers {
  const life = (): Membership => {
    const membership = service.database.life();
    if (membership !== undefined) return membership;
    throw fail("CLUSTER_NODE_NOT_READY", {
      happened: `Node ${service.node.name} is between two lives.`,
      next: "Try again in a moment.",
    });
  };
  return {
    join: (body) => life().join(body as JoinRequest),
    fetch: (body) => life().fetch(body as FetchRequest),
    submit: (body) => life().submitFor(body as SubmitRequest),
    proof: () => {
      service.database.life()?.proofAnnounced();
      return Promise.resolve(null);
    },
    status: () => {
      const { incarnation, state, tag } = service.status();
      const answer: NodeStatusAnswer = { node: service.node.id, incarnation, generation: tag.generation, state };
      return Promise.resolve(answer);
    },
    "add-node": (body) => addNodeNamed(service, (body as { name: string }).name),
    "at-owner": (body) => service.atOwner(body as CheckpointCall),
    [clusterKeysCall]: (body) => answerClusterKeys(service, body),
    "capture-all": () => captureAll(service),
    backup: (body) => service.backup((body as { path: string }).path),
    stop: async (body) => {
      await service.stop((body as { drain: boolean }).drain);
      return null;
    },
    "use-quorum": async (body) => {
      await followQuorum(service, (body as { quorum: string }).quorum);
      return null;
    },
    disks: () => ownDisks(service),
    "check-mark": async (body) => {
      await checkMark(service, body);
      return null;
    },
    "stand-aside": async () => {
      await standAside(service);
      return null;
    },
    // The process ends after the answer: the restoring node may go on only when everything here is proven stopped.
    "stop-for-restore": async () => {
      await service.stop(false);
      return null;
    },
  };
}

/** Adds a node to the database; its id. */
async function addNodeNamed(service: ServiceNode, name: string): Promise<string> {
  let id = "";
  await service.change((tree) => {
    id = nextNodeId(readState(tree));
    return addNode(tree, { name });
  });
  return id;
}
