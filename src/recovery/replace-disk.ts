/**
 * Replaces a Physical Disk resource by another one (facts §5.2): what depended on the old one depends on the new one, which gets its mount
 * point; the old one stays, renamed, offline, with nothing that depends on it. Pure: a plan, and one update that carries it out as a whole,
 * so it can't be cut short; asked again, it says that it is done.
 */
import { fail } from "../base/errors.ts";
import { type Change, ChangeBuilder } from "../database/change.ts";
import { byName, findResource } from "../database/commands/find.ts";
import {
  groupValue,
  persistentState,
  resourceKey,
  resourceState,
  resourceStateName,
  resourceValue,
  rootKey,
  runtimeGroupPath,
} from "../database/schema.ts";
import { type ClusterState, type GroupState, readState, type ResourceState } from "../database/state.ts";
import { findValue, type Key } from "../tree/key.ts";
import { foldName } from "../tree/path.ts";
import { dword, multiSz, sz, textOf } from "../tree/value.ts";

const unchanged = "Nothing was changed.";
const diskType = "Physical Disk";
const mountPoint = "MountPoint";
/** `Quorum`, sz: id of the quorum disk's resource, in databases that name one (facts §1.2). */
const quorumResource = "Resource";
/** A parameter that the old resource keeps: where it was mounted. */
const formerMountPoint = "FormerMountPoint";

/** Names or ids. */
export interface ReplaceDiskRequest {
  readonly old: string;
  readonly with: string;
}

/** One resource of the plan. */
export interface ReplacedResource {
  readonly id: string;
  readonly name: string;
  readonly state: string;
}

/** What would be done, or that it is done already. */
export interface ReplaceDiskPlan {
  readonly result: "replace" | "already";
  readonly old: ReplacedResource & { readonly becomes: string };
  readonly new: ReplacedResource;
  readonly group: string;
  /** What depends on the old one now and on the new one afterwards. */
  readonly dependents: readonly ReplacedResource[];
  /** Where the new one is mounted afterwards: where the old one was, unless it holds the quorum. Null when that is nowhere. */
  readonly mountPoint: string | null;
  /** The old disk holds the quorum, which is moved with it; absolute paths of the two folders. Null when it doesn't. */
  readonly quorum: { readonly from: string; readonly to: string } | null;
  /** A sentence each, in order. */
  readonly steps: readonly string[];
  /** What a person should know before. */
  readonly warnings: readonly string[];
}

/** The plan and, unless it is done already, the update. */
export interface DiskReplacement {
  readonly plan: ReplaceDiskPlan;
  readonly change: Change | undefined;
}

/**
 * @param place the quorum folder. When it lies on the old disk, the change is meant for the database that is built in the new folder, and
 * for no other (`move/`)
 * @throws 5007, 87, 5019, 1059, 183 with what to do first
 */
export function planDiskReplacement(tree: Key, request: ReplaceDiskRequest, place?: string): DiskReplacement {
  const state = readState(tree);
  const fresh = findResource(state, request.with);
  const done = replacedBefore(tree, state, request.old, fresh);
  if (done !== undefined) return { plan: done, change: undefined };
  const old = findResource(state, request.old);
  const group = checkPair(state, old, fresh);
  const point = parameterText(tree, old, mountPoint);
  const newPoint = parameterText(tree, fresh, mountPoint);
  const quorum = quorumMove(old, point, newPoint, place);
  // A quorum must be there before any resource is online, so nobody mounts its disk elsewhere.
  const holdsQuorum = quorum !== undefined || (place !== undefined && isBelow(place, newPoint));
  const dependents = [...state.resources.values()].filter((one) => one.dependsOn.includes(old.id));
  checkStates(old, fresh, dependents, group);
  checkCircle(state, old, fresh, dependents);
  const becomes = lostName(state, old);
  const parts: Parts = { state, old, fresh, group, point: holdsQuorum ? newPoint : point, quorum, dependents, becomes };
  return { plan: planOf(tree, parts), change: changeOf(tree, parts) };
}

interface Parts {
  readonly state: ClusterState;
  readonly old: ResourceState;
  readonly fresh: ResourceState;
  readonly group: GroupState;
  /** Where the new one is mounted afterwards. */
  readonly point: string | undefined;
  readonly quorum: { readonly from: string; readonly to: string } | undefined;
  readonly dependents: readonly ResourceState[];
  readonly becomes: string;
}

/** Asked again under the old name, or under the one that it has got. */
function replacedBefore(
  tree: Key,
  state: ClusterState,
  wanted: string,
  fresh: ResourceState,
): ReplaceDiskPlan | undefined {
  const named = byName(state.resources, wanted) ?? state.resources.get(wanted.toLowerCase());
  const candidates =
    named === undefined ? [...state.resources.values()].filter((one) => isLostNameOf(one, wanted)) : [named];
  const old = candidates.find((one) => textOf(findValue(tree, one.path, resourceValue.replacedBy)) === fresh.id);
  if (old === undefined) return undefined;
  return {
    result: "already",
    old: { ...shown(old), becomes: old.name },
    new: shown(fresh),
    group: state.groups.get(fresh.group ?? "")?.name ?? "",
    dependents: [...state.resources.values()].filter((one) => one.dependsOn.includes(fresh.id)).map(shown),
    mountPoint: parameterText(tree, fresh, mountPoint) ?? null,
    quorum: null,
    steps: [],
    warnings: [],
  };
}

