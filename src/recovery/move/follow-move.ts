/**
 * What a node does whose quorum was moved, or is being moved, by another one: it follows, waits, or goes back when the other died before
 * the switch. Safe on any node at any time: whoever decides holds the lock of the old place, and sees the very place that was moved to.
 */
import { Failure } from "../../base/errors.ts";
import { failureOf } from "../../base/failure-of.ts";
import type { PlaceLock } from "../../quorum/disk/place-lock.ts";
import type { ClusterIdentity } from "../../quorum/quorum.ts";
import type { EndName } from "./move-record.ts";
import type { Departure, QuorumEnd } from "./quorum-end.ts";

/** Where this node's cluster is. */
export type Settled =
  /** In the place where it was looked for, as far as anybody moved it. */
  | { readonly state: "here" }
  /** Another node moves it just now. */
  | { readonly state: "moving"; readonly sentence: string }
  | {
      readonly state: "moved";
      readonly to: EndName;
      /** Name of the generation that was sealed. */
      readonly from: string;
      /** What was put in force in its stead. */
      readonly identity: ClusterIdentity;
    }
  /** It can't be told: the other place is not seen. */
  | { readonly state: "unknown"; readonly sentence: string };

/** A generation that was sealed, and where it went. */
interface Gone {
  readonly generation: string;
  readonly departure: Departure;
}

/** Looks, and ends a move whose node has died. Rejects when the old place can't be read. */
export async function settleMove(from: QuorumEnd, open: (end: EndName) => QuorumEnd): Promise<Settled> {
  const seen = await from.whereabouts();
  if (seen.state === "here" || seen.state === "unknown") return { state: "here" };
  if (seen.state === "left") return arrived(seen, open);
  try {
    const lock = await from.lock("existing");
    try {
      const now = await from.whereabouts();
      if (now.state === "sealed") return await decide(from, now, open);
      return now.state === "left" ? await arrived(now, open) : { state: "here" };
    } finally {
      await lock.release();
    }
  } catch (error) {
    if (!(error instanceof Failure) || error.name !== "BUSY") throw error;
    return { state: "moving", sentence: `The quorum is being moved from ${from.place} to ${seen.departure.to}.` };
  }
}

/** Under the lock of the old place. BUSY while whoever moves it holds the new one. */
async function decide(
  from: QuorumEnd,
  { generation, departure }: Gone,
  open: (end: EndName) => QuorumEnd,
): Promise<Settled> {
  const end = { kind: departure.kind, place: departure.to };
  const to = open(end);
  let lock: PlaceLock | undefined;
  try {
    if ((await to.claimedBy()) !== departure.plan) return unseen(departure, "that place does not show this move");
    // Whoever moved it has died, or, with an etcd at both ends, may be paused: what is given up it can't put in force any more.
    lock = await to.lock("existing");
    if (!(await to.giveUp(departure.identity))) {
      await from.leave(departure.plan);
      return { state: "moved", to: end, from: generation, identity: departure.identity };
    }
    await from.unseal(departure.plan);
    return { state: "here" };
  } catch (error) {
    const { name, happened } = failureOf(error);
    if (name === "BUSY") throw error;
    return unseen(departure, happened);
  } finally {
    await lock?.release();
  }
}

/** Only a place that holds this cluster's history is followed to. */
async function arrived({ generation, departure }: Gone, open: (end: EndName) => QuorumEnd): Promise<Settled> {
  const end = { kind: departure.kind, place: departure.to };
  try {
    const { state } = await open(end).whereabouts();
    if (state !== "unknown") return { state: "moved", to: end, from: generation, identity: departure.identity };
    return unseen(departure, "no cluster is seen there");
  } catch (error) {
    return unseen(departure, failureOf(error).happened);
  }
}

function unseen({ to }: Departure, why: string): Settled {
  return {
    state: "unknown",
    sentence: `The quorum was being moved to ${to}, and from here it can't be told how far it came: ${why.replace(/\.$/, "")}.`,
  };
}
