/** What people ask of groups. Each function reads the tree, refuses what can't be, and answers the update that does it. */
import { fail } from "../../base/errors.ts";
import { findValue, type Key } from "../../tree/key.ts";
import { dword, multiSz, sz, textOf } from "../../tree/value.ts";
import { type Change, ChangeBuilder } from "../change.ts";
import { writeMove } from "../moving.ts";
import { findMissing } from "../checkpoint-state.ts";
import { freshGroupRuntime } from "../initial-database.ts";
import { commonProperties } from "../property-tables.ts";
import {
  anyNode,
  groupValue,
  nodeState,
  persistentState,
  resourceState,
  resourceValue,
  rootValue,
  runtimeGroupPath,
  runtimeGroupValue,
} from "../schema.ts";
import { type ClusterState, type GroupState, readState } from "../state.ts";
import { checkName, checkNewId, findGroup, findNode } from "./find.ts";
import { type PropertyInputs, setProperties } from "./properties.ts";

const unchanged = "Nothing was changed.";

/** A new, empty group that is to be online. `id`: a GUID made by whoever asks. 5010, 87. */
export function createGroup(
  tree: Key,
  request: { readonly id: string; readonly name: string; readonly description?: string },
): Change {
  const state = readState(tree);
  checkName(state.groups, "group", request.name);
  checkNewId(state.groups, request.id);
  const path = `Groups\\${request.id}`;
  const change = new ChangeBuilder(tree).structure().absent(path);
  change.set(
    path,
    sz(groupValue.name, request.name),
    dword("PersistentState", persistentState.online),
    multiSz(groupValue.contains, []),
  );
  if (request.description !== undefined) change.set(path, sz("Description", request.description));
  change.set(runtimeGroupPath(request.id), ...freshGroupRuntime());
  return change.build(`Group "${request.name}" is created.`);
}

/** 5013, 5010, 87. */
export function renameGroup(tree: Key, request: { readonly group: string; readonly name: string }): Change {
  const state = readState(tree);
  const group = findGroup(state, request.group);
  checkName(state.groups, "group", request.name, group.id);
  const change = new ChangeBuilder(tree).structure().exists(group.path).unchanged(group.path, groupValue.name);
  return change
    .set(group.path, sz(groupValue.name, request.name))
    .build(`Group "${group.name}" is renamed to "${request.name}".`);
}

/** Only an empty group: 5001 DEPENDENT_RESOURCE_EXISTS otherwise; 5012 for the two groups that every cluster has. */
export function deleteGroup(tree: Key, request: { readonly group: string }): Change {
  const state = readState(tree);
  const group = findGroup(state, request.group);
  if (group.resources.length > 0) {
    throw fail("DEPENDENT_RESOURCE_EXISTS", {
      happened: `Group "${group.name}" is not empty: it has ${namesOf(state, group)}.`,
      unchanged,
      next: "Delete them first.",
    });
  }
  const isCore = textOf(findValue(tree, "", rootValue.availableStorage)) === group.id || group.name === "Cluster Group";
  if (isCore)
    throw fail("GROUP_NOT_AVAILABLE", { happened: `Group "${group.name}" belongs to the cluster itself.`, unchanged });
  const change = new ChangeBuilder(tree).structure().unchanged(group.path, groupValue.contains);
  return change.deleteKey(group.path).deleteKey(group.runtimePath).build(`Group "${group.name}" is deleted.`);
}

function namesOf(state: ClusterState, group: GroupState): string {
  return group.resources.map((id) => `"${state.resources.get(id)?.name ?? id}"`).join(", ");
}

/**
 * To be online, with all its resources: those that were to stay offline follow the group again, failed ones are tried anew. When something
 * had failed, or the group was offline, earlier failovers count no longer.
 */
