import { type Files, OutsideError, type ProcessIdentity } from "../base/outside.ts";

/** One line of the kernel's process table (`/proc/PID/stat`, proc(5)). */
export interface ProcessEntry {
  readonly identity: ProcessIdentity;
  /** The kernel's state letter: R, S, D, T, Z … */
  readonly state: string;
  readonly parent: number;
  readonly session: number;
}

/**
 * Reads a line of `/proc/PID/stat`; undefined when it is none. The command name may hold anything, so fields count from its last
 * bracket.
 */
export function parseStat(line: string): ProcessEntry | undefined {
  const end = line.lastIndexOf(")");
  const pid = Number.parseInt(line, 10);
  const fields = line.slice(end + 2).split(" ");
  const [state, parent, , session] = fields;
  const started = fields[19];
  if (end < 0 || !Number.isInteger(pid) || state === undefined || started === undefined || !/^\d+$/.test(started))
    return undefined;
  return { identity: { pid, started }, state, parent: Number(parent), session: Number(session) };
}

/** Lines read at a time. */
const together = 32;

/** All processes that can be seen. Rejects when that can't be told. */
export async function processTable(files: Files): Promise<readonly ProcessEntry[]> {
  const names = (await files.list("/proc")).filter((name) => /^\d+$/.test(name));
  const entries: ProcessEntry[] = [];
  for (let at = 0; at < names.length; at += together) {
    const some = names.slice(at, at + together);
    const lines = await Promise.all(some.map((name) => readText(files, `/proc/${name}/stat`)));
    entries.push(...lines.flatMap((line) => parseStat(line) ?? []));
  }
  return entries;
}

/**
 * Clock ticks that a process has spent on processors, all threads and the kernel's work for it included; undefined when that very process
 * is gone or it can't be told.
 */
export async function processorTime(files: Files, who: ProcessIdentity): Promise<number | undefined> {
  const line = await readText(files, `/proc/${who.pid}/stat`);
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  const [user, system] = [Number(fields[11]), Number(fields[12])];
  return fields[19] === who.started && Number.isFinite(user + system) ? user + system : undefined;
}

/** The kernel's own threads, in the flags of `/proc/PID/stat` (linux/sched.h). */
const kernelThread = 0x00200000;

/**
 * The environment a process was started with, as `NAME=value`; empty when it is gone, a zombie or not ours to read. undefined: it can't be
 * told at this moment, because the process is becoming another program: until execve(2) has written the new environment, the kernel shows
 * an empty one.
 */
export async function environmentOf(files: Files, pid: number): Promise<readonly string[] | undefined> {
  const path = `/proc/${pid}/environ`;
  let text: string;
  try {
    text = new TextDecoder().decode(await files.read(path));
  } catch (cause) {
    if (isAbsent(cause)) return [];
    throw cause;
  }
  if (text !== "") return text.split("\0");
  const line = await readText(files, `/proc/${pid}/stat`);
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  const isThere = line !== "" && fields[0] !== "Z" && fields[0] !== "X" && (Number(fields[6]) & kernelThread) === 0;
  const [start, end] = [fields[47], fields[48]];
  return isThere && (end === "0" || start !== end) ? undefined : [];
}

/** A file of the kernel as text; "" when it is not there (the process may end at any moment) or not ours to read. */
export async function readText(files: Files, path: string): Promise<string> {
  try {
    return new TextDecoder().decode(await files.read(path));
  } catch (cause) {
    if (isAbsent(cause)) return "";
    throw cause;
  }
}

const absent: readonly string[] = ["ENOENT", "ESRCH", "EACCES", "EPERM", "ENOTDIR", "EINVAL"];

function isAbsent(cause: unknown): boolean {
  return cause instanceof OutsideError && absent.includes(cause.code);
}
