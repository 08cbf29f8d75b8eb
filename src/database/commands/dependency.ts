/** Dependencies of resources (facts §6.2). */
import { fail } from "../../base/errors.ts";
import type { Key } from "../../tree/key.ts";
import { multiSz } from "../../tree/value.ts";
import { type Change, ChangeBuilder } from "../change.ts";
import { resourceState, resourceValue } from "../schema.ts";
import { type ClusterState, readState, type ResourceState } from "../state.ts";
import { findResource } from "./find.ts";

const unchanged = "Nothing was changed.";

/** Names or ids. */
export interface DependencyRequest {
  readonly resource: string;
  /** The provider: comes online before, goes offline after. */
  readonly dependsOn: string;
}

/**
 * 87 on itself or another group's resource, 5003 when it is there, 1059 in a circle, 5019 when the resource is coming online, or is
 * online while the provider is not.
 */
export function addDependency(tree: Key, request: DependencyRequest): Change {
  const state = readState(tree);
  const resource = findResource(state, request.resource);
  const provider = findResource(state, request.dependsOn);
  const pair = `"${resource.name}" on "${provider.name}"`;
  if (resource.id === provider.id)
    throw fail("INVALID_PARAMETER", { happened: `"${resource.name}" can't depend on itself.`, unchanged });
  if (resource.group === undefined || resource.group !== provider.group) {
    throw fail("INVALID_PARAMETER", { happened: `${pair}: they must be in one group.`, unchanged });
  }
  if (resource.dependsOn.includes(provider.id)) {
    throw fail("DEPENDENCY_ALREADY_EXISTS", { happened: `The dependency of ${pair} exists already.`, unchanged });
  }
  if (needs(state, provider, resource.id)) {
    throw fail("CIRCULAR_DEPENDENCY", {
      happened: `"${provider.name}" already depends on "${resource.name}".`,
      unchanged,
    });
  }
  const isOnline = resource.state === resourceState.online && provider.state !== resourceState.online;
  if (resource.state === resourceState.onlinePending || isOnline) {
    throw fail("RESOURCE_ONLINE", {
      happened: `"${resource.name}" is online and "${provider.name}" is not.`,
      unchanged,
      next: `Take "${resource.name}" offline or bring "${provider.name}" online first.`,
    });
  }
  const change = new ChangeBuilder(tree)
    .structure()
    .exists(provider.path)
    .unchanged(resource.path, resourceValue.dependsOn);
  change.unchanged(resource.runtimePath, "State").unchanged(provider.runtimePath, "State");
  change.set(resource.path, multiSz(resourceValue.dependsOn, [...resource.dependsOn, provider.id]));
  return change.build(`Resource "${resource.name}" depends on "${provider.name}".`);
}

/** 5002 when it does not exist. */
export function removeDependency(tree: Key, request: DependencyRequest): Change {
  const state = readState(tree);
  const resource = findResource(state, request.resource);
  const provider = findResource(state, request.dependsOn);
  if (!resource.dependsOn.includes(provider.id)) {
    throw fail("DEPENDENCY_NOT_FOUND", {
      happened: `"${resource.name}" does not depend on "${provider.name}".`,
      unchanged,
    });
  }
  const rest = resource.dependsOn.filter((id) => id !== provider.id);
  const change = new ChangeBuilder(tree)
    .structure()
    .exists(resource.path)
    .unchanged(resource.path, resourceValue.dependsOn);
  if (rest.length === 0) change.remove(resource.path, resourceValue.dependsOn);
  else change.set(resource.path, multiSz(resourceValue.dependsOn, rest));
  return change.build(`Resource "${resource.name}" no longer depends on "${provider.name}".`);
}

/** Whether `from` needs `wanted`, directly or through others. */
function needs(state: ClusterState, from: ResourceState, wanted: string): boolean {
  const seen = new Set([from.id]);
  for (const id of seen) {
    if (id === wanted) return true;
    for (const provider of state.resources.get(id)?.dependsOn ?? []) seen.add(provider);
  }
  return false;
}
