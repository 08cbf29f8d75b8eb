/** What the processes of a node use: processor time and memory, as the kernel counts them. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { OwnProcess } from "../src/daemon/demo/own-processes.ts";

/** Clock ticks a second in /proc/PID/stat (proc(5), sysconf(_SC_CLK_TCK)). */
const ticks = 100;

/** Of some processes together. */
export interface Use {
  /** Percent of one core. */
  readonly cpu: number;
  /** Memory in MiB, what is shared counted in shares (Pss). */
  readonly memory: number;
}

/** Over a time in which nothing else is asked of them. */
export async function useOf(processes: readonly OwnProcess[], ms: number): Promise<Use> {
  const before = secondsOf(processes);
  const begun = performance.now();
  await sleep(ms);
  const spent = secondsOf(processes) - before;
  const took = (performance.now() - begun) / 1000;
  return { cpu: (spent / took) * 100, memory: processes.reduce((sum, { pid }) => sum + memoryOf(pid), 0) };
}

/** Processor seconds that these have used so far. */
export function secondsOf(processes: readonly Pick<OwnProcess, "pid">[]): number {
  return processes.reduce((sum, { pid }) => sum + ticksOf(pid) / ticks, 0);
}

function ticksOf(pid: number): number {
  const stat = textOf(`/proc/${pid}/stat`);
  const [user = "0", system = "0"] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 13);
  return Number(user) + Number(system);
}

function memoryOf(pid: number): number {
  return Number(/^Pss:\s+(\d+) kB/m.exec(textOf(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) / 1024;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