export function onlineGroup(tree: Key, request: { readonly group: string }): Change {
  const state = readState(tree);
  const group = findGroup(state, request.group);
  refuseHeld(group);
  const change = new ChangeBuilder(tree)
    .exists(group.path)
    .unchanged(group.path, "PersistentState", groupValue.contains, groupValue.held);
  change.set(group.path, dword("PersistentState", persistentState.online));
  change.unchanged(group.runtimePath, "Failed").remove(group.runtimePath, "Failed", "FailoverRequested");
  forgetFailovers(change, state, group);
  for (const id of group.resources) {
    const resource = state.resources.get(id);
    if (resource === undefined) continue;
    change.unchanged(resource.path, "PersistentState");
    const isOffline = resource.persistentState === persistentState.offline;
    // A disk that was replaced has no mount point: only who names it brings it online.
    if (isOffline && findValue(tree, resource.path, resourceValue.replacedBy) !== undefined) continue;
    if (isOffline) change.set(resource.path, dword("PersistentState", persistentState.followGroup));
    if (resource.state === resourceState.failed) change.set(resource.runtimePath, sz("Request", "online"));
  }
  return change.build(`Group "${group.name}" is to be online.`);
}

/** A person who brings up what was down has mended it: the policy begins anew. */
export function forgetFailovers(change: ChangeBuilder, state: ClusterState, group: GroupState): void {
  const hasFailed = group.resources.some((id) => state.resources.get(id)?.state === resourceState.failed);
  if (!group.wanted || group.failed !== undefined || hasFailed)
    change.remove(group.runtimePath, runtimeGroupValue.failovers);
}

/** 5023 INVALID_STATE: a group that a restore left offline comes online through `releaseGroups` only. */
export function refuseHeld(group: Pick<GroupState, "name" | "held">): void {
  if (group.held === undefined) return;
  throw fail("INVALID_STATE", {
    happened: `Group "${group.name}" is held offline: ${group.held}`,
    unchanged,
    next: `When its settings are as they should be: clubar group release "${group.name}"`,
  });
}

/** Groups that a restore left offline are as before it again: what is to be online comes online. 5013; 5023 when none is held. */
export function releaseGroups(tree: Key, request: { readonly group?: string }): Change {
  const state = readState(tree);
  const asked = request.group === undefined ? [...state.groups.values()] : [findGroup(state, request.group)];
  const groups = asked.filter(({ held }) => held !== undefined);
  if (groups.length === 0) {
    const happened =
      request.group === undefined ? "No group is held." : `Group "${asked[0]?.name ?? request.group}" is not held.`;
    throw fail("INVALID_STATE", { happened, unchanged });
  }
  const change = new ChangeBuilder(tree);
  for (const { path } of groups)
    change.exists(path).unchanged(path, groupValue.held).remove(path, groupValue.held, groupValue.heldOn);
  const names = groups.map(({ name }) => `"${name}"`).join(", ");
  return change.build(`Released: ${names}. What is to be online comes online.`);
}

/** To be offline, on every node and after every restart, until somebody brings it online. */
export function offlineGroup(tree: Key, request: { readonly group: string }): Change {
  const group = findGroup(readState(tree), request.group);
  const change = new ChangeBuilder(tree).exists(group.path).unchanged(group.path, "PersistentState");
  change
    .set(group.path, dword("PersistentState", persistentState.offline))
    .remove(group.runtimePath, "Failed", "FailoverRequested");
  return change.build(`Group "${group.name}" is to be offline.`);
}

/**
 * To another node: the one named or the best. 5908 while it moves already; 5050 when the node is not up, 5070 when paused, 5071 when it
 * can't own a resource of the group; 5005 without a name when no other node could take it. A group already there is left alone (5010).
 */
export function moveGroup(tree: Key, request: { readonly group: string; readonly node?: string }): Change {
  const state = readState(tree);
  const group = findGroup(state, request.group);
  if (group.moveTo !== undefined) {
    throw fail("CLUSTER_GROUP_MOVING", {
      happened: `Group "${group.name}" is moving already.`,
      unchanged,
      next: "Wait, or cancel that move.",
    });
  }
  const target = request.node === undefined ? undefined : findNode(state, request.node);
  if (target !== undefined) {
    if (target.id === group.owner) {
      throw fail("OBJECT_ALREADY_EXISTS", {
        happened: `Group "${group.name}" is on node ${target.name} already.`,
        unchanged,
      });
    }
    const obstacle = whyNotOn(state, group, target.id);
    if (obstacle !== undefined) throw fail(obstacle.error, { happened: obstacle.happened, unchanged });
  } else if (![...state.nodes.keys()].some((id) => id !== group.owner && whyNotOn(state, group, id) === undefined)) {
    throw fail("HOST_NODE_NOT_AVAILABLE", { happened: `No other node could take group "${group.name}".`, unchanged });
  }
  const change = new ChangeBuilder(tree)
    .exists(group.path)
    .unchanged(group.runtimePath, "Owner", "OwnershipGeneration", "MoveTo");
  if (target !== undefined) change.exists(target.path).unchanged(target.runtimePath, "State", "Paused");
  writeMove(change, group, target?.id ?? anyNode, "move");
  change.remove(group.runtimePath, "DisplacedFrom", "Failed", "FailoverRequested");
  return change.build(
    `Group "${group.name}" is to move to ${target === undefined ? "another node" : `node ${target.name}`}.`,
  );
}

