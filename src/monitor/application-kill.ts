import type { Outside, ProcessIdentity } from "../base/outside.ts";
import { type ApplicationRecord, bootId } from "./application-record.ts";
import { probeContainment } from "./containment.ts";
import { environmentOf, processTable, readText } from "./process-table.ts";

/**
 * Kills every process of an application and resolves when all are proven gone; it never gives up (a process that the kernel can't end
 * keeps the proof from being given). The proof: the namespace's init is gone, whose exit the kernel finishes only after all inside are
 * reaped; with a cgroup also `populated 0`; without a namespace, no process of that session or mark is seen.
 */
export async function killApplication(outside: Outside, record: ApplicationRecord): Promise<void> {
  const boot = await bootId(outside.files);
  if (boot !== "" && record.boot !== "" && record.boot !== boot) return;
  const { processes } = outside;
  await processes.signal(record.init, "SIGKILL").catch(() => false);
  if (record.cgroup !== undefined) await killCgroup(outside, record.cgroup);
  await until(outside, async () => !(await processes.signal(record.init, "SIGKILL")));
  await until(outside, async () => !(await processes.signal(record.wrapper, "SIGKILL")));
  if (record.cgroup !== undefined) {
    const cgroup = record.cgroup;
    await until(outside, () => isEmpty(outside, cgroup));
    await removeCgroup(outside, cgroup);
  }
  if (record.kind === "process-group" || record.kind === "machine")
    await until(outside, () => killSession(outside, record));
}

/** Makes sure that applications which an old host recorded are gone; resolves when that is proven. */
export async function endLeftovers(outside: Outside, records: readonly ApplicationRecord[]): Promise<void> {
  await Promise.all(records.map((record) => killApplication(outside, record)));
}

/**
 * Waits for a condition, asking soon at first and every 20 ms later. One that can't be asked (no descriptor left …) does not hold yet.
 */
export async function until(outside: Outside, condition: () => Promise<boolean>): Promise<void> {
  for (let pause = 1; !(await condition().catch(() => false)); pause = Math.min(20, pause * 2))
    await outside.timers.sleep(pause);
}

/** Removes an application's cgroup, and those that it made below, once nothing is inside. */
export async function removeCgroup(outside: Outside, cgroup: string): Promise<void> {
  const { files } = outside;
  for (const name of await files.list(cgroup).catch(() => [])) {
    const path = `${cgroup}/${name}`;
    if ((await files.stat(path))?.kind === "folder") await removeCgroup(outside, path);
  }
  await files.removeFolder(cgroup).catch(() => undefined);
}

/**
 * By a shell, because `cgroup.kill` can only be opened for writing. When it fails, the end of the init kills the same processes.
 */
async function killCgroup(outside: Outside, cgroup: string): Promise<void> {
  const { shell } = await probeContainment(outside);
  const args = ["-c", 'echo 1 >"$1"', "sh", `${cgroup}/cgroup.kill`];
  const program = { command: shell, args, environment: {}, folder: "/", output: "none" } as const;
  const child = await outside.processes.start(program).catch(() => undefined);
  await child?.ended;
}

async function isEmpty(outside: Outside, cgroup: string): Promise<boolean> {
  if ((await outside.files.stat(cgroup)) === undefined) return true;
  const events = await readText(outside.files, `${cgroup}/cgroup.events`);
  return /^populated 0$/m.test(events);
}

/** Kills what belongs to a session or carries the application's mark; whether it is sure that nothing was there. */
async function killSession(outside: Outside, record: ApplicationRecord): Promise<boolean> {
  const mark = `CLUBAR_APPLICATION=${record.id}`;
  const found: ProcessIdentity[] = [];
  let isSure = true;
  for (const entry of await processTable(outside.files)) {
    if (entry.state === "Z" || entry.identity.pid === outside.processes.self.pid) continue;
    if (Number(entry.identity.started) < Number(record.init.started)) continue;
    const inSession = entry.session === record.init.pid;
    const environment = inSession ? [] : await environmentOf(outside.files, entry.identity.pid);
    if (environment === undefined) isSure = false;
    else if (inSession || environment.includes(mark)) found.push(entry.identity);
  }
  for (const identity of found) await outside.processes.signal(identity, "SIGKILL");
  return isSure && found.length === 0;
}
