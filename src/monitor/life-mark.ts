/**
 * The lock file of a node's data folder says whose lock it is. The host writes that right after it took the lock, so that a leader on the
 * same machine can tell one life from another, and this folder from one that only has its path (docs/safety.md §2.4).
 */
import type { FileHandle, Files, Outside, ProcessIdentity } from "../base/outside.ts";

/** What `host.lock` holds, as JSON. */
export interface LifeMark {
  readonly incarnation: string;
  readonly host: ProcessIdentity;
  /** `Processes.table` of the host: where its identity and those of its applications are good. */
  readonly table: string;
  /** The lock file's own inode number: a copy of the file has another one. */
  readonly inode: string;
}

/** Where a host's lock lies in its data folder. */
export function lockPath(data: string): string {
  return `${data}/host.lock`;
}

/** `lock`: the handle, opened to append, that holds the lock. Writes nothing where the process table has no name. */
export async function writeLifeMark(
  outside: Outside,
  lock: FileHandle,
  data: string,
  incarnation: string,
): Promise<void> {
  const { files, processes } = outside;
  await lock.truncate(0);
  const inode = (await files.stat(lockPath(data)))?.inode;
  if (processes.table === undefined || inode === undefined) return;
  const mark: LifeMark = { incarnation, host: processes.self, table: processes.table, inode: String(inode) };
  await lock.write(new TextEncoder().encode(`${JSON.stringify(mark)}\n`));
}

/** undefined: there is none, or not a whole one. Rejects when the file is not there or not ours to read. */
export async function readLifeMark(files: Files, data: string): Promise<LifeMark | undefined> {
  const text = new TextDecoder().decode(await files.read(lockPath(data)));
  if (!text.endsWith("\n")) return undefined;
  try {
    const mark = JSON.parse(text) as Partial<LifeMark> | null;
    const { incarnation, host, table, inode } = mark ?? {};
    const texts = [incarnation, table, inode, host?.started];
    const isWhole = texts.every((each) => typeof each === "string" && each !== "") && Number.isInteger(host?.pid);
    return isWhole ? (mark as LifeMark) : undefined;
  } catch {
    return undefined;
  }
}
