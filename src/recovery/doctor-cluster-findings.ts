/** What is wrong with the cluster: nodes, groups, checkpoints, backups. Pure. */
import { shellWord } from "../base/shell-word.ts";
import type { DoctorFacts, GroupFact, NodeFact } from "./doctor-facts.ts";
import { type Finding, note, notChecked, ok, problem, warning } from "./doctor-finding.ts";

const week = 7 * 24 * 3_600_000;

/** This node's membership, and the other nodes. */
export function judgeNodes(facts: DoctorFacts): Finding[] {
  const { nodes, record } = facts;
  if ("notChecked" in nodes) return [notChecked("nodes", "the other nodes", nodes.notChecked)];
  const findings: Finding[] = [];
  const self = nodes.find(({ isSelf }) => isSelf);
  const evicted = self === undefined ? undefined : judgeSelf(self, nodes, record);
  if (evicted !== undefined) return [evicted, ...nodes.filter(({ isSelf }) => !isSelf).flatMap(toldNothing)];
  const down = new Set(
    "notChecked" in facts.cluster
      ? []
      : facts.cluster.nodes.filter(({ state }) => state === "down").map(({ name }) => name),
  );
  const others = nodes.filter(({ isSelf, isMember }) => !isSelf && isMember);
  for (const node of others) findings.push(...judgeOther(node, down.has(node.name), facts));
  const living = others.every(({ life }) => life === "living");
  if (others.length > 0 && living) findings.push(ok("nodes", `All other nodes live (${others.length}).`));
  return findings;
}

/** No member: the newest database says so, or a node that answers while none takes this one for a member. */
function judgeSelf(self: NodeFact, nodes: readonly NodeFact[], record: DoctorFacts["record"]): Finding | undefined {
  const others = nodes.filter(({ isSelf }) => !isSelf);
  const deniers = others.filter(({ deniesUs }) => deniesUs).map(({ name }) => name);
  const isDenied = deniers.length > 0 && !others.some(({ life }) => life === "living");
  if (self.isMember && !isDenied) return undefined;
  const why = self.isMember ? `That is the answer of ${deniers.join(", ")}.` : "The newest database does not have it.";
  const join = `clubar --data NEW-FOLDER cluster join --node ${self.name}`;
  const again = "make it a member again, with an empty data folder";
  const quorum = record.state === "ok" ? shellWord(record.quorum) : "FOLDER";
  // Whose folder is not known from its address is reached over TLS.
  const advice = others.every(({ data }) => data !== undefined)
    ? [{ command: `${join} --quorum ${quorum}`, why: again, rank: 10 }]
    : [
        { command: "clubar node token >token", why: "on a node of the cluster; bring the file here", rank: 10 },
        { command: `${join} --listen HOST:PORT --token-file token`, why: again, rank: 11 },
      ];
  const sentence = `Node ${self.name} is no member of its cluster any more: it was evicted.`;
  return problem("evicted", 8, sentence, why, advice);
}

/** What runs on the members is none of the business of a node that is none. */
function toldNothing({ name, life, evidence, isMember, deniesUs }: NodeFact): Finding[] {
  if (!isMember) return [];
  if (life === "living" || deniesUs === true) return [ok("nodes", `Node ${name} lives.`)];
  return [notChecked("nodes", `whether node ${name} runs`, evidence)];
}

function judgeOther(node: NodeFact, isDown: boolean, { command, quorum }: DoctorFacts): Finding[] {
  const { name, life, evidence, why, data } = node;
  const findings: Finding[] = [];
  const inOrder = "notChecked" in quorum || quorum.condition === "in order";
  if (life === "stopped") {
    const start = {
      command: `clubar --data ${data ?? `FOLDER-OF-${name}`} service`,
      why: `start node ${name}`,
      rank: 40,
    };
    findings.push(warning("node-stopped", `Node ${name} does not run.`, evidence, inOrder ? [start] : []));
  }
  if (life === "unknown") {
    const down = `Unknown is not down${isDown ? "; the cluster counts it as down" : ""}.`;
    findings.push(
      warning("node-unknown", `Whether node ${name} runs is unknown.`, `${evidence.replace(/\.$/, "")}. ${down}`, [
        { command: `${command} node confirm-down ${name}`, why: `only when node ${name} is certainly off`, rank: 45 },
      ]),
    );
  }
  if (why !== undefined) findings.push(notChecked("copy", `node ${name}'s copy of the database`, why));
  return findings;
}

