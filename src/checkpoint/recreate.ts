/** Re-creating checkpoints from what is live on the owner (facts §5.1), and deleting their files before that. */
import { fail, type Failure } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { OutsideError } from "../base/outside.ts";
import { type DiffNode, type DiffTree, diffTree } from "../tree/diff-tree.ts";
import type { Key } from "../tree/key.ts";
import type { Aside } from "./aside.ts";
import type { Checkpoint, CheckpointParts, RecreateLine, RecreateOptions } from "./checkpoint.ts";
import { commitVersion, commitWithdrawal, type Held, notCheckpointed, requireOwned } from "./commit.ts";
import type { Contents, Live } from "./content.ts";
import { directoryKey } from "./directory-codec.ts";
import { samePath } from "./names.ts";
import { type ResourceRecords, versionsOf } from "./records.ts";
import { inspectStored, type Inspected } from "./stored.ts";

/** What re-creating works with on the owner. */
export interface RecreateParts {
  readonly parts: CheckpointParts;
  readonly contents: Contents;
  readonly aside: Aside;
  readonly held: Held;
  /** Called with each version that was made of what is live. */
  readonly captured: (checkpoint: Checkpoint) => void;
}

/** The most differences that a plan tells of one checkpoint, and the most bytes of a value before and after. */
const mostDifferences = 500;
const largestShown = 16_384;

/** What is live becomes the newest version of each checkpoint that was asked for; one that fails stops no other. FILE_NOT_FOUND, 5015. */
export async function recreateCheckpoints(
  at: RecreateParts,
  options: RecreateOptions,
): Promise<readonly RecreateLine[]> {
  const lines: RecreateLine[] = [];
  for (const checkpoint of wantedOf(at, options)) lines.push(await recreateOne(at, checkpoint, options.plan === true));
  return lines;
}

/** The files of all versions go, in one update, of checkpoints whose live content can be captured; the others stay as they are. */
export async function withdrawCheckpoints(
  at: RecreateParts,
  options: RecreateOptions,
): Promise<readonly RecreateLine[]> {
  const lines: RecreateLine[] = [];
  const ready: { readonly checkpoint: Checkpoint; readonly line: RecreateLine }[] = [];
  for (const checkpoint of wantedOf(at, options)) {
    const found = await lookAt(at, checkpoint);
    if (checkpoint.withdrawn === true) {
      lines.push({
        ...lineOf(checkpoint, found.inspected),
        result: "withdrawn",
        sentence: "Its files were deleted before.",
      });
      continue;
    }
    const line = { ...lineOf(checkpoint, found.inspected), result: "withdrawn" as const, sentence: "" };
    if (found.failure !== undefined) {
      lines.push(failedLine(checkpoint, found.inspected, found.failure));
    } else if (options.plan === true) {
      const { length } = versionsOf(recordsOf(at), checkpoint.kind, checkpoint.path);
      const sentence = `The ${length === 1 ? "file of its version is" : `files of its ${length} versions are`} deleted first.`;
      lines.push({ ...line, sentence, ...differencesOf(found.inspected, found.live) });
    } else {
      try {
        ready.push({
          checkpoint,
          line: { ...line, ...(await keepAside(at, checkpoint, found.inspected, "deleted to be re-created")) },
        });
      } catch (error) {
        lines.push(failedLine(checkpoint, found.inspected, notKept(error)));
      }
    }
  }
  if (ready.length === 0) return lines;
  try {
    await commitWithdrawal(
      at.parts,
      at.held,
      ready.map(({ checkpoint }) => checkpoint),
    );
    const { current } = recordsOf(at);
    const numberNow = ({ kind, path, number }: Checkpoint): number =>
      current.find((one) => one.kind === kind && samePath(kind, one.path, path))?.number ?? number;
    for (const { checkpoint, line } of ready) {
      const sentence = "Its files are deleted; until it is re-created, the resource comes online only on this node.";
      lines.push({ ...line, number: numberNow(checkpoint), sentence });
    }
  } catch (error) {
    for (const { checkpoint, line } of ready)
      lines.push(failedLine(checkpoint, { state: line.file }, notWritten(error)));
  }
  return lines;
}

