/** What people ask of resources: creating, deleting, properties, online and offline. Dependencies and owners: files beside. */
import { fail } from "../../base/errors.ts";
import { childOf, childrenOf, findKey, type Key, valueOf, valuesOf } from "../../tree/key.ts";
import { dword, multiSz, sz, textOf } from "../../tree/value.ts";
import { type Change, ChangeBuilder } from "../change.ts";
import { commonProperties } from "../property-tables.ts";
import { builtInResourceTypes } from "../resource-type-tables.ts";
import {
  deletedResourcesPath,
  groupValue,
  persistentState,
  resourceKey,
  resourceState,
  resourceStateName,
  resourceValue,
  runtimeGroupValue,
  runtimeResourcePath,
} from "../schema.ts";
import { type ClusterState, type GroupState, readState, type ResourceState } from "../state.ts";
import { checkName, checkNewId, findGroup, findResource, findResourceType } from "./find.ts";
import { forgetFailovers, refuseHeld } from "./group.ts";
import { refuseClientAddress } from "./network-role.ts";
import { numberAfter, type PropertyInputs, setProperties } from "./properties.ts";

const unchanged = "Nothing was changed.";

/** A new resource. */
export interface CreateResource {
  /** A GUID made by whoever asks. */
  readonly id: string;
  readonly name: string;
  readonly group: string;
  readonly type: string;
  /** Private properties. */
  readonly parameters?: PropertyInputs;
}

/** A new resource, to stay offline until it is brought online. 5013, 5078, 5010, 87. */
export function createResource(tree: Key, request: CreateResource): Change {
  const state = readState(tree);
  const group = findGroup(state, request.group);
  const type = findResourceType(state, request.type);
  checkName(state.resources, "resource", request.name);
  checkNewId(state.resources, request.id);
  const path = `Resources\\${request.id}`;
  const change = new ChangeBuilder(tree)
    .structure()
    .absent(path)
    .unchanged(group.path, groupValue.contains)
    .exists(type.path);
  change.set(
    path,
    sz(resourceValue.name, request.name),
    sz(resourceValue.type, type.name),
    dword("PersistentState", persistentState.offline),
  );
  change.createKey(`${path}\\${resourceKey.parameters}`);
  change.set(group.path, multiSz(groupValue.contains, [...group.resources, request.id]));
  change.set(runtimeResourcePath(request.id), dword("State", resourceState.offline));
  if (request.parameters !== undefined && Object.keys(request.parameters).length > 0) {
    refuseClientAddress(tree, type.name, request.parameters, undefined);
    setProperties(change, `${path}\\${resourceKey.parameters}`, privateSpecs(type.name), request.parameters, false);
  }
  return change.build(`Resource "${request.name}" (${type.name}) is created in group "${group.name}".`);
}

/** The documented private properties of a type; empty for types of others. */
export function privateSpecs(type: string): (typeof builtInResourceTypes)[number]["privateProperties"] {
  return builtInResourceTypes.find((one) => one.name.toLowerCase() === type.toLowerCase())?.privateProperties ?? [];
}

/** 5007, 5010, 87. */
export function renameResource(tree: Key, request: { readonly resource: string; readonly name: string }): Change {
  const state = readState(tree);
  const resource = findResource(state, request.resource);
  checkName(state.resources, "resource", request.name, resource.id);
  const change = new ChangeBuilder(tree).structure().exists(resource.path).unchanged(resource.path, resourceValue.name);
  change.set(resource.path, sz(resourceValue.name, request.name));
  return change.build(`Resource "${resource.name}" is renamed to "${request.name}".`);
}

/**
 * Only when it is certainly stopped (5019) and nothing depends on it (5001). Its checkpoint versions are noted as deleted; the leader
 * removes the files (docs/safety.md §3.3).
 */
