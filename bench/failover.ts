/**
 * A service or a whole node lost, until the application is back: from the last line that it wrote on one node to its first on the next.
 * "Power off": every process of the node stands still, so no packet leaves. With clubar's own times, on a folder and on etcd.
 */
import { performance } from "node:perf_hooks";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openOutside } from "../src/base/outside-node.ts";
import {
  type EtcdMember,
  etcdPlaceOf,
  etcdProgram,
  type EtcdTimes,
  makeEtcdMembers,
} from "../src/daemon/demo/etcd-members.ts";
import type { NodeProcess } from "../src/daemon/demo/node-process.ts";
import { kill, OwnProcesses } from "../src/daemon/demo/own-processes.ts";
import { connectEtcd } from "../src/quorum/etcd/connect.ts";
import { parseEtcdPlace } from "../src/quorum/etcd/place.ts";
import { TestApp } from "../test/e2e/app.ts";
import { away, type AppRun, readAppLines } from "../test/e2e/app-lines.ts";
import { TestCluster } from "../test/e2e/cluster.ts";
import { freeze, melt } from "../test/e2e/ice.ts";
import { waitFor } from "../test/e2e/wait-for.ts";
import { type Row, row } from "./measure.ts";

const program = fileURLToPath(new URL("../test/programs/lock-app.mjs", import.meta.url));

const killed = ["SIGKILL of the owner's service", "SIGKILL of the leader's service (it owns the group)"] as const;
const both = [
  "SIGKILL of the owner's host and service",
  "SIGKILL of the leader's host and service (it owns the group)",
] as const;
const off = ["power off of the owner", "power off of the leader (it owns the group)"] as const;
type Victim = (typeof killed)[number] | (typeof both)[number] | (typeof off)[number];

/** Measured elsewhere, on a machine of this kind: Corosync 3 and Pacemaker 2, three nodes, one resource. */
const peer = "Pacemaker: 2.2–3.3 s tuned, 7.5–9 s by default (measured elsewhere)";

type Say = (line: string) => void;

export async function benchFailover(runs: number, say: Say): Promise<readonly Row[]> {
  const rows = await measured("failover", undefined, [...killed, ...both, ...off], runs, say);
  const starts: number[] = [];
  for (let run = 0; run < runs; run++) starts.push(await startsAlone());
  return [...rows, row("failover", "start of that application alone", "ms", starts, "part of every line above")];
}

/** On three members of etcd on this machine: with a heartbeat of 20 ms and elections after 200 ms, and with etcd's own times. */
export async function benchFailoverEtcd(runs: number, say: Say): Promise<readonly Row[]> {
  if (etcdProgram === undefined) {
    say("NOT MEASURED: etcd is not installed (Debian: etcd-server)");
    return [];
  }
  const victims = [killed[0], ...off];
  const tuned = await measured("failover-etcd", { heartbeat: 20, election: 200 }, victims, runs, say);
  const own = await measured("failover-etcd", { heartbeat: 100, election: 1000 }, victims, Math.min(runs, 3), say);
  return [...tuned, ...own];
}

/** `etcd`: its times; undefined for a quorum folder. */
async function measured(
  bench: string,
  etcd: EtcdTimes | undefined,
  victims: readonly Victim[],
  runs: number,
  say: Say,
): Promise<readonly Row[]> {
  const cluster = new TestCluster("bench", 1);
  const results = new Map<Victim, number[]>();
  let members: readonly EtcdMember[] = [];
  let permit = 0;
  try {
    if (etcd !== undefined) members = await startEtcd(cluster, etcd);
    await cluster.form(["N1", "N2", "N3"]);
    permit = (await cluster.status())?.self.permitLength ?? 0;
    // A frozen machine would keep a lock of the kernel that all nodes share here.
    const app = new TestApp(cluster, { lock: false });
    await app.create();
    for (let run = 0; run < runs; run++) {
      for (const victim of victims) {
        const ms = await failOver(cluster, app, victim);
        results.set(victim, [...(results.get(victim) ?? []), ms]);
        say(`run ${run + 1} of ${runs}, ${victim}: ${ms.toFixed(0)} ms`);
      }
    }
  } finally {
    melt();
    await cluster.end();
    for (const member of members) await member.kill();
  }
  const where = etcd === undefined ? "" : `etcd ${etcd.heartbeat}/${etcd.election}, `;
  const note = `permit ${permit.toFixed(0)} ms; ${peer}`;
  return [...results].map(([victim, all]) => row(bench, `${where}${victim}`, "ms away", all, note));
}

async function startEtcd(cluster: TestCluster, times: EtcdTimes): Promise<readonly EtcdMember[]> {
  const folder = join(cluster.folder, "etcd");
  mkdirSync(folder);
  const members = await makeEtcdMembers(folder, 3, times);
  for (const member of members) member.start();
  cluster.place = etcdPlaceOf(members, times.election === 1000 ? "" : `election=${times.election}`);
  const client = await connectEtcd(openOutside().files, parseEtcdPlace(cluster.place));
  const answers = (): Promise<boolean> => client.txn({ does: [{ get: "ready" }] }).then(yes, no);
  await waitFor("etcd answers", answers, 60_000);
  client.close();
  return members;
}

const yes = (): boolean => true;
const no = (): boolean => false;

async function failOver(cluster: TestCluster, app: TestApp, victim: Victim): Promise<number> {
  await cluster.whole();
  let owner = await cluster.owner("App");
  const leader = await cluster.leader();
  const wantLeader = victim.includes("leader");
  if (wantLeader !== (owner === leader)) {
    const target = wantLeader ? leader : cluster.others(leader)[0];
    if (target !== undefined) await move(cluster, owner, target);
    owner = await cluster.owner("App");
  }
  await app.change();
  const before = await app.running();
  const end = lose(cluster, owner, victim);
  const after = await app.after(before);
  const old = app.history().runs.find((run) => run.instance === before.instance) ?? before;
  end();
  return away(old, after);
}

/** Answers what ends the victim for good. */
function lose(cluster: TestCluster, owner: NodeProcess, victim: Victim): () => void {
  if (victim.startsWith("power")) {
    const ice = freeze(owner);
    return () => {
      // Without power nobody goes on: what is killed in the ice runs no more when it melts.
      for (const one of new OwnProcesses(owner.data).scan()) kill(one, "SIGKILL");
      ice.thaw();
      ice.end();
    };
  }
  const host = cluster.host(owner);
  owner.signal("SIGKILL");
  if (victim.includes("host")) kill(host, "SIGKILL");
  return () => undefined;
}

async function move(cluster: TestCluster, owner: NodeProcess, target: NodeProcess): Promise<void> {
  await cluster.run(owner, "group", "move", "App", target.name);
  await waitFor(`App is on ${target.name}`, async () => (await cluster.owner("App")) === target, 30_000);
}

/** From spawn to the application's first line, without any cluster. */
async function startsAlone(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "clubar-bench-start-"));
  const lines = join(folder, "lines");
  const begun = performance.now();
  const child = spawn(process.execPath, [program, join(folder, "lock"), lines], { stdio: "ignore" });
  try {
    await new Promise<void>((resolve) => {
      const look = (): void => {
        const [first]: readonly AppRun[] = readAppLines(lines).runs;
        if (first === undefined) setTimeout(look, 1);
        else resolve();
      };
      look();
    });
    return performance.now() - begun;
  } finally {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}