function recordsOf({ parts, held }: RecreateParts): ResourceRecords {
  return requireOwned(parts, held).records;
}

function wantedOf(at: RecreateParts, { kind, path, newest }: RecreateOptions): readonly Checkpoint[] {
  const records = recordsOf(at);
  if (newest === true && records.lastOwner !== undefined && records.lastOwner !== records.group?.owner) {
    throw fail("REFUSED_FOR_SAFETY", {
      happened: `What is live here may not be the newest of resource "${records.name}": it ran last on node ${records.lastOwner}.`,
      unchanged: "No checkpoint was changed.",
      next: "Bring it online, or move its group there, and try again.",
    });
  }
  const wanted = records.current.filter(
    (one) => (kind === undefined || one.kind === kind) && (path === undefined || samePath(one.kind, one.path, path)),
  );
  if (path !== undefined && wanted.length === 0) throw notCheckpointed(records, kind ?? "registry", path);
  return wanted;
}

async function recreateOne(at: RecreateParts, checkpoint: Checkpoint, isPlan: boolean): Promise<RecreateLine> {
  const { parts, contents, held } = at;
  const { kind, path, number } = checkpoint;
  const { inspected, live, failure } = await lookAt(at, checkpoint);
  if (failure !== undefined || live === undefined) return failedLine(checkpoint, inspected, failure ?? nothingLive());
  const line = lineOf(checkpoint, inspected);
  try {
    const content = await contents.contentAside(live);
    if (inspected.state === "whole" && content.contentDigest === checkpoint.contentDigest) {
      return { ...line, result: "same", sentence: `Version ${number} is whole and holds what is live.` };
    }
    if (isPlan) {
      const sentence = `${whyAnew(inspected)} ${counted(content.bytes.length, "byte")} would be captured.`;
      return { ...line, result: "re-created", sentence, ...differencesOf(inspected, live) };
    }
    const kept = await keepAside(at, checkpoint, inspected, "re-created").catch((error: unknown) => {
      throw notKept(error);
    });
    const forget = await brokenHistory(at, checkpoint);
    const committed = await commitVersion(parts, held, { kind, path, content, isNew: false, forget }).catch(
      (error: unknown) => {
        throw notWritten(error);
      },
    );
    at.captured(committed.checkpoint);
    const now = committed.checkpoint.number;
    return {
      ...line,
      ...kept,
      number: now,
      result: "re-created",
      sentence: `${whyAnew(inspected)} Version ${now} holds what is live.`,
    };
  } catch (error) {
    return failedLine(checkpoint, inspected, failureOf(error));
  }
}

interface Found {
  readonly inspected: Inspected;
  readonly live?: Live;
  readonly failure?: Failure;
}

/** The file and the live content; without the content, or when the quorum does not answer, it fails. */
async function lookAt({ parts, contents, ...at }: RecreateParts, checkpoint: Checkpoint): Promise<Found> {
  const { records } = requireOwned(parts, at.held);
  const inspected = await inspectStored(parts.versions, records, checkpoint);
  try {
    const live = await contents.live(checkpoint);
    if (inspected.state === "not read" && inspected.why !== undefined)
      return { inspected, live, failure: unreadable(inspected.why) };
    return { inspected, live };
  } catch (error) {
    return { inspected, failure: failureOf(error) };
  }
}

