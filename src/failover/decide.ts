/**
 * The leader's decisions: who owns what. A pure function of the database, of what the leader knows of its nodes, and of the time;
 * nothing is remembered between two calls. Each action's update carries conditions on everything it rests on, so a decision made of
 * an old copy is refused, never wrong. DESIGN.md says why two owners can't come out of it.
 */
import { findMissing } from "../database/checkpoint-state.ts";
import { anyNode, drainStatus, minusOne, resourceState } from "../database/schema.ts";
import type { ClusterState, GroupState, NodeState } from "../database/state.ts";
import { type Action, adoptGroup, beginMove, failGroup, finishDrain, markUnknown, placeGroup } from "./actions.ts";
import { type Custody, custodyOf } from "./custody.ts";
import { displacedAfter, staysOffline } from "./displaced.ts";
import { failbackTarget } from "./failback.ts";
import { choosePlacement, type NodeFacts, Occupancy, type Placement, whyNot } from "./placement.ts";
import { counted, nodeName, quoted } from "./words.ts";

/** All that a decision rests on. */
export interface DecideInput {
  readonly state: ClusterState;
  /** By node id; a node that is missing counts as not up and not to be taken over. */
  readonly nodes: ReadonlyMap<string, NodeFacts>;
  /** Wall time in milliseconds. */
  readonly now: number;
  /** Hour of the day, 0–23, in the cluster's local time, for failback windows. */
  readonly hour: number;
}

/** What to do now, groups of higher priority first. Submit the updates in this order; decide again after any change. */
export function decide(input: DecideInput): Action[] {
  const round: Round = { ...input, occupancy: new Occupancy(input.state), actions: [], stuck: new Map() };
  const groups = [...input.state.groups.values()].sort((a, b) => b.priority - a.priority);
  for (const group of groups) decideGroup(round, group);
  for (const node of input.state.nodes.values())
    if (node.drainStatus === drainStatus.inProgress) decideDrain(round, node);
  return round.actions;
}

interface Round extends DecideInput {
  readonly occupancy: Occupancy;
  readonly actions: Action[];
  /** By node: why a group can't leave it. */
  readonly stuck: Map<string, string[]>;
}

function decideGroup(round: Round, group: GroupState): void {
  const custody = custodyOf(round.state, group, round.nodes);
  switch (custody.kind) {
    case "free":
      decideFree(round, group, custody);
      return;
    case "held":
      decideHeld(round, group, custody.owner);
      return;
    case "adoptable":
      round.actions.push(adoptGroup(round.state, group, custody.node));
      round.occupancy.add(group.id, custody.node.id);
      return;
    case "unknown": {
      const mark = custody.silent ? markUnknown(round.state, group, custody.because) : undefined;
      if (mark !== undefined) round.actions.push(mark);
      wait(round, group, `${quoted(group)} waits: ${custody.because}.`);
    }
  }
}

function wait(round: Round, group: GroupState, because: string): void {
  round.actions.push({ kind: "wait", group: group.id, because, update: undefined });
}

type Free = Extract<Custody, { kind: "free" }>;

function decideFree(round: Round, group: GroupState, custody: Free): void {
  const placement = placeOf(round, group, custody);
  if (placement.node === undefined) {
    wait(round, group, `${quoted(group)} waits for a node (${custody.because}): ${placement.because}.`);
    return;
  }
  const { node } = placement;
  const stopped = staysOffline(group, custody.how);
  const tail = stopped
    ? "; it stays offline: its priority forbids an automatic start"
    : group.held !== undefined
      ? "; it stays offline until it is released"
      : group.wanted
        ? ""
        : "; it stays offline as asked";
  const because = `${quoted(group)} goes to ${node.name}, ${placement.because}: ${custody.because}${tail}.`;
  const displacedFrom = displacedAfter(round.state, group, custody.how, node);
  round.actions.push(placeGroup(round.state, group, node, { because, displacedFrom, stopped }));
  round.occupancy.add(group.id, node.id);
}

