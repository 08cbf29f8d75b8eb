/** Possible owners of resources: the nodes that can run it; without a list, all. */
import { fail } from "../../base/errors.ts";
import type { Key } from "../../tree/key.ts";
import { multiSz } from "../../tree/value.ts";
import { type Change, ChangeBuilder } from "../change.ts";
import { resourceState, resourceValue } from "../schema.ts";
import { readState } from "../state.ts";
import { findNode, findResource } from "./find.ts";

const unchanged = "Nothing was changed.";

/** Names or ids. */
export interface OwnerRequest {
  readonly resource: string;
  readonly node: string;
}

/** 5010 when it is one already. */
export function addPossibleOwner(tree: Key, request: OwnerRequest): Change {
  const state = readState(tree);
  const resource = findResource(state, request.resource);
  const node = findNode(state, request.node);
  if (resource.possibleOwners === undefined || resource.possibleOwners.includes(node.id)) {
    throw fail("OBJECT_ALREADY_EXISTS", {
      happened: `Node ${node.name} is a possible owner of "${resource.name}" already.`,
      unchanged,
    });
  }
  const change = new ChangeBuilder(tree)
    .exists(resource.path)
    .exists(node.path)
    .unchanged(resource.path, resourceValue.possibleOwners);
  change.set(resource.path, multiSz(resourceValue.possibleOwners, [...resource.possibleOwners, node.id]));
  return change.build(`Node ${node.name} is a possible owner of resource "${resource.name}".`);
}

/** 5042 when it is none; 5023 while the resource may run there; 87 for the last one. */
export function removePossibleOwner(tree: Key, request: OwnerRequest): Change {
  const state = readState(tree);
  const resource = findResource(state, request.resource);
  const node = findNode(state, request.node);
  const owners = resource.possibleOwners ?? [...state.nodes.keys()];
  if (!owners.includes(node.id)) {
    throw fail("CLUSTER_NODE_NOT_FOUND", {
      happened: `Node ${node.name} is no possible owner of "${resource.name}".`,
      unchanged,
    });
  }
  const group = resource.group === undefined ? undefined : state.groups.get(resource.group);
  const isStopped = resource.state === resourceState.offline || resource.state === resourceState.failed;
  if (group?.owner === node.id && !isStopped) {
    throw fail("INVALID_STATE", {
      happened: `Resource "${resource.name}" is on node ${node.name} now.`,
      unchanged,
      next: `Move group "${group.name}" first.`,
    });
  }
  const rest = owners.filter((id) => id !== node.id);
  if (rest.length === 0) {
    throw fail("INVALID_PARAMETER", {
      happened: `Node ${node.name} is the last possible owner of "${resource.name}".`,
      unchanged,
    });
  }
  const change = new ChangeBuilder(tree).exists(resource.path).unchanged(resource.path, resourceValue.possibleOwners);
  change.unchanged(resource.runtimePath, "State");
  if (group !== undefined) change.unchanged(group.runtimePath, "Owner");
  change.set(resource.path, multiSz(resourceValue.possibleOwners, rest));
  return change.build(`Node ${node.name} is no longer a possible owner of resource "${resource.name}".`);
}