/** Older versions that are lost or damaged: what is there of them is kept aside, and the database forgets them. */
async function brokenHistory(at: RecreateParts, checkpoint: Checkpoint): Promise<number[]> {
  const records = recordsOf(at);
  const broken: number[] = [];
  for (const older of versionsOf(records, checkpoint.kind, checkpoint.path)) {
    const inspected = await inspectStored(at.parts.versions, records, older);
    if (inspected.state === "whole" || inspected.state === "not read") continue;
    if (older.number !== checkpoint.number) await keepAside(at, older, inspected, "damaged");
    broken.push(older.number);
  }
  return broken;
}

async function keepAside(
  { aside, held }: RecreateParts,
  checkpoint: Checkpoint,
  { bytes, state }: Inspected,
  why: string,
): Promise<{ readonly aside?: string }> {
  if (bytes === undefined) return {};
  return { aside: await aside.keep(held.resource, checkpoint, bytes, `${why} (${state})`) };
}

function lineOf({ kind, path, number }: Checkpoint, { state }: Inspected): Omit<RecreateLine, "result" | "sentence"> {
  return { kind, path, before: number, number, file: state };
}

function failedLine(
  checkpoint: Checkpoint,
  inspected: Inspected,
  { name, win32, exit, happened, next }: Failure,
): RecreateLine {
  const error = { name, win32, exit, next };
  return { ...lineOf(checkpoint, inspected), result: "failed", sentence: happened, error };
}

function differencesOf({ stored }: Inspected, live: Live | undefined): Pick<RecreateLine, "differences"> {
  const [before, now] = [stored === undefined ? undefined : treeOf(stored.content), live && treeOf(live)];
  return before === undefined || now === undefined
    ? {}
    : { differences: withoutLarge(diffTree(before, now, { most: mostDifferences })) };
}

/** What can be compared entry by entry. */
function treeOf(content: Live): Key | undefined {
  if (content.kind === "directory") return directoryKey(content.entry);
  return content.kind === "registry" ? content.key : undefined;
}

/** A plan goes to people through the API: values with much data are counted and left out. */
function withoutLarge(tree: DiffTree): DiffTree {
  let left = 0;
  const small = (node: DiffNode): DiffNode => {
    const values = node.values.filter(
      ({ before, after }) => (before?.data.length ?? 0) + (after?.data.length ?? 0) <= largestShown,
    );
    left += node.values.length - values.length;
    return { ...node, values, children: node.children.map(small) };
  };
  const root = tree.root === undefined ? undefined : small(tree.root);
  return { root, counts: tree.counts, more: tree.more + left };
}

function whyAnew({ state }: Inspected): string {
  switch (state) {
    case "whole":
      return "What is live is different.";
    case "lost":
      return "Its file was lost.";
    case "stale":
      return "Its file was of another time or another cluster.";
    case "withdrawn":
      return "Its file was deleted to be re-created.";
    case "damaged":
    case "not read":
      return "Its file was damaged.";
  }
}

function unreadable(cause: Failure): Failure {
  return fail("QUORUMLOG_OPEN_FAILED", {
    happened: `The quorum could not be read: ${cause.happened}`,
    unchanged: "Nothing was changed.",
    next: "Try again when the quorum answers.",
    cause,
  });
}

/** A quorum that can't be written is 5028; what clubar itself refuses keeps its name. */
function notWritten(error: unknown): Failure {
  if (!(error instanceof OutsideError)) return failureOf(error);
  return fail("QUORUMLOG_OPEN_FAILED", {
    happened: `The quorum could not be written: ${error.message}`,
    unchanged: "The checkpoint is as it was.",
    next: "Make it writable, with room on it, then try again.",
    cause: error,
  });
}

function notKept(error: unknown): Failure {
  const cause = failureOf(error);
  return fail(cause.name, {
    happened: `The old file could not be kept aside on this node: ${cause.happened}`,
    unchanged: "The checkpoint is as it was.",
    next: cause.next,
    cause,
  });
}

function nothingLive(): Failure {
  return fail("FILE_NOT_FOUND", { happened: "Nothing is live on this node.", unchanged: "Nothing was changed." });
}

function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
