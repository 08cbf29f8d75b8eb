/**
 * What a host has mounted outlives it. So it says what it will mount before it does, and the next host of the node unmounts what it finds
 * before it starts anything (docs/safety.md §2.5).
 */
import { writeFileDurably } from "../base/durable.ts";
import { fail } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import type { Log } from "../base/log.ts";
import type { Files, Outside, ProcessIdentity } from "../base/outside.ts";
import type { Disks } from "../disks/disks.ts";
import { until } from "./application-kill.ts";
import { bootId } from "./application-record.ts";

/** Written before the mount begins, removed when the system says that nobody has the partition any more. */
export interface MountRecord {
  /** The resource's name: for people. */
  readonly resource: string;
  /** Devices of another boot are others. */
  readonly boot: string;
  /** As `Disks.sourceOf` says it. */
  readonly source: string;
  readonly point: string;
  /** The process that mounts; until it has ended it may still do it. */
  readonly process?: ProcessIdentity | undefined;
}

/** The longest wait between two tries of the next host, in milliseconds. */
const tryAgain = 500;

/** @param folder the resource's own on this node */
function fileOf(folder: string): string {
  return `${folder}/mount.json`;
}

/** Durable when it resolves. */
export async function writeMountRecord(files: Files, folder: string, record: MountRecord): Promise<void> {
  await writeFileDurably(files, fileOf(folder), new TextEncoder().encode(`${JSON.stringify(record)}\n`));
}

/** undefined: nothing is mounted. @throws INVALID_DATA when it can't be told what is */
export async function readMountRecord(files: Files, folder: string): Promise<MountRecord | undefined> {
  const path = fileOf(folder);
  if ((await files.stat(path)) === undefined) return undefined;
  try {
    const record = JSON.parse(new TextDecoder().decode(await files.read(path))) as MountRecord;
    if (typeof record.source === "string" && typeof record.point === "string") return record;
  } catch {
    // Said below.
  }
  throw fail("INVALID_DATA", {
    happened: `${path}, which names a mounted disk, is damaged.`,
    unchanged: "Nothing was started.",
    next: "Unmount what resources of this node have mounted, then delete the file.",
  });
}

/**
 * Unmounts what the record names and resolves when the system says that nobody has the partition, in whatever mount namespace.
 * @throws RESOURCE_FAILED, BUSY while anybody does; the record stays
 */
export async function releaseMount(outside: Outside, disks: Disks, folder: string): Promise<void> {
  const { files, processes } = outside;
  const record = await readMountRecord(files, folder);
  if (record === undefined) return;
  const { source, point, process } = record;
  const boot = await bootId(files);
  const isOfThisBoot = boot === "" || record.boot === boot;
  if (isOfThisBoot || !source.startsWith("/dev/")) {
    if (process !== undefined && isOfThisBoot) {
      await until(outside, async () => !(await processes.signal(process, "SIGKILL")));
    }
    if (await disks.isAt(source, point)) await disks.unmount(point);
    const who = await disks.inUse(source);
    if (who !== undefined) {
      throw fail("BUSY", {
        happened: `${source} was unmounted from ${point}, but ${who}.`,
        unchanged: "Nobody else gets the disk.",
        next: "Find who has it (findmnt, lsof), also in containers, and end that.",
      });
    }
  }
  await files.unlink(fileOf(folder));
  await files.syncFolder(folder);
}

/** Releases what earlier hosts of this node mounted; resolves when nothing is left, however long that takes. */
export async function endMounts(outside: Outside, disks: Disks, data: string, log: Log): Promise<void> {
  const { files, timers } = outside;
  const top = `${data}/resources`;
  if ((await files.stat(top)) === undefined) return;
  for (const name of await files.list(top)) {
    for (;;) {
      try {
        await releaseMount(outside, disks, `${top}/${name}`);
        break;
      } catch (error) {
        log.error("an earlier host's disk can't be released", { resource: name, because: failureOf(error).happened });
        await timers.sleep(tryAgain);
      }
    }
  }
}
