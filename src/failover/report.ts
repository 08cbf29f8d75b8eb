/** What an owner tells the database. Every update counts only for this life of the node and this ownership generation. Pure. */
import { type Change, ChangeBuilder } from "../database/change.ts";
import { checkpointFailureAction } from "../database/checkpoint-state.ts";
import { whileOwned } from "../database/ownership.ts";
import { resourceState, resourceStateName } from "../database/schema.ts";
import type { GroupState, ResourceState } from "../database/state.ts";
import { dword, sz } from "../tree/value.ts";
import { heirOf, writeHandOver } from "./hand-over.ts";
import type { OwnerAction, OwnerInput, RunningResource } from "./owner.ts";
import { counted, nodeName, quoted } from "./words.ts";

type Entries = (id: string) => RunningResource;
type Told = Extract<OwnerAction, { readonly update: Change }>;

/** How long it is not reported alone that a resource is on its way, in milliseconds: most have arrived by then, and others follow. */
const passingTime = 150;

/** On its way online or offline for so short a time that it is not worth an update of its own. */
export function isPassing({ nowBoot }: OwnerInput, { phase, since }: RunningResource): boolean {
  return phase.endsWith("pending") && nowBoot < since + passingTime;
}

/** When it will not be passing any more. */
export function passedAt({ since }: RunningResource): number {
  return since + passingTime;
}

/**
 * The states that differ from what is recorded, in one update; undefined when none does, or those only pass. `more`: other steps of the
 * group are under way. What arrived a moment ago waits for them, so a group of many comes up or goes down in a few updates.
 */
export function reportGroup(
  input: OwnerInput,
  group: GroupState,
  resources: readonly ResourceState[],
  entry: Entries,
  more: boolean,
): Told | Extract<OwnerAction, { kind: "wake" }> | undefined {
  const change = guarded(input, group);
  const sentences: string[] = [];
  let passing = 0;
  let earliest = Number.POSITIVE_INFINITY;
  for (const resource of resources) {
    const one = entry(resource.id);
    const state = stateNumber(resource, one);
    const settled = isRequestSettled(resource, one);
    const isSame =
      resource.state === state &&
      resource.node === input.me &&
      resource.reportedGeneration === group.ownershipGeneration;
    const reason = reasonOf(resource, one);
    if (isSame && resource.reason === reason && !settled) continue;
    if (!settled && isPassing(input, one)) passing += 1;
    else earliest = Math.min(earliest, settled || one.phase === "failed" ? 0 : passedAt(one));
    writeState(change, input, group, resource, one);
    if (settled) change.unchanged(resource.runtimePath, "Request").remove(resource.runtimePath, "Request");
    sentences.push(`${quoted(resource)} is ${resourceStateName(state)}${reason === "" ? "" : ` (${reason})`}`);
  }
  if (sentences.length === passing) return undefined;
  if (more && input.nowBoot < earliest)
    return { kind: "wake", at: earliest, because: `more of ${quoted(group)} is on its way` };
  // Left failed ends when nothing is failed any more; the next failure may ask for a failover again.
  const isFailed = resources.some((resource) => entry(resource.id).phase === "failed");
  if (group.failed !== undefined && !isFailed) change.remove(group.runtimePath, "Failed");
  const because = `${nodeName(input.state, input.me)} reports: ${sentences.join(", ")}.`;
  return { kind: "report", group: group.id, because, update: change.build(because) };
}

/** This node stopped everything of the group and starts nothing more of it under this ownership generation; its heir may. */
export function releaseGroup(
  input: OwnerInput,
  group: GroupState,
  resources: readonly ResourceState[],
  entry: Entries,
): Told {
  const { state, me } = input;
  const change = guarded(input, group)
    .unchanged(group.runtimePath, "MoveTo", "Moves")
    .unchanged(group.path, "Contains");
  const stopped = `${counted(resources.length, "resource")} stopped`;
  const heir = heirOf(state, group, me);
  if (heir !== undefined) {
    writeHandOver(change, state, group, heir);
    const because = `${nodeName(state, me)} hands ${quoted(group)} over to ${heir.name} (${group.moveReason}): ${stopped}.`;
    return { kind: "hand-over-group", group: group.id, because, update: change.build(because) };
  }
  for (const resource of resources) writeState(change, input, group, resource, entry(resource.id));
  change.set(group.runtimePath, dword("Released", group.ownershipGeneration));
  const because = `${nodeName(state, me)} releases ${quoted(group)}: ${stopped}.`;
  return { kind: "release-group", group: group.id, because, update: change.build(because) };
}

/** This node gave up; the leader decides whether the group goes elsewhere. */
export function requestFailover(input: OwnerInput, group: GroupState, why: string): Told {
  const change = guarded(input, group).unchanged(group.runtimePath, "MoveTo", "Failed", "FailoverRequested");
  change.set(group.runtimePath, dword("FailoverRequested", group.ownershipGeneration));
  const because = `${nodeName(input.state, input.me)} asks for a failover of ${quoted(group)}: ${why}.`;
  return { kind: "request-failover", group: group.id, because, update: change.build(because) };
}

function guarded(input: OwnerInput, group: GroupState): ChangeBuilder {
  const node = input.state.nodes.get(input.me);
  const change = new ChangeBuilder(input.state.tree).exists(group.path);
  if (node !== undefined) change.exists(node.path);
  const { me, incarnation } = input;
  return whileOwned(change.unchanged(group.runtimePath, "Released"), group.runtimePath, {
    node: me,
    incarnation,
    generation: group.ownershipGeneration,
  });
}

function writeState(
  change: ChangeBuilder,
  input: OwnerInput,
  group: GroupState,
  resource: ResourceState,
  entry: RunningResource,
): void {
  const { runtimePath } = resource;
  change.exists(resource.path);
  change.set(runtimePath, dword("State", stateNumber(resource, entry)), sz("Node", input.me));
  change.set(runtimePath, dword("OwnershipGeneration", group.ownershipGeneration));
  change.set(
    runtimePath,
    dword("Restarts", entry.restarts.filter((at) => at > input.nowBoot - resource.restartPeriod).length),
  );
  const reason = reasonOf(resource, entry);
  if (reason === "") change.remove(runtimePath, "Reason");
  else change.set(runtimePath, sz("Reason", reason));
}

/** What it had to do without is said until that is mended. */
function reasonOf(resource: ResourceState, { phase, reason, notice = "" }: RunningResource): string {
  if (reason !== "" || phase !== "online") return reason;
  const isMended =
    resource.lostCheckpoints.length === 0 && resource.checkpointFailureAction !== checkpointFailureAction.onlineAnyway;
  return isMended ? "" : notice;
}

/** What stopped but is not captured yet is still on its way offline. */
function stateNumber(resource: ResourceState, entry: RunningResource): number {
  switch (entry.phase) {
    case "online":
      return resourceState.online;
    case "online-pending":
      return resourceState.onlinePending;
    case "offline-pending":
      return resourceState.offlinePending;
    case "failed":
      return resourceState.failed;
    case "offline":
      return resource.hasCheckpoints && !entry.captured ? resourceState.offlinePending : resourceState.offline;
  }
}

/** Whether what a person asked for has happened or has no object any more. */
function isRequestSettled(resource: ResourceState, entry: RunningResource): boolean {
  if (resource.request === undefined) return false;
  return resource.request === "fail" ? entry.phase !== "online" : entry.phase !== "failed";
}
