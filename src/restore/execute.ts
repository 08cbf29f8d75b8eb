/**
 * Executes a plan. Each step may be repeated; what is done is on disk before the next begins, so that a restore which was cut
 * off is finished at the next start. Until the switch the quorum is as it was, and any error abandons the restore; from the
 * switch on it is only finished.
 */
import { refuseBlocked } from "../base/blocked.ts";
import { fail, type Failure } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import type { Outside } from "../base/outside.ts";
import { shellWord } from "../base/shell-word.ts";
import { generationName } from "../quorum/rules.ts";
import { retireQuorum, switchGeneration } from "../quorum/open.ts";
import { formatTag } from "../quorum/tag.ts";
import { judgeAgain } from "./ask-nodes.ts";
import { build, discardBuilt, verifyBuilt } from "./build.ts";
import {
  closeRecord,
  readRecord,
  removeRecord,
  type RestoreLocks,
  type RestoreRecord,
  type RestoreResult,
  takeLocks,
  writeRecord,
} from "./journal.ts";
import type { NodeFact, RestorePlan, Step } from "./plan-types.ts";
import { inForce, type Present, readPresent } from "./present.ts";
import { keepBackup, keepCopy, type Kept } from "./safety.ts";
import { refuseWhatIsBack } from "./still-lost.ts";

/** What a restore acts through. */
export interface ExecuteParts {
  readonly outside: Pick<Outside, "files" | "random" | "clock">;
  /** This node's data folder. */
  readonly data: string;
  /** This node's name. */
  readonly node: string;
  readonly insist?: boolean;
  /** Tells the plan's nodes to stop, as well as it can; returns a sentence for each. */
  readonly stopNodes?: (plan: RestorePlan) => Promise<readonly string[]>;
  /** Makes `place` the quorum of this node and the node one of that cluster, durably. May be repeated. */
  readonly rememberPlace?: (
    place: string,
    cluster: { readonly name: string; readonly instance: string },
  ) => Promise<void>;
}

/** What a restore that was cut short goes on through. */
export interface ResumeParts extends ExecuteParts {
  /** What is known now of the nodes but this one: between the plan and this start anybody may have started one. */
  readonly askNodes: (plan: RestorePlan) => Promise<readonly NodeFact[]>;
}

const asItWas = "The quorum is as it was.";

/**
 * Runs an approved plan to its end. The plan's first blocker; BUSY; INVALID_STATE when an earlier restore is unfinished; REVISION_MISMATCH
 * when the quorum changed since; what a step ran into. After any rejection before the switch nothing is left to finish.
 */
export async function executeRestore(parts: ExecuteParts, plan: RestorePlan): Promise<RestoreResult> {
  refuseBlocked(plan.blockers);
  const { files } = parts.outside;
  const locks = await takeLocks(files, parts.data, plan.place).catch((error: unknown) =>
    Promise.reject(withUnchanged(error)),
  );
  try {
    await refuseUnfinished(parts, plan);
    return await runOrAbandon(
      parts,
      { format: 1, plan, done: [], safety: undefined, built: undefined, notes: [] },
      locks,
    );
  } finally {
    await locks.release();
  }
}

async function refuseUnfinished({ outside, data }: ExecuteParts, plan: RestorePlan): Promise<void> {
  const before = await readRecord(outside.files, data);
  if (before === undefined) return;
  throw fail("INVALID_STATE", {
    happened: `An earlier restore from ${before.plan.set.path} is unfinished${before.plan.id === plan.id ? "; it is this one" : ""}.`,
    unchanged: "Nothing was changed.",
    next: "Start the cluster service of this node, which finishes it, then plan again.",
  });
}

/**
 * Finishes a restore that was cut off, or abandons it when that is no longer possible and nothing has been switched. undefined when
 * there is none. Rejects with BUSY, or when a restore that was switched can't be finished now: then the next call tries again.
 */
export async function resumeRestore(parts: ResumeParts): Promise<RestoreResult | undefined> {
  const { files } = parts.outside;
  if ((await readRecord(files, parts.data)) === undefined) return undefined;
  const place = (await readRecord(files, parts.data))?.plan.place ?? "";
  const locks = await takeLocks(files, parts.data, place);
  try {
    // Read again under the lock.
    const record = await readRecord(files, parts.data);
    if (record === undefined) return undefined;
    const foreign = locks.planBefore !== undefined && locks.planBefore !== record.plan.id;
    if (foreign && record.done.length > 0 && !(await isSwitched(parts, record.plan))) {
      return await abandon(parts, record, new Error(`another restore into ${place} began after it`));
    }
    return await runOrAbandon(parts, record, locks, () => askAgain(parts, record)).catch(async (error: unknown) => {
      // An error that abandoned it is an answer; one after the switch is not.
      if ((await readRecord(files, parts.data)) !== undefined) throw error;
      return resultOf(parts, record, "abandoned", sentenceOf(error));
    });
  } finally {
    await locks.release();
  }
}

