/** Finding what a request names: by id (with or without braces) or by name, as WSFC's tools allow. */
import { type ErrorName, fail } from "../../base/errors.ts";
import { foldName } from "../../tree/path.ts";
import { NamedMap } from "../named-map.ts";
import { foldId } from "../schema.ts";
import type { ClusterState, GroupState, NodeState, ResourceState, ResourceTypeState } from "../state.ts";
import { closestFirst } from "./spelling.ts";

const nothing = "Nothing was changed.";

/** Throws 5013 GROUP_NOT_FOUND. */
export function findGroup(state: ClusterState, wanted: string): GroupState {
  return find(state.groups, wanted) ?? missing("GROUP_NOT_FOUND", "group", wanted);
}

/** Throws 5007 RESOURCE_NOT_FOUND. */
export function findResource(state: ClusterState, wanted: string): ResourceState {
  return find(state.resources, wanted) ?? missing("RESOURCE_NOT_FOUND", "resource", wanted);
}

/** By id or name. Throws 5042 CLUSTER_NODE_NOT_FOUND. */
export function findNode(state: ClusterState, wanted: string): NodeState {
  return find(state.nodes, wanted) ?? missing("CLUSTER_NODE_NOT_FOUND", "node", wanted);
}

/** The one of that name, whatever its case. */
export function byName<T extends { readonly name: string }>(all: ReadonlyMap<string, T>, name: string): T | undefined {
  const folded = foldName(name);
  if (all instanceof NamedMap) return all.named(folded) as T | undefined;
  for (const one of all.values()) if (foldName(one.name) === folded) return one;
  return undefined;
}

/** Throws 5078 CLUSTER_RESOURCE_TYPE_NOT_FOUND. */
export function findResourceType(state: ClusterState, wanted: string): ResourceTypeState {
  const found = state.resourceTypes.get(wanted.toLowerCase());
  if (found !== undefined) return found;
  const known = [...state.resourceTypes.values()].map(({ name }) => name);
  throw fail("CLUSTER_RESOURCE_TYPE_NOT_FOUND", {
    happened: `There is no resource type "${wanted}". There are: ${closestFirst(wanted, known).join(", ")}.`,
    unchanged: nothing,
    next: "`clubar resource types` says more of each.",
  });
}

function find<T extends { readonly name: string }>(all: ReadonlyMap<string, T>, wanted: string): T | undefined {
  return byName(all, wanted) ?? all.get(foldId(wanted));
}

function missing(error: ErrorName, kind: string, wanted: string): never {
  throw fail(error, {
    happened: `There is no ${kind} "${wanted}".`,
    unchanged: nothing,
    next: `"clubar ${kind} list" shows what there is.`,
  });
}

/**
 * A name for a new or renamed object: not empty, at most 260 UTF-16 units, no control characters (87), unlike the name of every
 * other one of its kind (5010; names are compared without case, facts §6.2).
 */
export function checkName<T extends { readonly id: string; readonly name: string }>(
  all: ReadonlyMap<string, T>,
  kind: string,
  name: string,
  self?: string,
): void {
  if (name.trim() !== name || name.length === 0 || name.length > 260 || hasControl(name)) {
    throw fail("INVALID_PARAMETER", {
      happened: `"${name}" can't be the name of a ${kind}: 1 to 260 characters, no control characters, no space at the ends.`,
      unchanged: nothing,
    });
  }
  const other = byName(all, name);
  if (other !== undefined && other.id !== self) {
    throw fail("OBJECT_ALREADY_EXISTS", {
      happened: `There is a ${kind} "${other.name}" already.`,
      unchanged: nothing,
      next: "Choose another name; case makes no difference.",
    });
  }
}

function hasControl(name: string): boolean {
  for (let i = 0; i < name.length; i += 1) if (name.charCodeAt(i) < 0x20) return true;
  return false;
}

/** The guid that a request brings for a new object must be one and unused (87, 5010). */
export function checkNewId(all: ReadonlyMap<string, unknown>, id: string): void {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) {
    throw fail("INVALID_PARAMETER", {
      happened: `"${id}" is not a GUID in lower case without braces.`,
      unchanged: nothing,
    });
  }
  if (all.has(id)) throw fail("OBJECT_ALREADY_EXISTS", { happened: `The id ${id} is taken.`, unchanged: nothing });
}