/** Groups and their resources, as the service tells. */
export function judgeGroups({ cluster, command, service }: DoctorFacts): Finding[] {
  const what = "states of groups and resources";
  if ("notChecked" in cluster) return [notChecked("groups", what, cluster.notChecked)];
  if (service.state === "answers" && service.role !== "leader" && service.role !== "member")
    return [notChecked("groups", what, "this node is no member now, and what it knows may be old")];
  const findings = cluster.groups.flatMap((group) => judgeGroup(group, command));
  const waits = service.state === "answers" ? service.waits : [];
  for (const wait of waits) {
    const node = /clubar node confirm-down (\S+)/.exec(wait)?.[1]?.replace(/[.;]$/, "");
    findings.push(
      problem(
        "waits",
        1,
        "A group can't be placed now.",
        wait,
        node === undefined
          ? []
          : [
              {
                command: `${command} node confirm-down ${node}`,
                why: `only when node ${node} is certainly off`,
                rank: 30,
              },
            ],
      ),
    );
  }
  for (const line of cluster.pending)
    findings.push(warning("pending", "A change is in no checkpoint version yet.", line));
  if (findings.length > 0 || cluster.leader === null) return findings;
  return [ok("groups", "All groups are as they should be.")];
}

function judgeGroup(
  { name, state, owner, wanted, held, heldOn, failed, troubles }: GroupFact,
  command: string,
): Finding[] {
  const quoted = JSON.stringify(name);
  if (held !== null) {
    return [
      warning("group-held", `Group ${quoted} is held offline until it is released.`, held, [
        ...(heldOn === null
          ? []
          : [
              {
                command: `${command} recover checkpoints --all --plan`,
                why: `first, when the settings that are live on ${heldOn} are the right ones`,
                rank: 24,
              },
            ]),
        {
          command: `${command} group release ${quoted}`,
          why: "let it come online with the settings as they are",
          rank: 26,
        },
      ]),
    ];
  }
  if (!wanted) return [];
  const reasons = troubles.map(({ resource, reason }) => `${resource}: ${reason}`).join("; ");
  if (failed !== null || state === "failed") {
    return [
      problem(
        "group-failed",
        1,
        `Group ${quoted} has failed${owner === null ? "" : ` on ${owner}`}.`,
        [failed, reasons].filter(Boolean).join(" "),
        [
          { command: `${command} group online ${quoted}`, why: "when the cause is mended: try it again", rank: 28 },
          ...(owner === null
            ? []
            : [{ command: `${command} group move ${quoted}`, why: "or let another node try", rank: 29 }]),
        ],
      ),
    ];
  }
  if (state === "unknown")
    return [
      problem("group-unknown", 1, `Where group ${quoted} runs is unknown.`, reasons || "Its owner does not answer."),
    ];
  if (state === "online" || troubles.length === 0) return [];
  return [warning("group-not-online", `Group ${quoted} is ${state}.`, reasons)];
}

/** The files behind the current checkpoint versions. */
export function judgeCheckpoints({ checkpoints, command }: DoctorFacts): Finding[] {
  if ("notChecked" in checkpoints)
    return [notChecked("checkpoints", "the files of the checkpoints", checkpoints.notChecked)];
  const bad = checkpoints.filter(({ state }) => state === "lost" || state === "damaged");
  const open = checkpoints.filter(({ state }) => state === "not checked");
  const findings = bad.map(({ resource, path, file, state }) =>
    problem(
      `checkpoint-${state}`,
      5,
      `The file of checkpoint ${path} of ${JSON.stringify(resource)} is ${state} (${file}).`,
      "On another node the resource could not get its settings.",
      [
        {
          command: `${command} recover checkpoints ${JSON.stringify(resource)}`,
          why: "re-create it from the live settings of the node that owns the resource",
          rank: 22,
        },
      ],
    ),
  );
  for (const { resource, path, why = "the database has no digest of it" } of open)
    findings.push(notChecked("checkpoints", `the file of checkpoint ${path} of ${resource}`, why));
  if (bad.length === 0 && checkpoints.length > 0)
    findings.push(
      ok("checkpoints", `The files of the current checkpoints are whole (${checkpoints.length - open.length}).`),
    );
  return findings;
}

/** Whether there is something to go back to. */
export function judgeBackups({ backups, now, command }: DoctorFacts): Finding[] {
  if ("notChecked" in backups) return [notChecked("backups", "backup sets", backups.notChecked)];
  const [newest] = backups.filter(({ isSafety, complete }) => !isSafety && complete);
  const take = { command: `${command} backup . "$HOME/clubar-$(date +%F)"`, why: "take a backup", rank: 90 };
  if (newest === undefined)
    return [
      note(
        "backup-none",
        "No backup set is known.",
        "Nothing says where one is; look with `clubar backup list FOLDER`.",
        [take],
      ),
    ];
  const days = Math.floor((now - newest.time) / (24 * 3_600_000));
  const text = `The newest backup known is ${newest.path}${newest.tag === null ? "" : `, tag ${newest.tag}`}`;
  if (now - newest.time > week) return [note("backup-old", `${text}, ${days} days old.`, "", [take])];
  return [ok("backup", `${text}; it was not verified.`)];
}
