/** Whether a cluster with its default times takes a busy machine for a dead one: every core is kept busy, and nothing may move. */
import { type ChildProcess, spawn } from "node:child_process";
import { cpus } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { StatusView } from "../src/api/status-view.ts";
import { TestApp } from "../test/e2e/app.ts";
import { TestCluster } from "../test/e2e/cluster.ts";
import { type Row, row } from "./measure.ts";

/** Lives, leader and owner: what a false alarm changes. */
function situationOf(status: StatusView | undefined): string {
  const lives = status?.nodes.map(({ name, state, incarnation }) => `${name} ${state} ${incarnation ?? ""}`);
  return JSON.stringify([lives, status?.leader, status?.groups.map(({ name, owner, state }) => [name, owner, state])]);
}

/** So many minutes. */
export async function benchSoak(minutes: number, say: (line: string) => void): Promise<readonly Row[]> {
  const cluster = new TestCluster("bench-soak", 1);
  const load: ChildProcess[] = [];
  const alarms: string[] = [];
  try {
    await cluster.form(["N1", "N2", "N3"]);
    const app = new TestApp(cluster);
    await app.create();
    let before = situationOf(await cluster.status());
    for (let core = 0; core < cpus().length; core++) {
      load.push(spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" }));
    }
    const end = performance.now() + minutes * 60_000;
    for (let minute = 0; performance.now() < end; await sleep(1000)) {
      const status = await cluster.status();
      const now = status === undefined ? before : situationOf(status);
      if (now !== before) alarms.push(now);
      before = now;
      const passed = Math.floor(minutes - (end - performance.now()) / 60_000);
      if (passed > minute) say(`${(minute = passed)} of ${minutes} minutes, ${alarms.length} false alarms`);
    }
    for (const alarm of alarms) say(alarm);
    const note = `${app.history().runs.length} run of the application in ${minutes} minutes, ${cpus().length} cores kept busy`;
    return [row("soak", "false alarms", "", [alarms.length], note)];
  } finally {
    for (const child of load) child.kill("SIGKILL");
    await cluster.end();
  }
}
