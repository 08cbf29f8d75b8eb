/** What `clubar status` and the status page show: the whole cluster as this node sees it. */
import { checkpointFailureAction } from "../database/checkpoint-state.ts";
import {
  type Attention,
  type Groups,
  groupsOf,
  groupSums,
  needing,
  ownedBy,
  type Resources,
  resourcesOf,
  resourceSums,
  resourcesWith,
} from "../database/cluster-sums.ts";
import { type ClusterState, type GroupState, readState, type ResourceState } from "../database/state.ts";
import { formatTag } from "../quorum/tag.ts";
import { meantItems } from "../tree/summed.ts";
import { chooseGroups, type GroupQuestion } from "./group-choice.ts";
import type { LastBackup, NodeService } from "./node-service.ts";
import { type NetworkView, networkViews } from "./network-view.ts";
import { firstOf, some, type Some } from "./some.ts";
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

/** The whole cluster in numbers, with the first names of each. */
export interface StatusCounts extends Readonly<Record<Attention, Some>> {
  readonly groups: number;
  readonly resources: number;
  /** Groups that were asked for; `groups` of the status may hold only a part of them. */
  readonly matching: number;
  readonly resourcesWithCheckpoints: number;
  /** Resources with checkpoints without their files, and with settings that the next online replaces. */
  readonly lost: Some;
  readonly edited: Some;
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
  readonly counts: StatusCounts;
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

/** A part of the cluster's groups; `Infinity` of them are all. */
export const wholeCluster: GroupQuestion = { limit: Number.POSITIVE_INFINITY };

/** Resources of the groups that were chosen are told, but no more than this unless all groups are. */
const resourcesMax = 2000;

/** What is left of a status without its groups and resources. */
export type StatusHead = Omit<StatusView, "groups" | "resources">;

/** What a status is made of. */
export interface StatusParts {
  readonly state: ClusterState;
  readonly head: StatusHead;
  readonly groups: readonly GroupState[];
  readonly resources: Iterable<ResourceState>;
}

/** The status out of a running service: of the groups that are asked for and their resources, and what is true of the whole cluster. */
export async function statusView(service: NodeService, question: GroupQuestion = wholeCluster): Promise<StatusView> {
  const { state, head, groups, resources } = await statusParts(service, question);
  return {
    ...head,
    groups: groups.map((group) => groupView(state, group)),
    resources: [...resources].map((resource) => resourceView(state, resource)),
  };
}

/** The same before groups and resources are told, which is what takes time in a large cluster. */
export async function statusParts(service: NodeService, question: GroupQuestion): Promise<StatusParts> {
  const { tag, leader } = service.status();
  const state = readState(service.database.tree());
  const chosen = await chooseGroups(state, question, () => service.pause());
  const [groups, resources] = [groupsOf(state), resourcesOf(state)];
  const { name, instance, generation } = service.identity();
  const isWhole = chosen.groups.length === state.groups.size;
  const { limit } = question;
  const sums = resourceSums(resources);
  const head: StatusHead = {
    tag: formatTag(tag),
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
    counts: countsOf(state, groups, resources, chosen.matching),
    nodes: [...state.nodes.values()].map((one) =>
      nodeView(one, ownedGroups(groups, one.id, isWhole ? Infinity : limit)),
    ),
    networks: networkViews(state),
    checkpoints: {
      count: sums.checkpoints,
      newest: sums.checkpoints === 0 ? null : sums.newest,
      pending: service.checkpoints.pending().map((one) => `${one.path}: ${one.why}`),
      ...troubledCheckpoints(state, resources, isWhole ? Infinity : limit),
    },
    lastBackup: service.lastBackup?.() ?? null,
  };
  const told = isWhole ? state.resources.values() : resourcesOfGroups(state, chosen.groups);
  return { state, head, groups: chosen.groups, resources: told };
}

function countsOf(state: ClusterState, groups: Groups, resources: Resources, matching: number): StatusCounts {
  const sums = groupSums(groups);
  const { withCheckpoints, withLost, withEdits } = resourceSums(resources);
  const named = (kind: Attention): Some => some(sums[kind], namesOf(meantItems(groups, needing(kind))));
  const ofThose = (what: "withLost" | "withEdits"): Iterable<string> =>
    namesOf(meantItems(resources, resourcesWith(what)));
  return {
    groups: state.groups.size,
    resources: state.resources.size,
    matching,
    broken: named("broken"),
    busy: named("busy"),
    held: named("held"),
    resourcesWithCheckpoints: withCheckpoints,
    lost: some(withLost, ofThose("withLost")),
    edited: some(withEdits, ofThose("withEdits")),
  };
}

function* namesOf(items: Iterable<{ readonly object: { readonly name: string } }>): Generator<string> {
  for (const { object } of items) yield object.name;
}

/** Names of the first groups that a node owns, and how many there are. */
export function ownedGroups(groups: Groups, node: string, limit: number = Number.POSITIVE_INFINITY): Some {
  const count = groupSums(groups).owned.get(node) ?? 0;
  return { count, names: firstOf(namesOf(meantItems(groups, ownedBy(node))), limit) };
}

function troubledCheckpoints(
  state: ClusterState,
  resources: Resources,
  limit: number,
): Pick<StatusView["checkpoints"], "lost" | "offlineEdits"> {
  const troubled = (what: "withLost" | "withEdits"): ResourceState[] =>
    firstOf(meantItems(resources, resourcesWith(what)), limit).map(({ object }) => object);
  return {
    lost: troubled("withLost").flatMap((resource) => lostViews(state, resource)),
    offlineEdits: troubled("withEdits").flatMap((resource) =>
      resource.offlineEdits.map(({ node: id, path }) => ({
        resource: resource.name,
        path,
        node: state.nodes.get(id)?.name ?? `node ${id}`,
      })),
    ),
  };
}

/** In the order of names within each group. */
function resourcesOfGroups(state: ClusterState, groups: readonly GroupState[]): readonly ResourceState[] {
  const found: ResourceState[] = [];
  for (const group of groups) {
    if (found.length >= resourcesMax) break;
    for (const id of group.resources) {
      const resource = state.resources.get(id);
      if (resource !== undefined) found.push(resource);
    }
  }
  return found.slice(0, resourcesMax);
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
