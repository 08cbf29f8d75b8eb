/** Names of files that are being written, which say by whom: what a process that was killed left behind is cleared away by the next one. */
import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync, readlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path";

/** The machine since its start, with the table in which process numbers count; then number, start time, and 4 random bytes. */
const pattern = /^\.clubar-([0-9a-f]{16})-(\d+)-(\d+)-[0-9a-f]{8}$/;

/** A new one. */
export function temporaryName(): string {
  const { pid } = process;
  return `.clubar-${table()}-${pid}-${startOf(pid) ?? "0"}-${randomBytes(4).toString("hex")}`;
}

/** Removes from a folder what processes of this machine left that have ended. Whatever can't be looked at or removed stays. */
export function clearAbandoned(folder: string): void {
  try {
    for (const name of readdirSync(folder)) {
      const [, where, pid = "", started] = pattern.exec(name) ?? [];
      if (where === table() && startOf(Number(pid)) !== started) unlinkSync(join(folder, name));
    }
  } catch {
    // What is to be written is told to be impossible when it is.
  }
}

function table(): string {
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return createHash("sha256")
    .update(`${boot} ${readlinkSync("/proc/self/ns/pid")}`)
    .digest("hex")
    .slice(0, 16);
}

/** In clock ticks since the machine's start; undefined when there is no such process (any more). */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}