function checkPair(state: ClusterState, old: ResourceState, fresh: ResourceState): GroupState {
  for (const one of [old, fresh]) {
    if (foldName(one.type) === foldName(diskType)) continue;
    throw fail("INVALID_PARAMETER", {
      happened: `"${one.name}" is of type ${one.type}, not ${diskType}.`,
      unchanged,
      next: "Name two Physical Disk resources: clubar resource list.",
    });
  }
  if (old.id === fresh.id) {
    throw fail("INVALID_PARAMETER", { happened: `"${old.name}" can't replace itself.`, unchanged });
  }
  const group = state.groups.get(old.group ?? "");
  if (group === undefined || fresh.group !== old.group) {
    const into = group === undefined ? "the group of what depends on it" : `group "${group.name}"`;
    throw fail("INVALID_PARAMETER", {
      happened: `"${fresh.name}" is not in the group of "${old.name}", where what depends on it is.`,
      unchanged,
      next: `Make the resource of the new disk in ${into}: clubar resource delete "${fresh.name}", then clubar resource create.`,
    });
  }
  return group;
}

/** From the old disk to the same folder on the new one; undefined when the quorum is elsewhere. */
function quorumMove(
  old: ResourceState,
  point: string | undefined,
  newPoint: string | undefined,
  place: string | undefined,
): Parts["quorum"] {
  if (place === undefined || point === undefined || !isBelow(place, point)) return undefined;
  const here = withoutSlash(point);
  const there = withoutSlash(newPoint ?? point);
  if (there !== here) {
    // The new disk may be mounted below the old one: then the longer one tells whose the folder is.
    if (isBelow(there, here) && isBelow(place, there)) return undefined;
    return { from: place, to: `${there}${place.slice(here.length) || "/quorum"}` };
  }
  throw fail("QUORUM_RESOURCE", {
    happened: `"${old.name}" is the quorum disk (${place}), and the resource of the new disk has no mount point of its own.`,
    unchanged,
    next: "Mount the new disk on every node at another place (in /etc/fstab), and set MountPoint of its resource to that.",
  });
}

function isBelow(path: string, point: string | undefined): boolean {
  return point !== undefined && `${path}/`.startsWith(`${withoutSlash(point)}/`);
}

function withoutSlash(path: string): string {
  return path.replace(/\/+$/, "");
}

function checkStates(
  old: ResourceState,
  fresh: ResourceState,
  dependents: readonly ResourceState[],
  group: GroupState,
): void {
  const isDown = ({ state }: ResourceState): boolean =>
    state === resourceState.offline || state === resourceState.failed;
  // Offline as far as is recorded, and to be online: its owner may be mounting it at this moment.
  const isStarting = (one: ResourceState): boolean => one.state === resourceState.offline && wantsOnline(one, group);
  const up = [...dependents, old].filter((one) => !isDown(one) || (one === old && isStarting(one)));
  if (up.length > 0) {
    const list = up
      .map((one) => `"${one.name}" ${isDown(one) ? "is to be online" : `is ${resourceStateName(one.state)}`}`)
      .join(", ");
    throw fail("RESOURCE_ONLINE", {
      happened: `${list}: the disk is replaced only while nothing uses it.`,
      unchanged,
      next: `Take the group offline first: clubar group offline "${group.name}".`,
    });
  }
  if (isDown(fresh) && !isStarting(fresh)) return;
  const how = isDown(fresh) ? "is to be online" : `is ${resourceStateName(fresh.state)}`;
  throw fail("RESOURCE_ONLINE", {
    happened: `"${fresh.name}" ${how}, and it is to be mounted elsewhere.`,
    unchanged,
    next: `Take it offline first: clubar resource offline "${fresh.name}".`,
  });
}

function checkCircle(
  state: ClusterState,
  old: ResourceState,
  fresh: ResourceState,
  dependents: readonly ResourceState[],
): void {
  const needed = new Set([fresh.id, ...old.dependsOn]);
  for (const id of needed) for (const provider of state.resources.get(id)?.dependsOn ?? []) needed.add(provider);
  const circle = [...dependents, old].find((one) => needed.has(one.id));
  if (circle === undefined && !old.dependsOn.includes(fresh.id)) return;
  throw fail("CIRCULAR_DEPENDENCY", {
    happened: `"${fresh.name}" and "${old.name}" depend on each other, directly or through "${(circle ?? fresh).name}".`,
    unchanged,
    next: "Remove that dependency first: clubar resource undepend.",
  });
}

/** "Disk D (lost)", with a number when that is taken. */
function lostName(state: ClusterState, old: ResourceState): string {
  for (let number = 1; ; number += 1) {
    const tail = number === 1 ? " (lost)" : ` (lost ${number})`;
    const name = `${old.name.slice(0, 260 - tail.length)}${tail}`;
    if (byName(state.resources, name) === undefined) return name;
  }
}

