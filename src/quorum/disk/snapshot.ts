/** `chk0001.tmp` … `chkffff.tmp`: images of the database as registry hives, never overwritten. */
import { sha256 } from "../../base/digest.ts";
import { commitFile } from "./commit.ts";
import { epochName } from "./epoch.ts";
import { hasCode } from "./place.ts";
import type { GenerationFolder } from "./place.ts";

const highestNumber = 0xffff;

/** Whether a file name is a snapshot's. */
export function isSnapshotName(name: string): boolean {
  return /^chk[0-9a-f]{4}\.tmp$/.test(name);
}

function snapshotName(number: number): string {
  return `chk${number.toString(16).padStart(4, "0")}.tmp`;
}

/** Numbers after the highest in use, then those below it. */
function* candidates(names: readonly string[]): Iterable<string> {
  const used = new Set(names);
  const highest = names.filter(isSnapshotName).at(-1);
  const first = highest === undefined ? 1 : Number.parseInt(highest.slice(3, 7), 16) + 1;
  for (let number = first; number <= highestNumber; number++) yield snapshotName(number);
  for (let number = 1; number < first && number <= highestNumber; number++) {
    if (!used.has(snapshotName(number))) yield snapshotName(number);
  }
}

/** Durable when it resolves. */
export async function writeSnapshot(
  folder: GenerationFolder,
  epoch: number,
  hive: Uint8Array,
): Promise<{ name: string; sha256: string }> {
  const names = candidates(await folder.files.list(folder.path));
  const name = await commitFile(folder, folder.path, epochName(epoch), hive, names);
  return { name, sha256: sha256(hive) };
}

/** "missing" and "damaged" (other digest) are for the caller to judge: there may be an older snapshot. */
export async function readSnapshot(
  folder: GenerationFolder,
  name: string,
  digest: string,
): Promise<Uint8Array | "missing" | "damaged"> {
  try {
    const hive = await folder.files.read(`${folder.path}/${name}`);
    return sha256(hive) === digest ? hive : "damaged";
  } catch (error) {
    if (hasCode(error, "ENOENT")) return "missing";
    throw error;
  }
}