async function isSwitched({ outside }: ExecuteParts, plan: RestorePlan): Promise<boolean> {
  return (await inForce(outside.files, plan.place)) === generationName(plan.identity);
}

async function runOrAbandon(
  parts: ExecuteParts,
  begun: RestoreRecord,
  locks: RestoreLocks,
  prepare?: () => Promise<RestoreRecord>,
): Promise<RestoreResult> {
  const { files } = parts.outside;
  let record = begun;
  try {
    await writeRecord(files, parts.data, record);
    await locks.claim(record.plan.id);
    if (prepare !== undefined) record = await prepare();
    for (const { kind } of record.plan.steps) {
      if (kind === "finish" || record.done.includes(kind)) continue;
      const more =
        (await isSwitched(parts, record.plan)) && beforeSwitch.has(kind) ? {} : await act[kind](parts, record);
      record = { ...record, ...more, done: [...record.done, kind] };
      await writeRecord(files, parts.data, record);
    }
    const result = resultOf(parts, record, "restored", `Generation ${record.plan.generation.to} is in force.`);
    await closeRecord(files, parts.data, result);
    return result;
  } catch (error) {
    if (await isSwitched(parts, record.plan)) throw unfinished(record, error);
    await abandon(parts, record, error);
    throw withUnchanged(error);
  }
}

/** The record to go on with: nodes that run again although they were told to stop are told once more. */
async function askAgain(parts: ResumeParts, record: RestoreRecord): Promise<RestoreRecord> {
  const { plan, done } = record;
  if (await isSwitched(parts, plan)) return record;
  const running = judgeAgain(plan, await parts.askNodes(plan));
  return running.length === 0 ? record : { ...record, done: done.filter((kind) => kind !== "stop-nodes") };
}

const beforeSwitch = new Set<Step["kind"]>(["stop-nodes", "safety-backup", "safety-copy", "build", "verify-built"]);

type Act = (parts: ExecuteParts, record: RestoreRecord) => Promise<Partial<RestoreRecord>>;

const act: Readonly<Record<Exclude<Step["kind"], "finish">, Act>> = {
  "stop-nodes": async ({ stopNodes }, { plan, notes }) => {
    const said = (await stopNodes?.(plan)) ?? ["Nobody could tell the other nodes to stop."];
    return { notes: [...notes, ...said] };
  },
  "safety-backup": async (parts, { plan, notes }) => {
    const present = await readPresent(parts.outside, plan.place, parts.insist === true, parts.data);
    refuseChanged(plan, present);
    return withKept(await keep(parts, plan, present), notes);
  },
  "safety-copy": async ({ outside }, { plan, notes }) => {
    await outside.files.makeFolder(plan.safety ?? "");
    return withKept(await keepCopy(outside.files, plan.place, plan.safety ?? ""), notes);
  },
  build: async ({ outside, data }, { plan }) => ({ built: await build(outside, plan, data) }),
  "verify-built": async ({ outside, data }, { plan, built }) => {
    if (built === undefined) throw fail("INTERNAL_ERROR", { happened: "Nothing was built.", unchanged: asItWas });
    await verifyBuilt(outside, plan, built, data);
    return {};
  },
  switch: async (parts, record) => {
    const isDone = await isSwitched(parts, record.plan);
    if (!isDone) await refuseWhatIsBack(parts.outside, record.plan, parts.insist === true);
    const more = isDone ? {} : await keepNewer(parts, record);
    await switchGeneration(parts.outside, record.plan);
    return more;
  },
  place: async ({ rememberPlace, outside, insist }, { plan, notes }) => {
    if (rememberPlace === undefined)
      throw fail("INTERNAL_ERROR", { happened: `Nobody can make ${plan.place} the quorum of this node.` });
    const retired = await retireFormer(outside, plan, insist === true);
    await rememberPlace(plan.place, plan.identity);
    return retired === undefined ? {} : { notes: [...notes, retired] };
  },
};

/**
 * The nodes of the place that is left would go on under it: it must confirm nobody any more before the new generation has a leader, who
 * counts their permits from then (docs/safety.md §5.1). Another cluster's quorum is left alone.
 */
async function retireFormer(
  outside: ExecuteParts["outside"],
  { formerPlace, identity, place }: RestorePlan,
  insist: boolean,
): Promise<string | undefined> {
  if (formerPlace === undefined || formerPlace === place) return undefined;
  const former = await readPresent(outside, formerPlace, insist);
  if (former.state === "readable" && former.identity.instance !== identity.instance) return undefined;
  if (!(await retireQuorum(outside, formerPlace))) return undefined;
  return `The quorum ${formerPlace} was retired: no node can run under it any more. Its content is unchanged.`;
}

