import type { Outside } from "../base/outside.ts";
import { type ApplicationRecord, bootId } from "./application-record.ts";
import { readText } from "./process-table.ts";
import { killSession } from "./session-kill.ts";

/**
 * Kills every process of an application and resolves when all are proven gone; it never gives up (a process that the kernel can't end
 * keeps the proof from being given). The proof: the namespace's init is gone, whose exit the kernel finishes only after all inside are
 * reaped; with a cgroup also `populated 0`; without a namespace, no process of that session or mark is seen.
 */
export async function killApplication(outside: Outside, record: ApplicationRecord): Promise<void> {
  await killAll(outside, record);
  if (record.kind === "machine" && record.cgroup !== undefined && (await isOfThisBoot(outside, record)))
    await until(outside, () => killSession(outside, record));
}

/**
 * The same, by the host that started it: a cgroup that is empty is enough where there is no namespace, for the kernel put all of it in
 * there. Whoever left it by the kernel's leave is found by the next look at the table, when a host that has died is cleared up after.
 */
export async function killAll(outside: Outside, record: ApplicationRecord): Promise<void> {
  if (!(await isOfThisBoot(outside, record))) return;
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
  if (record.kind === "process-group" || (record.kind === "machine" && record.cgroup === undefined))
    await until(outside, () => killSession(outside, record));
}

async function isOfThisBoot({ files }: Outside, record: ApplicationRecord): Promise<boolean> {
  const boot = await bootId(files);
  return boot === "" || record.boot === "" || record.boot === boot;
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
  const removed = await files.removeFolder(cgroup).then(
    () => true,
    () => false,
  );
  if (removed) return;
  for (const name of await files.list(cgroup).catch(() => [])) {
    const path = `${cgroup}/${name}`;
    if ((await files.stat(path))?.kind === "folder") await removeCgroup(outside, path);
  }
  await files.removeFolder(cgroup).catch(() => undefined);
}

/** When it fails, the end of the init kills the same processes, or what is looked for in the process table. */
async function killCgroup(outside: Outside, cgroup: string): Promise<void> {
  try {
    // The kernel opens this file for nothing but writing.
    const file = await outside.files.open(`${cgroup}/cgroup.kill`, "write-only");
    await file.write(new TextEncoder().encode("1"), 0);
    await file.close();
  } catch {
    // What is left shows below.
  }
}

async function isEmpty(outside: Outside, cgroup: string): Promise<boolean> {
  if ((await outside.files.stat(cgroup)) === undefined) return true;
  const events = await readText(outside.files, `${cgroup}/cgroup.events`);
  return /^populated 0$/m.test(events);
}
