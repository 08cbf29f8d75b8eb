/**
 * Which processes belong to the nodes below a folder: found in /proc, named by pid and start time, so that each one can be ended and
 * proven gone without touching anybody else's.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** A process; a pid alone may be used again, with the start time (clock ticks since boot) it names one process for ever. */
export interface OwnProcess {
  readonly pid: number;
  /** The pid of the process that made it. */
  readonly parent: number;
  readonly started: string;
  /** Its command line, words separated by blanks. */
  readonly command: string;
}

interface Entry extends OwnProcess {
  readonly words: readonly string[];
}

/** The processes of nodes below one folder, found and remembered. */
export class OwnProcesses {
  readonly #folder: string;
  readonly #seen = new Map<string, OwnProcess>();

  /** `folder`: absolute path that occurs in the command line, environment or working folder of what is ours. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** What is alive now. What was seen once is known for ever, wherever its parent went. */
  scan(): readonly OwnProcess[] {
    const all = processEntries();
    const ours = new Set(all.filter((entry) => this.#isOurs(entry)).map((entry) => entry.pid));
    for (let grown = true; grown; ) {
      const children = all.filter((entry) => ours.has(entry.parent) && !ours.has(entry.pid));
      for (const child of children) ours.add(child.pid);
      grown = children.length > 0;
    }
    const found = all.filter((entry) => ours.has(entry.pid) && entry.pid !== process.pid);
    for (const entry of found) this.#seen.set(nameOf(entry), entry);
    return found;
  }

  /** The host process of a node's data folder. */
  host(data: string): OwnProcess | undefined {
    return processEntries().find(({ words }) =>
      words.some((word) => word.startsWith("{") && word.includes(`"data":"${data}"`)),
    );
  }

  /** Kills what is left; resolves with what was there to kill, once all of it is gone. */
  async end(): Promise<readonly OwnProcess[]> {
    const left = this.scan();
    for (let now = left; now.length > 0; now = this.scan()) {
      for (const one of now) kill(one, "SIGKILL");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return left;
  }

  #isOurs(entry: Entry): boolean {
    if (this.#seen.has(nameOf(entry)) || entry.command.includes(this.#folder)) return true;
    // A guard carries nothing but the pid and start time of its host.
    for (const host of this.#seen.values()) {
      if (entry.words.includes(String(host.pid)) && entry.words.includes(host.started)) return true;
    }
    const inside = `${this.#folder}/`;
    return (
      `${linkOf(`/proc/${entry.pid}/cwd`)}/`.startsWith(inside) || textOf(`/proc/${entry.pid}/environ`).includes(inside)
    );
  }
}

/** Those that no other of them made: a server's worker has its server's command line from the fork until it takes its own title. */
export function withoutForks(servers: readonly OwnProcess[]): readonly OwnProcess[] {
  const pids = new Set(servers.map(({ pid }) => pid));
  return servers.filter(({ parent }) => !pids.has(parent));
}

/** Whether that very process is still there; zombies count as gone. */
export function isAlive(who: Pick<OwnProcess, "pid" | "started">): boolean {
  return entryOf(who.pid)?.started === who.started;
}

/** Sends a signal to that very process; false when it is gone. */
export function kill(who: Pick<OwnProcess, "pid" | "started">, signal: NodeJS.Signals): boolean {
  try {
    return isAlive(who) && process.kill(who.pid, signal);
  } catch {
    return false;
  }
}

/** That process as it is now; undefined when there is none. */
export function identify(pid: number): OwnProcess | undefined {
  return entryOf(pid);
}

function processEntries(): readonly Entry[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => entryOf(Number(name)))
    .filter((entry) => entry !== undefined);
}

/** Fields of /proc/PID/stat (proc(5)), counted from the last bracket: the name before it may hold anything. */
function entryOf(pid: number): Entry | undefined {
  const stat = textOf(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, parent] = fields;
  const started = fields[19];
  if (started === undefined || state === "Z" || state === "X") return undefined;
  const words = textOf(`/proc/${pid}/cmdline`).split("\0");
  return { pid, started, parent: Number(parent), words, command: words.join(" ").trim() };
}

function nameOf(who: OwnProcess): string {
  return `${who.pid}:${who.started}`;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