function withKept({ safety, notes }: Kept, before: readonly string[]): Partial<RestoreRecord> {
  return { safety, notes: [...before, ...notes] };
}

async function keep({ outside, node }: ExecuteParts, plan: RestorePlan, present: Present): Promise<Kept> {
  const path = plan.safety ?? "";
  if (present.state === "readable") return keepBackup(outside, present, path, node);
  return keepCopy(outside.files, plan.place, `${path}.copy`);
}

/** Updates that were made after the safety backup, by a node that nobody could stop, are kept too. */
async function keepNewer(parts: ExecuteParts, { plan, safety, notes }: RestoreRecord): Promise<Partial<RestoreRecord>> {
  if (plan.present === undefined) return {};
  const present = await readPresent(parts.outside, plan.place, parts.insist === true, parts.data);
  if (present.state !== "readable" || formatTag(present.tag) === safety?.tag) return {};
  refuseChanged(plan, present);
  return withKept(await keep(parts, plan, present), [
    ...notes,
    `The quorum went on to ${formatTag(present.tag)} and was backed up once more.`,
  ]);
}

/** Without force the state that a person agreed to give up must be the state that is given up. */
function refuseChanged(plan: RestorePlan, present: Present): void {
  if (plan.force || plan.present === undefined || present.state !== "readable") return;
  if (present.contentDigest === plan.present.contentDigest) return;
  throw fail("REVISION_MISMATCH", {
    happened: `The quorum was changed since the restore was planned: it was at ${plan.present.tag} and is at ${formatTag(present.tag)}.`,
    unchanged: asItWas,
    next: "Plan the restore again and look at what would be lost.",
  });
}

async function abandon(parts: ExecuteParts, record: RestoreRecord, error: unknown): Promise<RestoreResult> {
  const { files } = parts.outside;
  const result = resultOf(parts, record, "abandoned", sentenceOf(error));
  await discardBuilt(parts.outside, record.plan);
  // On a full disk the result can't be noted, but what must not be resumed goes away.
  await closeRecord(files, parts.data, result).catch(() => removeRecord(files, parts.data));
  return result;
}

function sentenceOf(error: unknown): string {
  return `The restore was abandoned, and the quorum is as it was: ${failureOf(error).happened.replace(/\.$/, "")}.`;
}

function withUnchanged(error: unknown): Failure {
  const failure = failureOf(error);
  if (failure.unchanged !== "") return failure;
  return fail(failure.name, {
    happened: failure.happened,
    unchanged: asItWas,
    next: failure.next || "Mend the cause, then plan the restore again.",
    cause: error,
  });
}

function unfinished({ plan }: RestoreRecord, error: unknown): Failure {
  const failure = failureOf(error);
  return fail(failure.name, {
    happened: `Generation ${plan.generation.to} is in force, but the restore could not be finished: ${failure.happened}`,
    unchanged: "Nothing is lost.",
    next: "Mend the cause and start the cluster service of this node, which finishes it.",
    cause: error,
  });
}

function resultOf(
  { outside, data }: ExecuteParts,
  { plan, safety, notes }: RestoreRecord,
  outcome: RestoreResult["outcome"],
  sentence: string,
): RestoreResult {
  return {
    format: 1,
    id: plan.id,
    outcome,
    sentence,
    time: Math.floor(outside.clock.wall()),
    place: plan.place,
    set: plan.set.path,
    tag: formatTag(plan.tag),
    safety,
    undo: outcome === "abandoned" ? "There is nothing to undo." : undoOf(data, plan, safety),
    mustJoinAgain: outcome === "abandoned" ? [] : plan.mustJoinAgain,
    notes,
  };
}

function undoOf(data: string, plan: RestorePlan, safety: RestoreRecord["safety"]): string {
  const clubar = `clubar --data ${shellWord(data)}`;
  if (safety === undefined && plan.copy !== undefined)
    return `There was nothing in ${plan.place} to go back to. An older backup set goes back further: ${clubar} restore SET noforce`;
  if (safety === undefined)
    return `There was no cluster in ${plan.place} before; what this node's quorum was before, if it was elsewhere, is as it was.`;
  if (safety.kind === "backup") return `${clubar} restore ${shellWord(safety.path)} noforce`;
  // The folder that comes back is of an older generation than the nodes have seen by now.
  return (
    `Stop every node, put the files of ${safety.path} in the place of ${plan.place}, then say which generation of it counts: ` +
    `${clubar} cluster force-quorum --from GENERATION --force`
  );
}
