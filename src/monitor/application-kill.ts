import { type Outside, OutsideError } from "../base/outside.ts";
import { type ApplicationRecord, bootId } from "./application-record.ts";
import { readText } from "./process-table.ts";
import { killSession } from "./session-kill.ts";

/**
 * Kills every process of an application of another host, which has ended, and resolves when all are proven gone; it never gives up (a
 * process that the kernel can't end keeps the proof from being given). The proof: the namespace's init is gone, whose exit the kernel
 * finishes only after all inside are reaped; with a cgroup also `populated 0`; without a namespace, no process of that session or mark is
 * seen.
 */
export async function killApplication(outside: Outside, record: ApplicationRecord): Promise<void> {
  if (record.kind === "machine" && (await isOfThisBoot(outside, record))) await killInits(outside, record);
  await killAll(outside, record);
  if (record.kind === "machine" && record.cgroup !== undefined && (await isOfThisBoot(outside, record)))
    await until(outside, () => killSession(outside, record));
}

/**
 * The same, by the host that started it: a cgroup that is empty and gone is enough where there is no namespace, for the kernel put all of
 * it in there. Whoever left it by the kernel's leave is found by the next look at the table, when a host that has died is cleared up after.
 */
export async function killAll(outside: Outside, record: ApplicationRecord): Promise<void> {
  const { cgroup } = record;
  if (!(await isOfThisBoot(outside, record))) return;
  if (record.kind === "machine" && cgroup !== undefined) return emptyCgroup(outside, cgroup);
  await outside.processes.signal(record.init, "SIGKILL").catch(() => false);
  if (cgroup !== undefined) await killCgroup(outside, cgroup);
  await killInits(outside, record);
  if (cgroup !== undefined) {
    await until(outside, () => isEmpty(outside, cgroup));
    await removeCgroup(outside, cgroup);
  }
  if (record.kind === "process-group" || record.kind === "machine")
    await until(outside, () => killSession(outside, record));
}

async function killInits(outside: Outside, { init, wrapper }: ApplicationRecord): Promise<void> {
  const { processes } = outside;
  await until(outside, async () => !(await processes.signal(init, "SIGKILL")));
  await until(outside, async () => !(await processes.signal(wrapper, "SIGKILL")));
}

/** Kills whatever is in a cgroup and removes it; resolves when it is gone, so that nothing can be in it nor come into it. */
export async function emptyCgroup(outside: Outside, cgroup: string): Promise<void> {
  if (await removeCgroup(outside, cgroup)) return;
  await until(outside, async () => {
    await killCgroup(outside, cgroup);
    return removeCgroup(outside, cgroup);
  });
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

/** Removes an application's cgroup, and those that it made below, once nothing is inside; whether it is gone. */
export async function removeCgroup(outside: Outside, cgroup: string): Promise<boolean> {
  const { files } = outside;
  const remove = (): Promise<boolean> =>
    files.removeFolder(cgroup).then(
      () => true,
      (cause: unknown) => cause instanceof OutsideError && cause.code === "ENOENT",
    );
  if (await remove()) return true;
  for (const name of await files.list(cgroup).catch(() => [])) {
    const path = `${cgroup}/${name}`;
    if ((await files.stat(path))?.kind === "folder") await removeCgroup(outside, path);
  }
  return remove();
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
