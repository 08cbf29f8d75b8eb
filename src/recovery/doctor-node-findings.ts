/** What is wrong with this node itself: its record, service, folder, registry, disk and clock. Pure. */
import type { DoctorFacts } from "./doctor-facts.ts";
import { type Finding, note, notChecked, ok, problem, warning } from "./doctor-finding.ts";

/** Below this, in bytes, a log or snapshot may not fit. */
const littleSpace = 64 * 1024 * 1024;
/** How far the clock may lie behind the newest file, in milliseconds. */
const clockSlack = 60_000;

const nodeIsElsewhere =
  "There is no node.json in it; perhaps another folder is meant. " +
  "If its disk was lost: clubar vss restore SET puts the node back.";

/** The record: without it nothing else is known. */
export function judgeRecord({ record, data, command }: DoctorFacts): Finding[] {
  if (record.state === "ok") return [ok("record", `${data} is node ${record.name} of cluster ${record.cluster}.`)];
  if (record.state === "none") {
    return [
      problem("record", 8, `${data} holds no node.`, nodeIsElsewhere, [
        { command: "clubar --data FOLDER doctor", why: "look at the right data folder", rank: 10 },
        {
          command: `${command} cluster join --node NAME --quorum FOLDER`,
          why: "make it a node of a cluster that runs",
          rank: 20,
        },
        {
          command: `${command} restore SET noforce --node NAME --quorum FOLDER`,
          why: "on a new machine, when no node is left",
          rank: 30,
        },
      ]),
    ];
  }
  const happened = `The record of the node can't be read: ${record.why}`;
  if (record.state === "denied") {
    const look = { command: `ls -l ${data}`, why: "see whose it is, and run the doctor as that user", rank: 10 };
    return [problem("record", 12, happened, "The doctor must run as the user that runs the service.", [look])];
  }
  const why =
    "Put it back from a copy or a VSS set (clubar vss restore SET); " +
    "or evict the node on another one and join again with an empty data folder.";
  return [problem("record", 5, happened, why)];
}

/** Whether the service runs, and what it is. */
export function judgeService({ service, command, unfinished }: DoctorFacts, canStart: boolean): Finding[] {
  switch (service.state) {
    case "answers":
      return judgeRole(service);
    case "hangs":
      return [
        problem("service", 10, `The service does not answer, but ${service.evidence}.`, "It starts, ends, or hangs.", [
          { command: `${command} status`, why: "ask again in a moment", rank: 15 },
        ]),
      ];
    case "denied":
      return [
        problem("service", 12, `The service can't be asked: ${service.evidence}.`, "Ask as the user that runs it."),
      ];
    case "stopped": {
      const begun = "what" in (unfinished ?? {});
      const start = { command: `${command} service`, why: begun ? "start it; it finishes what was begun" : "start it" };
      return [
        problem(
          "service",
          11,
          "The service of this node does not run.",
          service.evidence,
          canStart || begun ? [{ ...start, rank: begun ? 5 : 20 }] : [],
        ),
      ];
    }
  }
}

function judgeRole(service: Extract<DoctorFacts["service"], { state: "answers" }>): Finding[] {
  const { role, because, containment } = service;
  const findings: Finding[] = [];
  if (role === "leader" || role === "member") findings.push(ok("service", `The service runs; this node is a ${role}.`));
  else if (role === "alone")
    findings.push(problem("alone", 6, "This node is no member of a cluster with a leader.", because));
  else findings.push(warning("service", `The service is ${role}.`, because || "Ask again in a moment."));
  if (containment === "process-group") {
    findings.push(
      note(
        "containment",
        "Applications don't certainly die with this node's host.",
        "There are no PID namespaces here: when this node is lost, a person must say `clubar node confirm-down`.",
      ),
    );
  }
  return findings;
}

/** A restore that was cut off, how the last one ended, copies that were put aside. */
export function judgeFolder({ unfinished, lastRestore, diverged, data, command, service }: DoctorFacts): Finding[] {
  const findings: Finding[] = [];
  if (unfinished !== null && "notChecked" in unfinished) {
    findings.push(
      problem("restore-record", 5, "The record of an unfinished restore can't be read.", unfinished.notChecked, [
        {
          command: `mv ${data}/restore/plan.json ${data}/restore/plan.json.aside`,
          why: "the quorum is whole either way",
          rank: 12,
        },
      ]),
    );
  } else if (unfinished !== null) {
    const running = service.state === "answers";
    findings.push(
      (running ? warning : (id: string, sentence: string, why: string) => problem(id, 75, sentence, why))(
        "restore-unfinished",
        `A restore from ${unfinished.what} is ${running ? "under way or" : ""} unfinished.`.replace("  ", " "),
        "The next start of the service finishes it, or gives it up with the quorum as it was.",
      ),
    );
  }
  if (lastRestore?.outcome === "abandoned")
    findings.push(note("last-restore", "The last restore on this node was abandoned.", lastRestore.sentence));
  if (diverged.length > 0) {
    const newest = diverged.at(-1) ?? "";
    findings.push(
      note(
        "diverged",
        `A copy of the database that the cluster went on without was put aside: ${diverged.join(", ")}.`,
        "This node had updates of an older generation, or of another history.",
        [{ command: `${command} diff ${data}/${newest} ${data}/ClusDb`, why: "see what the other copy had", rank: 80 }],
      ),
    );
  }
  return findings;
}

/** Hives that can't be read keep the service from starting. */
export function judgeHives({ hives, command, backups }: DoctorFacts): Finding[] {
  if ("notChecked" in hives) return [notChecked("registry", "this node's registry", hives.notChecked)];
  const bad = hives.filter(({ damage }) => damage !== undefined);
  if (bad.length === 0) return [ok("registry", `The hives of this node's registry can be read (${hives.length}).`)];
  const set = Array.isArray(backups) ? backups.find(({ complete }) => complete)?.path : undefined;
  return bad.map(({ name, damage }) =>
    problem(
      "registry",
      5,
      `Hive ${name} of this node's registry is damaged: ${damage ?? ""}`,
      "The service can't start with it.",
      [
        {
          command: `${command} vss restore ${set ?? "SET"}`,
          why: "put this node's hives back from a backup of it",
          rank: 10,
        },
      ],
    ),
  );
}

/** Room on the disks. */
export function judgeSpace({ space }: DoctorFacts): Finding[] {
  if ("notChecked" in space) return [notChecked("space", "room on the disks", space.notChecked)];
  const full = space.filter(({ free }) => free < littleSpace);
  if (full.length === 0) return space.length === 0 ? [] : [ok("space", "There is room on the disks.")];
  return full.map(({ what, path, free }) =>
    problem(
      "disk-full",
      1,
      `The disk of the ${what} ${path} is full: ${Math.floor(free / 1024 / 1024)} MiB are free.`,
      "No update can be written there.",
      [{ command: `df -h ${path}`, why: "see which disk it is, and make room", rank: 8 }],
    ),
  );
}

/** Wall time is for people only, but time stamps and failback windows go by it. */
export function judgeClock({ now, newestWrite }: DoctorFacts): Finding[] {
  if (newestWrite === null || newestWrite - now < clockSlack) return [];
  const seconds = Math.round((newestWrite - now) / 1000);
  return [
    warning(
      "clock",
      `The clock went back: something was written ${seconds} s in the future.`,
      "Failover does not go by it, but ages of backups and versions do.",
      [{ command: "timedatectl", why: "look at the clock", rank: 60 }],
    ),
  ];
}
