/** From facts to findings, a verdict, and at most three commands. Pure; the golden situations are in `test/doctor`. */
import { compareTags, formatTag, parseTag } from "../quorum/tag.ts";
import { judgeBackups, judgeCheckpoints, judgeGroups, judgeNodes } from "./doctor-cluster-findings.ts";
import type { DoctorFacts } from "./doctor-facts.ts";
import type { Advice, Finding } from "./doctor-finding.ts";
import { judgeEtcd, judgeFencing, judgeMounts } from "./doctor-machine-findings.ts";
import { judgeClock, judgeFolder, judgeHives, judgeRecord, judgeService, judgeSpace } from "./doctor-node-findings.ts";
import { judgeQuorum, newestCopy } from "./doctor-quorum-findings.ts";

/** What `clubar doctor` answers. */
export interface Diagnosis {
  /** The situation in one sentence. */
  readonly verdict: string;
  readonly restore: { readonly needed: "no" | "perhaps" | "yes"; readonly sentence: string };
  /** Problems first, then warnings, notes, what is right, what was not checked. */
  readonly findings: readonly Finding[];
  /** At most three, the best first. */
  readonly next: readonly Pick<Advice, "command" | "why">[];
  /** The newest copy of the database that was found: whose, at which tag. */
  readonly newest: { readonly where: string; readonly tag: string } | null;
  /** 0: nothing is wrong. */
  readonly exit: number;
}

const order = ["problem", "warning", "note", "ok", "not checked"] as const;

/** Never fails. */
export function diagnose(facts: DoctorFacts): Diagnosis {
  const found = facts.record.state === "ok" ? judgeAll(facts) : judgeRecord(facts);
  const evicted = found.find(({ id }) => id === "evicted");
  const rest = found
    .filter((one) => one !== evicted)
    .toSorted((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
  const findings = evicted === undefined ? rest : [evicted, ...rest];
  const newest = newestCopy(facts);
  return {
    verdict: verdictOf(findings),
    restore: judgeRestore(facts, findings),
    findings,
    // Whatever else is wrong, a node that was evicted has no say about the cluster.
    next: bestAdvice(evicted === undefined ? findings : [evicted]),
    newest: newest === undefined ? null : { where: newest.where, tag: formatTag(newest.tag) },
    exit: findings[0]?.exit ?? 0,
  };
}

function judgeAll(facts: DoctorFacts): Finding[] {
  const before = [...judgeQuorum(facts), ...judgeHives(facts), ...judgeNodes(facts)];
  const canStart = !before.some(
    ({ id, level }) => level === "problem" && /^(quorum|two-histories|registry|evicted)/.test(id),
  );
  return [
    ...judgeSpace(facts),
    ...before,
    ...judgeFolder(facts),
    ...judgeRecord(facts),
    ...judgeService(facts, canStart),
    ...judgeEtcd(facts),
    ...(before.some(({ id }) => id === "evicted") ? [] : judgeFencing(facts)),
    ...judgeMounts(facts),
    ...judgeGroups(facts),
    ...judgeCheckpoints(facts),
    ...judgeClock(facts),
    ...judgeBackups(facts),
  ];
}

function verdictOf(findings: readonly Finding[]): string {
  const [first] = findings;
  const problems = findings.filter(({ level }) => level === "problem").length;
  const warnings = findings.filter(({ level }) => level === "warning").length;
  if (first === undefined) return "Nothing was looked at.";
  if (problems > 0) return problems === 1 ? first.sentence : `${first.sentence} And ${problems - 1} more.`;
  if (warnings > 0)
    return `It works, but ${warnings === 1 ? "one thing needs" : `${warnings} things need`} attention: ${first.sentence}`;
  const open = findings.filter(({ level }) => level === "not checked").length;
  return open === 0
    ? "Nothing is wrong."
    : `Nothing is wrong with what was looked at; ${open === 1 ? "one thing was" : `${open} things were`} NOT CHECKED.`;
}

/** The rank decides; the same command is said once; what is only worth knowing has its turn when nothing is to be mended. */
function bestAdvice(findings: readonly Finding[]): Diagnosis["next"] {
  const mending = findings.some(({ level }) => level === "problem" || level === "warning");
  const urgent = findings.filter(({ level }) => !mending || level !== "note");
  const all = urgent.flatMap(({ advice }) => advice).toSorted((a, b) => a.rank - b.rank);
  const seen = new Set<string>();
  const best: Pick<Advice, "command" | "why">[] = [];
  for (const { command, why } of all) {
    if (seen.has(command)) continue;
    seen.add(command);
    best.push({ command, why });
  }
  return best.slice(0, 3);
}

/** Whether a backup must be put in force; most troubles need none. */
function judgeRestore(facts: DoctorFacts, findings: readonly Finding[]): Diagnosis["restore"] {
  const { quorum, record, backups } = facts;
  if (record.state !== "ok")
    return { needed: "perhaps", sentence: "Without the node's record nobody can say whether a restore is needed." };
  if ("notChecked" in quorum)
    return {
      needed: "perhaps",
      sentence: "The quorum could not be looked at, so nobody can say whether a restore is needed.",
    };
  const lost = findings.some(({ id }) => id === "quorum");
  const newest = newestCopy(facts);
  if (findings.some(({ id }) => id === "two-histories"))
    return { needed: "perhaps", sentence: "First find out which of the two histories is the right one." };
  if (findings.some(({ id }) => id === "quorum-behind"))
    return {
      needed: "no",
      sentence: `No restore is needed: ${newest?.where ?? "a node"} has a newer database than the quorum.`,
    };
  if (!lost || quorum.condition === "in order") {
    const unit = findings.some(({ id, level }) => level === "problem" && /^(registry|checkpoint)/.test(id));
    return {
      needed: "no",
      sentence: unit
        ? "No restore of the cluster is needed: its database is whole."
        : "No restore is needed: the cluster's database is whole.",
    };
  }
  if (["foreign", "retired", "unreadable", "no folder", "shared"].includes(quorum.condition))
    return { needed: "no", sentence: "No restore is needed before the right quorum folder is found." };
  if (newest !== undefined) {
    const sets = "notChecked" in backups ? [] : backups;
    const later = sets.find(({ tag, complete }) => {
      const parsed = tag === null ? undefined : parseTag(tag);
      return complete && parsed !== undefined && compareTags(parsed, newest.tag) > 0;
    });
    if (later !== undefined)
      return { needed: "yes", sentence: `The set ${later.path} is newer than every copy: restore it.` };
    return {
      needed: "no",
      sentence: `No restore is needed: ${newest.where} has the database at ${formatTag(newest.tag)}; a set would go back further.`,
    };
  }
  return { needed: "yes", sentence: "A restore is needed: nobody has a copy of the database." };
}