interface Obstacle {
  readonly error: "CLUSTER_NODE_DOWN" | "CLUSTER_NODE_PAUSED" | "NODE_CANT_HOST_RESOURCE" | "REFUSED_FOR_SAFETY";
  readonly happened: string;
}

function whyNotOn(state: ClusterState, group: GroupState, id: string): Obstacle | undefined {
  const node = state.nodes.get(id);
  if (node === undefined || (node.state !== nodeState.up && node.state !== nodeState.paused)) {
    return { error: "CLUSTER_NODE_DOWN", happened: `Node ${node?.name ?? id} is not up.` };
  }
  if (node.paused) return { error: "CLUSTER_NODE_PAUSED", happened: `Node ${node.name} is paused.` };
  for (const resourceId of group.resources) {
    const resource = state.resources.get(resourceId);
    if (resource?.possibleOwners !== undefined && !resource.possibleOwners.includes(id)) {
      return {
        error: "NODE_CANT_HOST_RESOURCE",
        happened: `Node ${node.name} is not a possible owner of resource "${resource.name}".`,
      };
    }
  }
  const missing = findMissing(state, group, id);
  return missing === undefined
    ? undefined
    : { error: "REFUSED_FOR_SAFETY", happened: `Node ${node.name} ${missing.why}.` };
}

/** Calls a move off that has not left its node yet. 5023 INVALID_STATE when there is none. */
export function cancelMove(tree: Key, request: { readonly group: string }): Change {
  const group = findGroup(readState(tree), request.group);
  if (group.moveTo === undefined) {
    throw fail("INVALID_STATE", { happened: `Group "${group.name}" is not moving.`, unchanged });
  }
  const change = new ChangeBuilder(tree).unchanged(group.runtimePath, "MoveTo", "OwnershipGeneration");
  return change
    .remove(group.runtimePath, "MoveTo", "MoveReason")
    .build(`The move of group "${group.name}" is called off.`);
}

/** Common properties; 87 and others of `setProperties`. */
export function setGroupProperties(
  tree: Key,
  request: { readonly group: string; readonly properties: PropertyInputs },
): Change {
  const group = findGroup(readState(tree), request.group);
  const change = new ChangeBuilder(tree).exists(group.path);
  setProperties(change, group.path, commonProperties.group, request.properties, true);
  return change.build(`Properties of group "${group.name}" are set: ${Object.keys(request.properties).join(", ")}.`);
}

/** Nodes in the order of preference; an empty list takes the preference away. 5042; 87 when one is named twice. */
export function setPreferredOwners(
  tree: Key,
  request: { readonly group: string; readonly nodes: readonly string[] },
): Change {
  const state = readState(tree);
  const group = findGroup(state, request.group);
  const nodes = request.nodes.map((wanted) => findNode(state, wanted));
  if (new Set(nodes).size !== nodes.length)
    throw fail("INVALID_PARAMETER", { happened: "A node is named twice.", unchanged });
  const change = new ChangeBuilder(tree).exists(group.path).unchanged(group.path, groupValue.preferredOwners);
  for (const node of nodes) change.exists(node.path);
  if (nodes.length === 0) change.remove(group.path, groupValue.preferredOwners);
  else
    change.set(
      group.path,
      multiSz(
        groupValue.preferredOwners,
        nodes.map((node) => node.id),
      ),
    );
  const order = nodes.length === 0 ? "nobody" : nodes.map((node) => node.name).join(", ");
  return change.build(`Preferred owners of group "${group.name}": ${order}.`);
}
