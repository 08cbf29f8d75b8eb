/** Quorums as ends of a move, by kind, and what becomes of a node whose quorum was moved. */
import { fail } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import type { Outside } from "../base/outside.ts";
import { freeBytes } from "../base/outside-node-space.ts";
import { type NodeRecord, readNodeRecord, writeNodeRecord } from "../clusapi/node-record.ts";
import { isEtcdPlace } from "../quorum/etcd/place.ts";
import { etcdParts } from "../quorum/open.ts";
import { diskEnd } from "../recovery/move/disk-end.ts";
import { etcdEnd } from "../recovery/move/etcd-end.ts";
import { type Settled, settleMove } from "../recovery/move/follow-move.ts";
import { removeMove, type EndName, readMove } from "../recovery/move/move-record.ts";
import { type MoveEnd, type MoveParts, resumeMove } from "../recovery/move/move-quorum.ts";
import type { QuorumEnd } from "../recovery/move/quorum-end.ts";

/** How long a start waits for another node that moves the quorum just now, and how often it looks, in milliseconds. */
const wait = { limit: 60_000, pause: 250 };

/** Opens an end by its name; `data` has the cluster keys. CALL_NOT_IMPLEMENTED for a kind that can't be moved. */
export function endOpener(
  outside: Outside,
  { insist }: Pick<NodeRecord, "insist">,
  data?: string,
): (end: EndName) => QuorumEnd {
  return ({ kind, place }) => {
    if (kind === "directory") return diskEnd(outside, place, { insist, freeBytes });
    if (kind === "etcd") return etcdEnd(outside, place, () => etcdParts(outside, place, { data }));
    throw fail("CALL_NOT_IMPLEMENTED", {
      happened: `A quorum of the kind "${kind}" can't be moved.`,
      unchanged: "Nothing was changed.",
    });
  };
}

/** How ends are opened, `endOpener` unless given: a simulation has quorums of its own. */
export type OpenEnds = typeof endOpener;

/** What a move on this node acts through. */
export function moveParts(
  outside: Outside,
  data: string,
  record: NodeRecord,
  openEnds: OpenEnds = endOpener,
): MoveParts {
  return {
    files: outside.files,
    data,
    open: openEnds(outside, record, data),
    remember: (end) => rememberQuorum(outside, data, end),
  };
}

/** Makes it the quorum of this node, durably. */
export async function rememberQuorum(outside: Outside, data: string, { place }: EndName): Promise<void> {
  const record = await readNodeRecord(outside.files, data);
  if (record !== undefined && record.quorum !== place)
    await writeNodeRecord(outside.files, data, { ...record, quorum: place });
}

/** The quorum of a node as an end. */
export function recordedEnd({ quorum }: Pick<NodeRecord, "quorum">): EndName {
  return { kind: isEtcdPlace(quorum) ? "etcd" : "directory", place: quorum };
}

/** Where the cluster of this record is. A place that can't be read says nothing: whoever opens it tells what is wrong. */
export async function settle(outside: Outside, record: NodeRecord, openEnds: OpenEnds = endOpener): Promise<Settled> {
  const open = openEnds(outside, record);
  try {
    return await settleMove(open(recordedEnd(record)), open);
  } catch {
    return { state: "here" };
  }
}

/**
 * Before anything of a node is opened: a move that it carried out itself is ended, one of another node is followed. Resolves with sentences
 * for the log. NOT_READY while another node moves the quorum, or when the new place can't be seen.
 */
export async function finishMove(outside: Outside, data: string, openEnds?: OpenEnds): Promise<readonly string[]> {
  const record = await readNodeRecord(outside.files, data);
  if (record === undefined) return [];
  const until = outside.clock.boot() + wait.limit;
  const own = await unlessBusy(outside, until, () => finishOwn(outside, data, record, openEnds));
  const told = own === undefined ? [] : [own.sentence];
  for (let now = (await readNodeRecord(outside.files, data)) ?? record; ; now = { ...now }) {
    const settled = await settle(outside, now, openEnds);
    if (settled.state === "here") return told;
    if (settled.state === "moved") {
      await rememberQuorum(outside, data, settled.to);
      told.push(`The quorum was moved from ${now.quorum} to ${settled.to.place}.`);
      now = { ...now, quorum: settled.to.place };
      continue;
    }
    if (settled.state === "unknown" || outside.clock.boot() >= until) throw notReady(settled.sentence);
    await outside.timers.sleep(wait.pause);
  }
}

/** Another node may hold the lock for a moment, to look. */
async function unlessBusy<T>(outside: Outside, until: number, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (failureOf(error).name !== "BUSY" || outside.clock.boot() >= until) throw error;
      await outside.timers.sleep(wait.pause);
    }
  }
}

async function finishOwn(
  outside: Outside,
  data: string,
  record: NodeRecord,
  openEnds: OpenEnds | undefined,
): Promise<MoveEnd | undefined> {
  const found = await readMove(outside.files, data);
  if (found === undefined) return undefined;
  const { from, departure } = found.order;
  if (record.quorum === from.place || record.quorum === departure.to)
    return resumeMove(moveParts(outside, data, record, openEnds));
  // A person has put the node under another quorum since.
  await removeMove(outside.files, data);
  return undefined;
}

/** Nothing can live under the quorum just now. */
export function notReady(sentence: string): Error {
  return fail("NOT_READY", {
    happened: sentence,
    unchanged: "Nothing was changed.",
    next: "Mount the new place on this node; start the service of the node that moved it; `clubar doctor` says what is in either place.",
  });
}