export function deleteResource(tree: Key, request: { readonly resource: string }): Change {
  const state = readState(tree);
  const resource = findResource(state, request.resource);
  const dependents = [...state.resources.values()].filter((one) => one.dependsOn.includes(resource.id));
  if (dependents.length > 0) {
    throw fail("DEPENDENT_RESOURCE_EXISTS", {
      happened: `${dependents.map((one) => `"${one.name}"`).join(", ")} depends on resource "${resource.name}".`,
      unchanged,
      next: "Remove the dependency or delete the dependent first.",
    });
  }
  if (resource.state !== resourceState.offline && resource.state !== resourceState.failed) {
    throw fail("RESOURCE_ONLINE", {
      happened: `Resource "${resource.name}" is ${resourceStateName(resource.state)}.`,
      unchanged,
      next: `Take it offline first: clubar resource offline "${resource.name}".`,
    });
  }
  const change = new ChangeBuilder(tree).structure().exists(resource.path).unchanged(resource.runtimePath, "State");
  const group = resource.group === undefined ? undefined : state.groups.get(resource.group);
  if (group !== undefined) {
    const rest = group.resources.filter((id) => id !== resource.id);
    change.unchanged(group.path, groupValue.contains).set(group.path, multiSz(groupValue.contains, rest));
    // The owner has nothing to report when what goes was the last that failed; whatever fails next may ask for a failover again.
    const isFailed = rest.some((id) => state.resources.get(id)?.state === resourceState.failed);
    if (group.failed !== undefined && !isFailed)
      change.unchanged(group.runtimePath, runtimeGroupValue.failed).remove(group.runtimePath, runtimeGroupValue.failed);
  }
  const key = findKey(tree, resource.path);
  const files = key === undefined ? [] : versionFiles(key);
  change.deleteKey(resource.path).deleteKey(resource.runtimePath);
  if (files.length > 0) change.set(deletedResourcesPath, multiSz(resource.id, files));
  const lost = files.length === 1 ? "Its checkpoint version goes" : `Its ${files.length} checkpoint versions go`;
  const checkpoints = files.length === 0 ? "" : ` ${lost} with it.`;
  return change.build(`Resource "${resource.name}" is deleted.${checkpoints}`);
}

/** `00000001.CPT` …: every version that the database names under the resource. */
function versionFiles(resource: Key): string[] {
  const files = new Set<string>();
  const named = (keyName: string, kind: string): void => {
    const key = childOf(resource, keyName);
    if (key !== undefined) for (const value of valuesOf(key)) files.add(`${value.name}.${kind}`);
  };
  named(resourceKey.regSync, "CPT");
  named(resourceKey.cryptoSync, "CPR");
  named(resourceKey.dirSync, "CPD");
  const versions = childOf(resource, resourceKey.checkpoints);
  if (versions !== undefined) {
    for (const version of childrenOf(versions))
      files.add(`${version.name}.${textOf(valueOf(version, "Kind")) ?? "CPT"}`);
  }
  return [...files].sort();
}

/** To be online, with what it depends on. In a group that was to stay offline, the others stay offline. 5012 without a group. */
export function onlineResource(tree: Key, request: { readonly resource: string }): Change {
  const state = readState(tree);
  const resource = findResource(state, request.resource);
  const group = groupOf(state, resource);
  refuseHeld(group);
  const needed = withProviders(state, resource);
  const change = new ChangeBuilder(tree).unchanged(group.path, "PersistentState", groupValue.contains, groupValue.held);
  for (const id of group.resources) {
    const one = state.resources.get(id);
    if (one === undefined) continue;
    if (needed.has(id)) {
      change.unchanged(one.path, "PersistentState", resourceValue.dependsOn);
      const already = group.wanted && one.persistentState !== persistentState.offline && id !== resource.id;
      if (!already) change.set(one.path, dword("PersistentState", persistentState.online));
      if (one.state === resourceState.failed) change.set(one.runtimePath, sz("Request", "online"));
    } else if (!group.wanted && one.persistentState !== persistentState.offline) {
      change.unchanged(one.path, "PersistentState").set(one.path, dword("PersistentState", persistentState.offline));
    }
  }
  if (!group.wanted) change.set(group.path, dword("PersistentState", persistentState.online));
  change.remove(group.runtimePath, "Failed", "FailoverRequested");
  forgetFailovers(change, state, group);
  return change.build(`Resource "${resource.name}" is to be online.`);
}