/** Where a free group goes: where it was to go, else the best; back to its old owner only when there is no other. */
function placeOf(round: Round, group: GroupState, custody: Free): Placement {
  const { state, nodes: facts } = round;
  const last = group.heldOn === undefined ? undefined : state.nodes.get(group.heldOn);
  if (last !== undefined && custody.how === "recovered") {
    const obstacle = whyNot(state, group, last, facts.get(last.id));
    if (obstacle === undefined) return { node: last, because: "where it ran last and its settings are the newest" };
    return { node: undefined, because: `it is held and goes to ${last.name}, where it ran last, which ${obstacle}` };
  }
  const wished = group.moveTo === undefined ? undefined : state.nodes.get(group.moveTo);
  if (wished !== undefined && whyNot(state, group, wished, facts.get(wished.id)) === undefined) {
    return {
      node: wished,
      because: { move: "as asked", failover: "as planned", failback: "back where it was", drain: "as planned" }[
        group.moveReason
      ],
    };
  }
  const question = { state, group, facts, occupancy: round.occupancy, avoid: failedLately(round, group) };
  const owner = custody.how === "released" && group.owner !== undefined ? state.nodes.get(group.owner) : undefined;
  if (owner === undefined || group.moveTo === undefined) return choosePlacement(question);
  const elsewhere = choosePlacement({ ...question, except: new Set([owner.id]) });
  if (elsewhere.node !== undefined) return elsewhere;
  const obstacle = whyNot(state, group, { ...owner, paused: false }, facts.get(owner.id));
  if (obstacle !== undefined) return { node: undefined, because: `${elsewhere.because}, ${owner.name} ${obstacle}` };
  return { node: owner, because: `back again because no other can take it now (${elsewhere.because})` };
}

function decideHeld(round: Round, group: GroupState, owner: NodeState): void {
  if (group.moveTo === anyNode && aim(round, group, owner)) return;
  if (group.moveTo !== undefined) {
    const where = group.moveTo === anyNode ? "another node" : nodeName(round.state, group.moveTo);
    wait(
      round,
      group,
      `${quoted(group)} waits for ${owner.name} to take it offline and release it, to go to ${where} (${group.moveReason}).`,
    );
    return;
  }
  if (goHome(round, group, owner)) return;
  if (group.failoverRequested && group.wanted && group.failed === undefined) {
    failOver(round, group, owner);
    return;
  }
  const question = {
    state: round.state,
    group,
    facts: round.nodes,
    occupancy: round.occupancy,
    avoid: failedLately(round, group),
  };
  if (owner.drainStatus === drainStatus.inProgress) {
    const target = owner.drainTarget === undefined ? undefined : round.state.nodes.get(owner.drainTarget);
    const placement =
      target === undefined ? choosePlacement({ ...question, except: new Set([owner.id]) }) : only(round, group, target);
    if (placement.node === undefined) {
      const reasons = round.stuck.get(owner.id) ?? [];
      round.stuck.set(owner.id, [...reasons, `${quoted(group)} has nowhere to go (${placement.because})`]);
      return;
    }
    const because = `${quoted(group)} leaves ${owner.name}, which is being drained, for ${placement.node.name}, ${placement.because}.`;
    move(
      round,
      group,
      beginMove(round.state, group, { node: placement.node, reason: "drain", because }),
      placement.node,
    );
    return;
  }
  const back = group.failed === undefined && !owner.paused ? failbackTarget(question, round.hour) : undefined;
  if (back === undefined) return;
  const because = `${quoted(group)} goes back from ${owner.name} to ${back.name}, which it prefers and had to leave.`;
  move(round, group, beginMove(round.state, group, { node: back, reason: "failback", because }), back);
}

/** Names the node of a move to wherever is best while the owner still stops the group: that node can prepare, and the owner hand over. */
function aim(round: Round, group: GroupState, owner: NodeState): boolean {
  const { state, nodes: facts, occupancy } = round;
  const except = new Set([owner.id]);
  const placement = choosePlacement({ state, group, facts, occupancy, except, avoid: failedLately(round, group) });
  if (placement.node === undefined) return false;
  const { node } = placement;
  const because = `${quoted(group)} leaves ${owner.name} for ${node.name}, ${placement.because}.`;
  move(round, group, beginMove(state, group, { node, reason: group.moveReason, because }), node);
  return true;
}

