import { spawn } from "node:child_process";
import type { ChildProcess, StdioOptions } from "node:child_process";
import { closeSync, constants, openSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { getPriority, setPriority } from "node:os";
import type { Readable } from "node:stream";
import { outsideError, translated } from "./outside-node-error.ts";
import { OutsideError } from "./outside.ts";
import type { Child, ProcessEnd, ProcessIdentity, Processes, ProgramSpec } from "./outside.ts";

/** Lines kept until somebody listens, and the length at which a line without an end is cut. */
const mostWaitingLines = 1000;
const longestLine = 1024 * 1024;
/** How long after a program's end its last lines may take; a grandchild may hold the pipe for ever. */
const lastLines = 20;

/** What programs get instead of this process's own priority, once that is raised. */
let ordinary: number | undefined;

/**
 * Puts this process before others, where it may (root), so that what it starts can't keep it from its turn; what it starts stays as it was.
 * `priority`: as nice(2) counts, -20 to 19. At once after the start: the kernel gives a priority to one thread only, and those that are
 * made later take it over. Where every session is scheduled as one (autogroups, sched(7)), it is the session's that counts.
 */
export function raisePriority(priority: number): void {
  try {
    const before = getPriority();
    setPriority(priority);
    ordinary = before;
    writeFileSync("/proc/self/autogroup", String(priority));
  } catch {
    // Only root may, and not every kernel has autogroups; others take their turn.
  }
}

/** This machine's processes, told apart by /proc/PID/stat. Throws OutsideError ENOENT where there is no /proc. */
export function openProcesses(): Processes {
  const self = identityOf(process.pid);
  if (self === undefined) throw new OutsideError("ENOENT", "/proc/self/stat can't be read; clubar needs /proc");
  return {
    self,
    start: (program) => translated(`start ${program.command}`, () => start(program)),
    signal: (who, signal) =>
      translated(`signal ${who.pid}`, async () => {
        if (!isSame(who)) return false;
        try {
          return process.kill(who.pid, signal);
        } catch (cause) {
          if (outsideError(cause, "").code === "ESRCH") return false;
          throw cause;
        }
      }),
    isAlive: async (who) => isSame(who),
    table: tableName(),
    hasEnded: (who) => translated(`ask for ${who.pid}`, async () => hasEnded(who)),
    exit: (code) => process.exit(code),
  };
}

function isSame(who: ProcessIdentity): boolean {
  const found = readStat(who.pid);
  return found !== undefined && found.started === who.started && found.state !== "Z" && found.state !== "X";
}

/** Boot id and the namespaces that pids and start times depend on (namespaces(7), time_namespaces(7)); only of a /proc that is our own. */
function tableName(): string | undefined {
  try {
    if (readlinkSync("/proc/self") !== String(process.pid)) return undefined;
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
    const pids = readlinkSync("/proc/self/ns/pid");
    return boot === "" ? undefined : `${boot} ${pids} ${timeNamespace()}`;
  } catch {
    return undefined;
  }
}

function timeNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/time");
  } catch (cause) {
    // Linux before 5.6 has none.
    if (outsideError(cause, "").code === "ENOENT") return "time:[]";
    throw cause;
  }
}

/** kill(2) finds a process also where /proc hides it (hidepid in proc(5)); then nothing more can be told of it. */
function hasEnded(who: ProcessIdentity): boolean {
  try {
    process.kill(who.pid, 0);
  } catch (cause) {
    const { code } = outsideError(cause, "");
    if (code === "ESRCH") return true;
    if (code !== "EPERM") throw cause;
  }
  return readStat(who.pid) !== undefined && !isSame(who);
}

function identityOf(pid: number): ProcessIdentity | undefined {
  const found = readStat(pid);
  return found && { pid, started: found.started };
}

/** Fields 3 (state) and 22 (start time) of /proc/PID/stat, counted from the end of the name, which may hold anything. */
function readStat(pid: number): { state: string; started: string } | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch (cause) {
    const { code } = outsideError(cause, "");
    if (code === "ENOENT" || code === "ESRCH") return undefined;
    throw outsideError(cause, `read /proc/${pid}/stat`);
  }
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, started] = [fields[0], fields[19]];
  return state === undefined || started === undefined ? undefined : { state, started };
}

async function start(program: ProgramSpec): Promise<Child> {
  const file = typeof program.output === "object" ? openLog(program.output.file) : undefined;
  try {
    const output = file ?? (program.output === "lines" ? "pipe" : "ignore");
    const stdio: StdioOptions = [program.input === true ? "pipe" : "ignore", output, output];
    const child = spawn(program.command, program.args, {
      env: program.environment,
      stdio,
      detached: program.detached === true,
      ...(program.folder === undefined ? {} : { cwd: program.folder }),
    });
    // Read before Node can reap it: even a program that has ended has its start time until then.
    const identity = child.pid === undefined ? undefined : identityOf(child.pid);
    if (child.pid !== undefined && ordinary !== undefined) giveOrdinaryPriority(child.pid);
    const ended = endOf(child);
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    if (identity === undefined) throw new OutsideError("ESRCH", `${program.command} was gone at once`);
    child.on("error", () => undefined);
    if (program.detached === true) letGo(child);
    return childOf(child, identity, ended);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function giveOrdinaryPriority(pid: number): void {
  try {
    setPriority(pid, ordinary ?? 0);
  } catch {
    // It has ended.
  }
}

function openLog(path: string): number {
  return openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT, 0o600);
}

/** A detached program does not keep this process. */
function letGo(child: ChildProcess): void {
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) {
    (stream as { unref?: () => void } | null)?.unref?.();
  }
}

function endOf(child: ChildProcess): Promise<ProcessEnd> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => {
      const end: ProcessEnd = signal === null ? { code: code ?? 0 } : { signal };
      const timer = setTimeout(() => resolve(end), lastLines);
      child.once("close", () => {
        clearTimeout(timer);
        resolve(end);
      });
    });
  });
}

function childOf(child: ChildProcess, identity: ProcessIdentity, ended: Promise<ProcessEnd>): Child {
  const waiting: [string, "stdout" | "stderr"][] = [];
  let deliver: ((line: string, from: "stdout" | "stderr") => void) | undefined;
  const emit = (line: string, from: "stdout" | "stderr"): void => {
    if (deliver !== undefined) deliver(line, from);
    else if (waiting.length < mostWaitingLines) waiting.push([line, from]);
  };
  if (child.stdout !== null) readLines(child.stdout, (line) => emit(line, "stdout"));
  if (child.stderr !== null) readLines(child.stderr, (line) => emit(line, "stderr"));
  child.stdin?.on("error", () => undefined);
  return {
    identity,
    ended,
    onLine(handler) {
      deliver = handler;
      for (const [line, from] of waiting.splice(0)) handler(line, from);
    },
    tell(line) {
      if (child.stdin?.writable === true) child.stdin.write(`${line}\n`);
    },
    endInput() {
      child.stdin?.end();
    },
  };
}

function readLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
    if (rest.length > longestLine) {
      onLine(rest);
      rest = "";
    }
  });
  stream.on("error", () => undefined);
  stream.on("end", () => {
    if (rest !== "") onLine(rest);
  });
}
