/** What other nodes and hosts may ask of this node's service. */
import type { CheckpointCall } from "../api/node-service.ts";
import { fail } from "../base/errors.ts";
import type { FetchRequest, JoinRequest, SubmitRequest } from "../membership/wire.ts";
import type { Handlers } from "../rpc/call.ts";
import type { Membership } from "../membership/membership.ts";
import { followQuorum } from "./force-quorum-run.ts";
import { ownDisks } from "./disk-look.ts";
import { checkMark } from "./move-run.ts";
import { enrolNewcomer } from "./enrolment.ts";
import type { ParametersAsked } from "../monitor/type-look.ts";
import { nodeStatus } from "./node-status.ts";
import { mustBe, type NodeTrust } from "./node-trust.ts";
import { answerClusterKeys, clusterKeysCall } from "./cluster-key-calls.ts";
import { fenceRpc } from "./fence-calls.ts";
import { captureAll } from "./owner-calls.ts";
import { ownTypes, typeCall } from "./type-look.ts";
import type { ServiceNode } from "./service-node.ts";

/** The handlers of the node's `rpc.sock`, and of its port: there a node speaks for itself only. */
export function nodeHandlers(service: ServiceNode, trust?: NodeTrust): Handlers {
  const life = (): Membership => {
    const membership = service.database.life();
    if (membership !== undefined) return membership;
    throw fail("CLUSTER_NODE_NOT_READY", {
      happened: `Node ${service.node.name} is between two lives.`,
      next: "Try again in a moment.",
    });
  };
  return {
    join: async (body, { proof }) => {
      mustBe(proof, (body as JoinRequest).node);
      return life().join(body as JoinRequest);
    },
    fetch: async (body, from) => {
      mustBe(from.proof, (body as FetchRequest).node);
      return life().fetch(body as FetchRequest, (handler) => from.onClose(handler));
    },
    submit: (body) => life().submitFor(body as SubmitRequest),
    proof: () => {
      service.database.life()?.proofAnnounced();
      return Promise.resolve(null);
    },
    status: () => {
      return Promise.resolve(nodeStatus(service));
    },
    enrol: (body, { proof }) => enrolNewcomer(service, trust, body, proof),
    "at-owner": (body) => service.atOwner(body as CheckpointCall),
    [clusterKeysCall]: (body) => answerClusterKeys(service, body),
    [typeCall.describe]: (body) => ownTypes(service).describe(body as string),
    [typeCall.check]: (body) => ownTypes(service).check(body as ParametersAsked),
    [fenceRpc.secrets]: (body) => service.fencing.answerSecrets(body),
    [fenceRpc.test]: (body) => service.fencing.testHere((body as { node: string }).node),
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
    // The process ends after the answer: the restoring node may go on only when everything here is proven stopped.
    "stop-for-restore": async () => {
      await service.stop(false);
      return null;
    },
  };
}