/** A group whose owner lacks settings that only another node has goes there as soon as that node can take it; until then it waits. */
function goHome(round: Round, group: GroupState, owner: NodeState): boolean {
  const { state } = round;
  const missing = findMissing(state, group, owner.id);
  if (missing === undefined) return false;
  // What is online here came online before the loss.
  const { state: now, reportedGeneration } = missing.resource;
  if (now === resourceState.online && reportedGeneration === group.ownershipGeneration) return false;
  const { why } = missing;
  const home = state.nodes.get(missing.lastOwner);
  const obstacle = home === undefined ? "is no member any more" : whyNot(state, group, home, round.nodes.get(home.id));
  if (home === undefined || obstacle !== undefined) {
    wait(
      round,
      group,
      `${quoted(group)} waits: ${owner.name} ${why}, and ${home?.name ?? missing.lastOwner} ${obstacle}.`,
    );
    return false;
  }
  const because = `${quoted(group)} goes from ${owner.name} to ${home.name}: ${owner.name} ${why}.`;
  move(round, group, beginMove(state, group, { node: home, reason: "failover", because }), home);
  return true;
}

function only(round: Round, group: GroupState, target: NodeState): Placement {
  const obstacle = whyNot(round.state, group, target, round.nodes.get(target.id));
  if (obstacle !== undefined) return { node: undefined, because: `${target.name} ${obstacle}` };
  return { node: target, because: "the target of the drain" };
}

function move(round: Round, group: GroupState, action: Action, node: NodeState): void {
  round.actions.push(action);
  round.occupancy.add(group.id, node.id);
}

/** A resource failed and its owner gave up: to another node, or left failed (event 1254). */
function failOver(round: Round, group: GroupState, owner: NodeState): void {
  const recent = recentFailovers(round, group);
  const limit = group.failoverThreshold === minusOne ? round.state.nodes.size - 1 : group.failoverThreshold;
  const hours = counted(group.failoverPeriod, "hour");
  if (recent.length >= limit) {
    const because =
      `${quoted(group)} is left failed on ${owner.name} (event 1254): it has failed over ${counted(recent.length, "time")} ` +
      `within ${hours}, and its threshold is ${limit}.`;
    round.actions.push(failGroup(round.state, group, because));
    return;
  }
  const placement = choosePlacement({
    state: round.state,
    group,
    facts: round.nodes,
    occupancy: round.occupancy,
    except: new Set([owner.id]),
    avoid: failedLately(round, group),
  });
  if (placement.node === undefined) {
    const because = `${quoted(group)} is left failed on ${owner.name}: no other node can take it (${placement.because}).`;
    round.actions.push(failGroup(round.state, group, because));
    return;
  }
  const because =
    `${quoted(group)} fails over from ${owner.name}, which gave up restarting it, to ${placement.node.name}, ${placement.because} ` +
    `(failover ${recent.length + 1} of at most ${limit} within ${hours}).`;
  const failovers = [...recent, { at: round.now, node: owner.id }];
  move(
    round,
    group,
    beginMove(round.state, group, { node: placement.node, reason: "failover", because, failovers }),
    placement.node,
  );
}

function recentFailovers(round: DecideInput, group: GroupState): GroupState["failovers"] {
  return group.failovers.filter((failover) => round.now - failover.at < group.failoverPeriod * 3_600_000);
}

function failedLately(round: DecideInput, group: GroupState): ReadonlySet<string> {
  return new Set(recentFailovers(round, group).flatMap((failover) => failover.node ?? []));
}

/** Ends a drain when the node owns nothing more, or when what is left can't leave. */
function decideDrain(round: Round, node: NodeState): void {
  const owned = [...round.state.groups.values()].filter((group) => group.owner === node.id);
  const stuck = round.stuck.get(node.id) ?? [];
  if (owned.length === stuck.length) round.actions.push(finishDrain(round.state, node, stuck));
}
