/** A machine that stands still, and an application that shows when it did. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import type { NodeProcess } from "../../src/daemon/demo/node-process.ts";
import { kill, type OwnProcess, OwnProcesses } from "../../src/daemon/demo/own-processes.ts";

/** Every process of a node: service, host, guard, applications. */
function processesOf(node: NodeProcess): readonly OwnProcess[] {
  return new OwnProcesses(node.data).scan();
}

/** A machine that stands still and goes on as a whole: the freezer of cgroups where this machine has it, else a signal to each process. */
export interface Ice {
  readonly how: string;
  readonly processes: readonly OwnProcess[];
  thaw(): void;
  /** After the thaw: what lives on, and what it has started meanwhile, goes back where it was. */
  end(): void;
}

const freezer = "/sys/fs/cgroup/freezer";
const group = `${freezer}/clubar-test-${process.pid}`;

/** Whatever this process froze goes on, where it was: what is frozen can't even be killed. */
export function melt(): void {
  if (!existsSync(group)) return;
  writeFileSync(`${group}/freezer.state`, "THAWED");
  for (let left = [""]; left.length > 0; ) {
    left = readFileSync(`${group}/cgroup.procs`, "utf8").split("\n").slice(0, -1);
    for (const pid of left) moved(pid, freezer);
  }
  rmdirSync(group);
}

/** Of all that runs on the node now. */
export function freeze(node: NodeProcess): Ice {
  try {
    mkdirSync(group, { recursive: true });
    process.off("exit", melt).once("exit", melt);
    for (let more = true; more; ) {
      const inside = new Set(readFileSync(`${group}/cgroup.procs`, "utf8").split("\n"));
      const left = processesOf(node).filter(({ pid }) => !inside.has(String(pid)));
      for (const { pid } of left) moved(String(pid), group);
      more = left.length > 0;
    }
    const processes = processesOf(node);
    writeFileSync(`${group}/freezer.state`, "FROZEN");
    return {
      how: "the cgroup's freezer",
      processes,
      thaw: () => writeFileSync(`${group}/freezer.state`, "THAWED"),
      end: melt,
    };
  } catch {
    const processes = processesOf(node);
    for (const one of processes) kill(one, "SIGSTOP");
    const thaw = (): void => processes.forEach((one) => kill(one, "SIGCONT"));
    return { how: "SIGSTOP", processes, thaw, end: () => undefined };
  }
}

function moved(pid: string, group: string): void {
  try {
    writeFileSync(`${group}/cgroup.procs`, pid);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** One line of test/programs/counting-app.mjs; `at` by `now`. */
export interface Line {
  readonly instance: string;
  readonly at: number;
  /** What it was started under: generation of the cluster, then of the ownership. Both only grow. */
  readonly token: readonly [number, number];
}

export function linesOf(path: string): readonly Line[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => {
      const [instance = "", , when, generation, ownership] = line.split(" ");
      return { instance, at: Number(when), token: [Number(generation), Number(ownership)] };
    });
}

/** Milliseconds of the clock by which the application writes down when it ran. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
