/** The objects of the cluster as the API answers them: names instead of ids, words instead of numbers. */
import { commonProperties, type ObjectKind } from "../database/property-tables.ts";
import { groupStateName, nodeState, resourceStateName } from "../database/schema.ts";
import type { ClusterState, GroupState, NodeState, ResourceState, ResourceTypeState } from "../database/state.ts";
import { findKey, valueOf, valuesOf } from "../tree/key.ts";
import type { Some } from "./some.ts";
import { type PlainValue, plainValue } from "./value-view.ts";

/** A node of the cluster. */
export interface NodeView {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** up, down, paused, joining, unknown. */
  readonly state: string;
  /** notInitiated, inProgress, completed, failed. */
  readonly drain: string;
  /** Why it counts as down: proof, waited, gone, confirmed, left; null when it is up or nothing is known. */
  readonly downBecause: string | null;
  readonly incarnation: string | null;
  /** Names of the groups that it owns; of many only the first where a part of the cluster is asked for. */
  readonly groups: readonly string[];
  readonly groupCount: number;
}

/** A group. */
export interface GroupView {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** online, offline, failed, partialOnline, pending, unknown. */
  readonly state: string;
  /** Name of the node; null when no node owns it. */
  readonly owner: string | null;
  /** Whether it is to be online. */
  readonly wanted: boolean;
  /** Why it stays offline after a restore until somebody releases it; null when it is not held. */
  readonly held: string | null;
  /** Name of the node whose live settings are the newest while it is held; null when none is known. */
  readonly heldOn: string | null;
  /** Where it moves to: a node's name, "*" for any; null when it does not move. */
  readonly movingTo: string | null;
  /** Why it is left failed. */
  readonly failed: string | null;
  readonly preferredOwners: readonly string[];
  /** Names. */
  readonly resources: readonly string[];
}

/** A resource. */
export interface ResourceView {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly type: string;
  readonly group: string | null;
  /** online, offline, failed, onlinePending, offlinePending … */
  readonly state: string;
  readonly node: string | null;
  /** Why it is in that state; "" when there is nothing to say. */
  readonly reason: string;
  readonly restarts: number;
  readonly dependsOn: readonly string[];
  /** null: every node. */
  readonly possibleOwners: readonly string[] | null;
  readonly hasCheckpoints: boolean;
}

/** A resource type. */
export interface ResourceTypeView {
  readonly name: string;
  readonly description: string;
  readonly diesWithHost: boolean;
  /** Path of its module on every node; null for a type of clubar's own. */
  readonly module: string | null;
}

/** Properties or parameters by name. */
export type PropertiesView = Readonly<Record<string, PlainValue>>;

const nodeStateNames = new Map<number, string>(Object.entries(nodeState).map(([name, number]) => [number, name]));
const drainNames = ["notInitiated", "inProgress", "completed", "failed"];

/** A node for people, with the groups that it owns. */
export function nodeView(node: NodeState, { count, names }: Some): NodeView {
  return {
    id: node.id,
    name: node.name,
    description: node.description,
    state:
      node.paused && node.state === nodeState.up ? "paused" : (nodeStateNames.get(node.state) ?? String(node.state)),
    drain: drainNames[node.drainStatus] ?? String(node.drainStatus),
    downBecause: node.downBecause ?? (node.confirmedDown ? "confirmed" : null),
    incarnation: node.incarnation ?? null,
    groups: names,
    groupCount: count,
  };
}

/** A group for people. */
export function groupView(state: ClusterState, group: GroupState): GroupView {
  const { moveTo } = group;
  return {
    id: group.id,
    name: group.name,
    description: group.description,
    state: groupStateName(group.state),
    owner: nodeName(state, group.owner),
    wanted: group.wanted,
    held: group.held ?? null,
    heldOn: nodeName(state, group.heldOn),
    movingTo: moveTo === undefined ? null : (state.nodes.get(moveTo)?.name ?? moveTo),
    failed: group.failed ?? null,
    preferredOwners: group.preferredOwners.map((id) => state.nodes.get(id)?.name ?? id),
    resources: group.resources.map((id) => state.resources.get(id)?.name ?? id),
  };
}

/** A resource for people. */
export function resourceView(state: ClusterState, resource: ResourceState): ResourceView {
  const group = resource.group === undefined ? undefined : state.groups.get(resource.group);
  return {
    id: resource.id,
    name: resource.name,
    description: resource.description,
    type: resource.type,
    group: group?.name ?? null,
    state: resourceStateName(resource.state),
    node: nodeName(state, resource.node),
    reason: resource.reason,
    restarts: resource.restarts,
    dependsOn: resource.dependsOn.map((id) => state.resources.get(id)?.name ?? id),
    possibleOwners: resource.possibleOwners?.map((id) => state.nodes.get(id)?.name ?? id) ?? null,
    hasCheckpoints: resource.hasCheckpoints,
  };
}

/** A resource type for people. */
export function resourceTypeView(type: ResourceTypeState): ResourceTypeView {
  const { name, description, diesWithHost, module } = type;
  return { name, description, diesWithHost, module: module === "" ? null : module };
}

function nodeName(state: ClusterState, id: string | undefined): string | null {
  return id === undefined ? null : (state.nodes.get(id)?.name ?? `node ${id}`);
}

/** The documented properties of an object that can be set, with defaults where nothing is stored. `path` is relative to HKLM\Cluster. */
export function propertiesView(state: ClusterState, path: string, kind: ObjectKind): PropertiesView {
  const key = findKey(state.tree, path);
  const entries = commonProperties[kind]
    .filter((spec) => !spec.readOnly)
    .flatMap((spec): [string, PlainValue][] => {
      const value = key === undefined ? undefined : valueOf(key, spec.name);
      if (value !== undefined) return [[spec.name, plainValue(value)]];
      if (spec.default === undefined) return [];
      return [[spec.name, typeof spec.default === "bigint" ? String(spec.default) : spec.default]];
    });
  return Object.fromEntries(entries);
}

/** All values of a key as they are stored: the private properties of a resource. */
export function parametersView(state: ClusterState, path: string): PropertiesView {
  const key = findKey(state.tree, path);
  if (key === undefined) return {};
  return Object.fromEntries([...valuesOf(key)].map((value) => [value.name, plainValue(value)]));
}
