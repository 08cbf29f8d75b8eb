/**
 * SIGKILL to back online with the default times, by the lines that the application itself writes: from the last one of the old run to
 * the first one of the new.
 */
import { performance } from "node:perf_hooks";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { NodeProcess } from "../src/daemon/demo/node-process.ts";
import { kill } from "../src/daemon/demo/own-processes.ts";
import { TestApp } from "../test/e2e/app.ts";
import { away, type AppRun, readAppLines } from "../test/e2e/app-lines.ts";
import { TestCluster } from "../test/e2e/cluster.ts";
import { waitFor } from "../test/e2e/wait-for.ts";
import { type Row, row } from "./measure.ts";

const program = fileURLToPath(new URL("../test/programs/lock-app.mjs", import.meta.url));

const victims = [
  "owner's service",
  "leader's service (it owns the group)",
  "owner's host and service",
  "leader's host and service (it owns the group)",
] as const;
type Victim = (typeof victims)[number];

/** Measured elsewhere, on a machine of this kind: Corosync 3 and Pacemaker 2, three nodes, one resource. */
const peer = "Pacemaker: 2.2–3.3 s tuned, 7.5–9 s by default (measured elsewhere)";

export async function benchFailover(runs: number, say: (line: string) => void): Promise<readonly Row[]> {
  const cluster = new TestCluster("bench", 1);
  const results = new Map<Victim, number[]>();
  const starts: number[] = [];
  try {
    await cluster.form(["N1", "N2", "N3"]);
    const app = new TestApp(cluster);
    await app.create();
    for (let run = 0; run < runs; run++) {
      for (const victim of victims) {
        const ms = await failOver(cluster, app, victim);
        results.set(victim, [...(results.get(victim) ?? []), ms]);
        say(`run ${run + 1} of ${runs}, ${victim}: ${ms.toFixed(0)} ms`);
      }
      starts.push(await startsAlone());
    }
    app.check();
  } finally {
    await cluster.end();
  }
  const rows = [...results].map(([victim, all]) => row("failover", `SIGKILL of the ${victim}`, "ms away", all, peer));
  return [...rows, row("failover", "start of that application alone", "ms", starts, "part of every line above")];
}

async function failOver(cluster: TestCluster, app: TestApp, victim: Victim): Promise<number> {
  await cluster.whole();
  let owner = await cluster.owner("App");
  const leader = await cluster.leader();
  const wantLeader = victim.startsWith("leader");
  if (wantLeader !== (owner === leader)) {
    const target = wantLeader ? leader : cluster.others(leader)[0];
    if (target !== undefined) await move(cluster, owner, target);
    owner = await cluster.owner("App");
  }
  await app.change();
  const before = await app.running();
  const host = cluster.host(owner);
  owner.signal("SIGKILL");
  if (victim.includes("host")) kill(host, "SIGKILL");
  const after = await app.after(before);
  const old = app.history().runs.find((run) => run.instance === before.instance) ?? before;
  return away(old, after);
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
