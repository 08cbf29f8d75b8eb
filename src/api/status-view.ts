/** What `clubar status` and the status page show: the whole cluster as this node sees it. */
import { checkpointFailureAction } from "../database/checkpoint-state.ts";
import { type ClusterState, readState, type ResourceState } from "../database/state.ts";
import { formatTag } from "../quorum/tag.ts";
import type { LastBackup, NodeService } from "./node-service.ts";
import { type NetworkView, networkViews } from "./network-view.ts";
import { type GroupView, groupView, type NodeView, nodeView, type ResourceView, resourceView } from "./views.ts";

/** A checkpoint without its file. */
export interface LostView {
  /** Name of its resource. */
  readonly resource: string;
  readonly path: string;
  /** `0000000a.CPT` */
  readonly file: string;
  /** lost, damaged, stale, withdrawn. */
  readonly how: string;
  /** Name of the only node on which the resource comes online until it is re-created; null when that is not limited or not known. */
  readonly onlyOn: string | null;
}

/** Answered by GET /api/v1/status. */
export interface StatusView {
  /** Of this node's copy. */
  readonly tag: string;
  readonly cluster: {
    readonly name: string;
    readonly instance: string;
    readonly generation: number;
    readonly quorum: string;
  };
  /** The node that answers. */
  readonly self: {
    readonly id: string;
    readonly name: string;
    /** starting, member, leader, alone, restoring, stopping. */
    readonly state: string;
    readonly because: string;
    readonly incarnation: string;
    /** Milliseconds that its permit to run applications still lasts; 0 without one. */
    readonly permitMs: number;
    /** How long a fresh permit lasts, in milliseconds. */
    readonly permitLength: number;
    readonly containment: string;
    readonly containmentSentence: string;
    /** What the leader can't do now and why. */
    readonly waits: readonly string[];
  };
  /** As far as this node knows; null without one. */
  readonly leader: { readonly node: string; readonly epoch: number } | null;
  readonly nodes: readonly NodeView[];
  /** None when the nodes meet on sockets of one machine. */
  readonly networks: readonly NetworkView[];
  readonly groups: readonly GroupView[];
  readonly resources: readonly ResourceView[];
  readonly checkpoints: {
    readonly count: number;
    /** Wall time in milliseconds of the newest version; null without one. */
    readonly newest: number | null;
    /** Changes that are not captured yet, as sentences. */
    readonly pending: readonly string[];
    /** Current files that are lost, damaged, stale or withdrawn, as the leader's audit found them last. */
    readonly lost: readonly LostView[];
    /** Settings on nodes where their resource is not online, which the next online there replaces. */
    readonly offlineEdits: readonly { readonly resource: string; readonly path: string; readonly node: string }[];
  };
  /** null: this node knows of none. */
  readonly lastBackup: LastBackup | null;
}

/** `directory /srv/quorum`, `etcd:https://…`. */
function quorumText({ kind, place }: NodeService["quorum"]): string {
  return place.startsWith(`${kind}:`) ? place : `${kind} ${place}`;
}

/** The status out of a running service. */
export function statusView(service: NodeService): StatusView {
  const state = readState(service.database.tree());
  const { name, instance, generation } = service.identity();
  const node = service.status();
  const checkpoints = [...state.resources.keys()].flatMap((id) => service.checkpoints.list(id));
  const leader = node.leader;
  return {
    tag: formatTag(node.tag),
    cluster: {
      name: state.cluster.name === "" ? name : state.cluster.name,
      instance,
      generation,
      quorum: quorumText(service.quorum),
    },
    self: selfView(service),
    leader:
      leader === undefined
        ? null
        : { node: state.nodes.get(leader.node)?.name ?? `node ${leader.node}`, epoch: leader.epoch },
    nodes: [...state.nodes.values()].map((one) => nodeView(state, one)),
    networks: networkViews(state),
    groups: [...state.groups.values()].map((group) => groupView(state, group)),
    resources: [...state.resources.values()].map((resource) => resourceView(state, resource)),
    checkpoints: {
      count: checkpoints.length,
      newest: checkpoints.length === 0 ? null : Math.max(...checkpoints.map((one) => one.time)),
      pending: service.checkpoints.pending().map((one) => `${one.path}: ${one.why}`),
      lost: [...state.resources.values()].flatMap((resource) => lostViews(state, resource)),
      offlineEdits: [...state.resources.values()].flatMap((resource) =>
        resource.offlineEdits.map(({ node: id, path }) => ({
          resource: resource.name,
          path,
          node: state.nodes.get(id)?.name ?? `node ${id}`,
        })),
      ),
    },
    lastBackup: service.lastBackup?.() ?? null,
  };
}

/** The part about the node that answers. It costs little, however large the cluster is. */
export function selfView(service: NodeService): StatusView["self"] {
  const node = service.status();
  return {
    ...service.node,
    state: node.state,
    because: node.because,
    incarnation: node.incarnation,
    permitMs: Math.max(0, Math.round(node.permitEndsAt - node.nowBoot)),
    permitLength: node.timing.permit,
    containment: node.containment,
    containmentSentence: node.containmentSentence,
    waits: node.waits,
  };
}

function lostViews(state: ClusterState, resource: ResourceState): LostView[] {
  const { lastOwner, checkpointFailureAction: action, name } = resource;
  const isLimited = lastOwner !== undefined && action === checkpointFailureAction.lastOwnerOnly;
  const onlyOn = isLimited ? (state.nodes.get(lastOwner)?.name ?? `node ${lastOwner}`) : null;
  return resource.lostCheckpoints.map(({ path, file, how }) => ({ resource: name, path, file, how, onlyOn }));
}
