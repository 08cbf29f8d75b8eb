/** What is wrong with the quorum, and from which copy it would be formed anew. Pure. */
import { compareTags, formatTag, parseTag, type Tag } from "../quorum/tag.ts";
import type { DoctorFacts } from "./doctor-facts.ts";
import { type Advice, type Finding, notChecked, ok, problem } from "./doctor-finding.ts";
import type { QuorumCondition, QuorumFact } from "./doctor-quorum.ts";

/** A copy of the database somewhere. */
export interface KnownCopy {
  /** "node N2", "generation 1-… in /q" */
  readonly where: string;
  readonly tag: Tag;
  readonly lineage: string;
  /** In the quorum, or a node's. */
  readonly node: string | undefined;
}

/** The newest of all that could be read. */
export function newestCopy(facts: DoctorFacts): KnownCopy | undefined {
  return copiesOf(facts)[0];
}

/** The newest first; a generation before a node's copy of the same tag. */
function copiesOf({ quorum, nodes, record }: DoctorFacts): KnownCopy[] {
  const copies: KnownCopy[] = [];
  const instance = record.state === "ok" ? record.instance : undefined;
  if (!("notChecked" in quorum)) {
    for (const generation of quorum.generations) {
      const tag = parseTag(generation.tag ?? "");
      if (tag === undefined || generation.instance !== instance) continue;
      const where = `generation ${generation.name} in ${quorum.place}`;
      copies.push({ where, tag, lineage: generation.lineage ?? "", node: undefined });
    }
  }
  if (!("notChecked" in nodes)) {
    for (const node of nodes) {
      const tag = parseTag(node.tag ?? "");
      if (tag !== undefined)
        copies.push({ where: `node ${node.name}`, tag, lineage: node.lineage ?? "", node: node.name });
    }
  }
  return copies
    .map((copy, at) => ({ copy, at }))
    .toSorted((a, b) => compareTags(b.copy.tag, a.copy.tag) || a.at - b.at)
    .map(({ copy }) => copy);
}

const exits: Partial<Record<QuorumCondition, number>> = {
  unreadable: 12,
  "current damaged": 5,
  "log damaged": 5,
  "generation missing": 5,
};

/** Nothing forms by itself on a quorum that is not in order. */
export function judgeQuorum(facts: DoctorFacts): Finding[] {
  const { quorum } = facts;
  if ("notChecked" in quorum) return [notChecked("quorum", "the quorum", quorum.notChecked)];
  const copies = copiesOf(facts);
  const rival = rivalOf(copies);
  if (quorum.condition === "in order") return [...judgeReadable(facts, quorum, copies), ...strangers(quorum)];
  const findings = [
    problem(
      "quorum",
      exits[quorum.condition] ?? 6,
      quorum.sentence,
      `Nothing forms on it by itself. ${newestSentence(copies)}`,
      adviceFor(facts, quorum.condition, copies, rival),
    ),
  ];
  if (rival !== undefined) findings.push(twoHistories(copies, rival));
  return findings;
}

function newestSentence([newest]: readonly KnownCopy[]): string {
  if (newest === undefined) return "No copy of the database was found.";
  return `The newest copy of the database is that of ${newest.where}, at ${formatTag(newest.tag)}.`;
}

function adviceFor(
  facts: DoctorFacts,
  condition: QuorumCondition,
  copies: readonly KnownCopy[],
  rival: KnownCopy | undefined,
): Advice[] {
  const { record } = facts;
  const place = record.state === "ok" ? record.quorum : "FOLDER";
  const mounted = {
    command: `findmnt --target ${place}`,
    why: "first: is its disk mounted? What is on it may be newer",
  };
  switch (condition) {
    case "unreadable":
      return [{ command: `ls -ld ${place}`, why: "see who may read it", rank: 6 }];
    case "foreign":
    case "no folder":
    case "shared":
    case "retired":
      return adviceElsewhere(facts, place, condition === "retired");
    case "missing":
    case "empty":
      return [{ ...mounted, rank: 6 }, ...adviceAnew(facts, copies, rival)];
    default:
      return adviceAnew(facts, copies, rival);
  }
}

/** The cluster lives, or should live, in another folder. */
function adviceElsewhere({ command, nodes }: DoctorFacts, place: string, isRetired: boolean): Advice[] {
  const other =
    "notChecked" in nodes ? undefined : nodes.find(({ quorum }) => quorum !== undefined && quorum !== place);
  const use = {
    command: `${command} cluster use-quorum ${other?.quorum ?? "FOLDER"}`,
    why: other === undefined ? "when this cluster's own folder is another one" : `go where node ${other.name} is`,
    rank: 7,
  };
  const force = isRetired
    ? { command: "--force --plan", why: "only to come back here on purpose", rank: 30 }
    : { command: "--quorum FOLDER --plan", why: "when it is lost: form it anew in an empty folder", rank: 9 };
  return [use, { ...force, command: `${command} cluster force-quorum ${force.command}` }];
}