function groupOf(state: ClusterState, resource: ResourceState): GroupState {
  const group = resource.group === undefined ? undefined : state.groups.get(resource.group);
  if (group !== undefined) return group;
  throw fail("GROUP_NOT_AVAILABLE", { happened: `Resource "${resource.name}" is in no group.`, unchanged });
}

function withProviders(state: ClusterState, resource: ResourceState): Set<string> {
  const needed = new Set([resource.id]);
  for (const id of needed) for (const provider of state.resources.get(id)?.dependsOn ?? []) needed.add(provider);
  return needed;
}

/** To be offline; what depends on it goes offline first and comes back with it. */
export function offlineResource(tree: Key, request: { readonly resource: string }): Change {
  const resource = findResource(readState(tree), request.resource);
  const change = new ChangeBuilder(tree).exists(resource.path).unchanged(resource.path, "PersistentState");
  change.set(resource.path, dword("PersistentState", persistentState.offline)).remove(resource.runtimePath, "Request");
  return change.build(`Resource "${resource.name}" is to be offline.`);
}

/** Treats it as failed once, to see what the policy does (FailClusterResource). 5004 when it is not online. */
export function failResource(tree: Key, request: { readonly resource: string }): Change {
  const resource = findResource(readState(tree), request.resource);
  if (resource.state !== resourceState.online) {
    throw fail("RESOURCE_NOT_ONLINE", {
      happened: `Resource "${resource.name}" is ${resourceStateName(resource.state)}, not online.`,
      unchanged,
    });
  }
  const change = new ChangeBuilder(tree)
    .exists(resource.path)
    .unchanged(resource.runtimePath, "State", "OwnershipGeneration");
  return change
    .set(resource.runtimePath, sz("Request", "fail"))
    .build(`Resource "${resource.name}" is to fail, on request.`);
}

/** Common properties. 87 also when RetryPeriodOnFailure would be shorter than RestartPeriod. */
export function setResourceProperties(
  tree: Key,
  request: { readonly resource: string; readonly properties: PropertyInputs },
): Change {
  const resource = findResource(readState(tree), request.resource);
  const specs = commonProperties.resource;
  const period = numberAfter(request.properties, specs, "RestartPeriod", resource.restartPeriod);
  const retry = numberAfter(request.properties, specs, "RetryPeriodOnFailure", resource.retryPeriodOnFailure);
  if (retry < period) {
    throw fail("INVALID_PARAMETER", {
      happened: `RetryPeriodOnFailure (${retry} ms) can't be shorter than RestartPeriod (${period} ms).`,
      unchanged,
    });
  }
  const change = new ChangeBuilder(tree)
    .exists(resource.path)
    .unchanged(resource.path, "RestartPeriod", "RetryPeriodOnFailure");
  setProperties(change, resource.path, specs, request.properties, true);
  return change.build(
    `Properties of resource "${resource.name}" are set: ${Object.keys(request.properties).join(", ")}.`,
  );
}

/** Private properties, below `Parameters`; names that the type does not document are kept as given. Takes effect at the next online. */
export function setResourceParameters(
  tree: Key,
  request: { readonly resource: string; readonly parameters: PropertyInputs },
): Change {
  const resource = findResource(readState(tree), request.resource);
  refuseClientAddress(tree, resource.type, request.parameters, resource);
  const change = new ChangeBuilder(tree).exists(resource.path);
  setProperties(
    change,
    `${resource.path}\\${resourceKey.parameters}`,
    privateSpecs(resource.type),
    request.parameters,
    false,
  );
  return change.build(
    `Parameters of resource "${resource.name}" are set: ${Object.keys(request.parameters).join(", ")}.`,
  );
}
