/**
 * What the kernel of this machine tells of another node's life: that its host and all that it ran have ended (docs/safety.md §2.4).
 * Whatever can't be told counts as not ended; then the wait decides.
 */
import type { Outside } from "../base/outside.ts";
import { type ApplicationRecord, bootId, readRecords } from "./application-record.ts";
import { type LifeMark, lockPath, readLifeMark } from "./life-mark.ts";
import { readText } from "./process-table.ts";

/** File systems whose locks and folders are this kernel's own and no other machine's. */
const local: readonly string[] = ["ext4", "xfs", "btrfs", "zfs", "f2fs", "bcachefs", "tmpfs", "ramfs", "overlay"];

/**
 * Whether that life of the node with data folder `data` has certainly ended, its applications included. Each step is about something that
 * can't come back, and none is looked at before what could still change it has ended:
 *
 * 1. the folder is that life's own, on a local disk, and its process table is this process's table;
 * 2. its host has ended, as the process table *and* the lock say: nobody starts an application or writes a record any more. A container
 *    that it had begun and not recorded runs no program, for the word "go" comes after the record;
 * 3. of every recorded application the init has ended, which the kernel lets happen only after all its processes are gone.
 *
 * Rejects when something can't be read, which tells nothing.
 */
export async function lifeHasEnded(outside: Outside, data: string, incarnation: string): Promise<boolean> {
  const { files, processes } = outside;
  const mark = await readLifeMark(files, data);
  if (mark === undefined || mark.incarnation !== incarnation) return false;
  if (mark.table !== processes.table) return false;
  if (!(await processes.hasEnded(mark.host))) return false;
  if (!local.includes(await files.fileSystem(lockPath(data)))) return false;
  if (!(await isFree(outside, data, mark))) return false;
  const boot = await bootId(files);
  for (const record of await readRecords(files, data)) {
    if (!(await applicationHasEnded(outside, record, boot))) return false;
  }
  return isFree(outside, data, mark);
}

/** Nobody holds the lock, and the file is still the very one that the host locked. */
async function isFree({ files }: Outside, data: string, mark: LifeMark): Promise<boolean> {
  const path = lockPath(data);
  if (await files.isLocked(path)) return false;
  const now = await readLifeMark(files, data);
  return now?.incarnation === mark.incarnation && String((await files.stat(path))?.inode) === mark.inode;
}

/**
 * Without a PID namespace the end of what was recorded says nothing about the rest. What lives among the machine's processes belongs to a
 * type that does not die with its host, of which the end of a life tells nothing anyway.
 */
async function applicationHasEnded(outside: Outside, record: ApplicationRecord, boot: string): Promise<boolean> {
  const { files, processes } = outside;
  if (boot !== "" && record.boot !== "" && record.boot !== boot) return true;
  if (record.kind === "machine") return true;
  if (record.kind !== "pid-namespace" && record.kind !== "cgroup") return false;
  if (!(await processes.hasEnded(record.init)) || !(await processes.hasEnded(record.wrapper))) return false;
  if (record.cgroup === undefined || (await files.stat(record.cgroup)) === undefined) return true;
  return /^populated 0$/m.test(await readText(files, `${record.cgroup}/cgroup.events`));
}