function isLostNameOf({ name }: ResourceState, wanted: string): boolean {
  const [, before] = /^(.*) \(lost(?: \d+)?\)$/s.exec(name) ?? [];
  return before !== undefined && foldName(before) === foldName(wanted);
}

function planOf(tree: Key, { old, fresh, group, point, quorum, dependents, becomes, state }: Parts): ReplaceDiskPlan {
  const names = dependents.map((one) => `"${one.name}"`).join(", ");
  const former = parameterText(tree, fresh, mountPoint);
  const oldPoint = parameterText(tree, old, mountPoint);
  const steps = [
    dependents.length === 0 ? "Nothing depends on the old resource." : `${names} will depend on "${fresh.name}".`,
    ...(point === undefined
      ? []
      : [
          `"${fresh.name}" will be mounted at ${point}${former === undefined || former === point ? "" : ` (was ${former})`}.`,
        ]),
    `"${old.name}" becomes "${becomes}": it stays offline, and nothing depends on it.`,
    ...(wantsOnline(old, group) ? [`"${fresh.name}" comes online on the group's owner, then what depends on it.`] : []),
  ];
  const owners = (one: ResourceState): string => [...(one.possibleOwners ?? state.nodes.keys())].sort().join(", ");
  const warnings = [
    ...(owners(old) === owners(fresh)
      ? []
      : [`The possible owners differ: "${old.name}" ${owners(old)}; "${fresh.name}" ${owners(fresh)}.`]),
    ...(oldPoint === undefined || oldPoint === point
      ? []
      : [
          `"${fresh.name}" stays mounted at ${point ?? ""}, where the quorum is; what used ${oldPoint} has to be set to that.`,
        ]),
    ...(old.hasCheckpoints ? [`The checkpoints of "${old.name}" stay with it.`] : []),
  ];
  return {
    result: "replace",
    old: { ...shown(old), becomes },
    new: shown(fresh),
    group: group.name,
    dependents: dependents.map(shown),
    mountPoint: point ?? null,
    quorum: quorum ?? null,
    steps,
    warnings,
  };
}

function wantsOnline(old: ResourceState, group: GroupState): boolean {
  return group.wanted && old.persistentState !== persistentState.offline;
}

function changeOf(tree: Key, { old, fresh, group, point, dependents, becomes }: Parts): Change {
  const change = new ChangeBuilder(tree).structure().unchanged(group.path, groupValue.contains, "PersistentState");
  change.unchanged(runtimeGroupPath(group.id), "Owner", "OwnershipGeneration");
  for (const one of [old, fresh, ...dependents]) {
    change.exists(one.path).unchanged(one.path, resourceValue.name, resourceValue.type, resourceValue.dependsOn);
    change.unchanged(one.path, "PersistentState").unchanged(one.runtimePath, "State");
  }
  for (const one of [old, fresh]) change.unchanged(`${one.path}\\${resourceKey.parameters}`, mountPoint);
  for (const one of dependents) {
    const rest = one.dependsOn.filter((id) => id !== fresh.id);
    const ids = rest.map((id) => (id === old.id ? fresh.id : id));
    change.set(one.path, multiSz(resourceValue.dependsOn, ids));
  }
  const needs = [...new Set([...fresh.dependsOn, ...old.dependsOn])];
  if (needs.length > 0) change.set(fresh.path, multiSz(resourceValue.dependsOn, needs));
  change.set(fresh.path, dword("PersistentState", old.persistentState));
  change.set(
    old.path,
    sz(resourceValue.name, becomes),
    dword("PersistentState", persistentState.offline),
    sz(resourceValue.replacedBy, fresh.id),
  );
  if (point !== undefined) change.set(`${fresh.path}\\${resourceKey.parameters}`, sz(mountPoint, point));
  const former = parameterText(tree, old, mountPoint);
  if (former !== undefined) {
    change.set(`${old.path}\\${resourceKey.parameters}`, sz(formerMountPoint, former));
    change.remove(`${old.path}\\${resourceKey.parameters}`, mountPoint);
  }
  if (textOf(findValue(tree, rootKey.quorum, quorumResource))?.toLowerCase() === old.id)
    change.unchanged(rootKey.quorum, quorumResource).set(rootKey.quorum, sz(quorumResource, fresh.id));
  change.remove(old.runtimePath, "Request").remove(group.runtimePath, "Failed", "FailoverRequested");
  const retried = wantsOnline(old, group) ? [fresh, ...dependents] : [];
  for (const one of retried) {
    if (one.state === resourceState.failed) change.set(one.runtimePath, sz("Request", "online"));
  }
  const count = dependents.length === 1 ? "1 dependent" : `${dependents.length} dependents`;
  return change.build(`Disk resource "${old.name}" is replaced by "${fresh.name}" (${count}) and is now "${becomes}".`);
}

function shown({ id, name, state }: ResourceState): ReplacedResource {
  return { id, name, state: resourceStateName(state) };
}

function parameterText(tree: Key, { path }: ResourceState, name: string): string | undefined {
  return textOf(findValue(tree, `${path}\\${resourceKey.parameters}`, name)) || undefined;
}