/** From a copy of the database, or from a set. */
function adviceAnew(
  { command, backups }: DoctorFacts,
  copies: readonly KnownCopy[],
  rival: KnownCopy | undefined,
): Advice[] {
  const [newest] = copies;
  const force = `${command} cluster force-quorum`;
  const advice: Advice[] = [];
  if (newest !== undefined && rival !== undefined) {
    for (const copy of [newest, rival]) {
      const why = `when the history of ${copy.where} is the right one`;
      advice.push({ command: `${force} --from ${nameOf(copy)} --force --plan`, why, rank: 9 });
    }
  } else if (newest !== undefined)
    advice.push({ command: `${force} --plan`, why: `see how it would be formed anew from ${newest.where}`, rank: 9 });
  const set = "notChecked" in backups ? undefined : backups.find(({ complete }) => complete);
  const setTag = parseTag(set?.tag ?? "");
  const isNewer = setTag !== undefined && newest !== undefined && compareTags(setTag, newest.tag) > 0;
  const rank = newest === undefined || isNewer ? 8 : 14;
  if (set !== undefined) {
    const why = "see what the newest backup known would put back";
    advice.push({ command: `${command} restore ${set.path} --plan`, why, rank });
  } else if (newest === undefined)
    advice.push({ command: `${command} backup list FOLDER`, why: "look for a backup set", rank });
  return advice;
}

/** As `--from` takes it. */
function nameOf({ node, where }: KnownCopy): string {
  return node ?? where.split(" ")[1] ?? where;
}

/** A readable quorum: is it older than what a node has seen? */
function judgeReadable({ command, nodes }: DoctorFacts, quorum: QuorumFact, copies: readonly KnownCopy[]): Finding[] {
  const current = quorum.generations.find(({ inForce }) => inForce);
  const tag = parseTag(current?.tag ?? "");
  const [newest] = copies;
  if (tag === undefined || newest === undefined) return [ok("quorum", quorum.sentence)];
  const force = {
    command: `${command} cluster force-quorum --plan`,
    why: "see how the cluster would go on from the newer copy",
    rank: 9,
  };
  const other = copies.find(({ node, lineage, tag: its }) => {
    return node !== undefined && lineage !== "" && its.generation === tag.generation && lineage !== current?.lineage;
  });
  if (other !== undefined) {
    return [
      problem(
        "two-histories",
        5,
        `There are two histories under generation ${tag.generation}: the quorum's and that of ${other.where}.`,
        "They are never merged: somebody forced or restored twice. Find out which one is right.",
        [
          {
            ...force,
            command: `${command} cluster force-quorum --from ${nameOf(other)} --force --plan`,
            why: "when the node's history is the right one",
          },
        ],
      ),
    ];
  }
  // Under a living leader a copy may be of a moment later than the look at the quorum.
  const living = !("notChecked" in nodes) && nodes.some(({ life }) => life === "living");
  const same = newest.tag.generation === tag.generation;
  if (compareTags(newest.tag, tag) <= 0 || newest.node === undefined || (living && same))
    return [ok("quorum", quorum.sentence)];
  return [
    problem(
      "quorum-behind",
      5,
      `The quorum is at ${formatTag(tag)}, but ${newest.where} has seen ${formatTag(newest.tag)}.`,
      "The quorum went back to an older state, as a disk does that was put back from a copy; newer updates are only in that node's copy.",
      [force],
    ),
  ];
}

function rivalOf(copies: readonly KnownCopy[]): KnownCopy | undefined {
  const [newest] = copies;
  if (newest === undefined || newest.lineage === "") return undefined;
  return copies.find(
    ({ tag, lineage }) => tag.generation === newest.tag.generation && lineage !== "" && lineage !== newest.lineage,
  );
}

function twoHistories([newest]: readonly KnownCopy[], rival: KnownCopy): Finding {
  return problem(
    "two-histories",
    5,
    `There are two histories under one generation: that of ${newest?.where ?? ""} and that of ${rival.where}.`,
    "They are never merged; a person must say which one is right.",
  );
}

function strangers({ strangers: names, place }: QuorumFact): Finding[] {
  if (names.length === 0) return [];
  return [
    {
      id: "strangers",
      level: "note",
      sentence: `There are files in ${place} that are not clubar's: ${names.slice(0, 5).join(", ")}.`,
      why: "They are left alone.",
      exit: 0,
      advice: [],
    },
  ];
}
