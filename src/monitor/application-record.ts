import { temporaryEnding, writeFileDurably } from "../base/durable.ts";
import { fail } from "../base/errors.ts";
import type { Files, ProcessIdentity } from "../base/outside.ts";
import type { ContainmentKind } from "./containment.ts";
import { readText } from "./process-table.ts";

/**
 * What finds an application's processes after its host has died. Written before the program starts, removed when all are proven gone.
 */
export interface ApplicationRecord {
  /** Also in the environment of the application's processes, as CLUBAR_APPLICATION. */
  readonly id: string;
  /** The resource's name or id: for people. */
  readonly resource: string;
  readonly kind: ContainmentKind;
  /** The kernel's boot id: processes of another boot are gone, whatever their numbers. */
  readonly boot: string;
  /** The outer process, which waits for the init. */
  readonly wrapper: ProcessIdentity;
  /** The init of the application's PID namespace (or, without one, the leader of its session). */
  readonly init: ProcessIdentity;
  readonly cgroup: string | undefined;
}

/** The kernel's name of the time since this boot; "" when it has none. */
export function bootId(files: Files): Promise<string> {
  return readText(files, "/proc/sys/kernel/random/boot_id").then((text) => text.trim());
}

function fileOf(folder: string, { id, boot }: Pick<ApplicationRecord, "id" | "boot">): string {
  return `${folder}/applications/${id}${boot === "" ? "" : `.${boot}`}.json`;
}

/**
 * Whoever looks from now on finds it, for as long as this kernel runs: what it stands for ends with the kernel, so nothing is synced, and
 * the boot is in the name, where no crash can tear it. Where nobody names the boot it is durable.
 */
export async function writeRecord(files: Files, folder: string, record: ApplicationRecord): Promise<void> {
  await files.makeFolder(`${folder}/applications`);
  const path = fileOf(folder, record);
  const bytes = new TextEncoder().encode(`${JSON.stringify(record)}\n`);
  if (record.boot === "") return writeFileDurably(files, path, bytes);
  const file = await files.open(`${path}${temporaryEnding}`, "create");
  try {
    await file.write(bytes, 0);
  } finally {
    await file.close();
  }
  await files.rename(`${path}${temporaryEnding}`, path);
}

/** Best effort: a record that stays names processes that are proven gone. */
export async function removeRecord(files: Files, folder: string, record: ApplicationRecord): Promise<void> {
  await files.unlink(fileOf(folder, record)).catch(() => undefined);
}

/**
 * The records of applications that nobody has proven gone; of other boots none, whatever their files hold.
 * @throws INVALID_DATA for a file that is none: what it stood for can't be told, and so not be proven gone
 */
export async function readRecords(files: Files, folder: string): Promise<readonly ApplicationRecord[]> {
  const place = `${folder}/applications`;
  const boot = await bootId(files);
  const records: ApplicationRecord[] = [];
  for (const name of await namesOf(files, place)) {
    if (name.endsWith(".json") && !isOtherBoot(name, boot))
      records.push(parse(await readText(files, `${place}/${name}`), `${place}/${name}`));
  }
  return records;
}

/** Removes what hosts of other boots left, and what was never a record. Nobody may be writing there. */
export async function forgetOtherBoots(files: Files, folder: string): Promise<void> {
  const place = `${folder}/applications`;
  const boot = await bootId(files);
  for (const name of await namesOf(files, place))
    if (isOtherBoot(name, boot) || name.endsWith(temporaryEnding)) await files.unlink(`${place}/${name}`);
}

async function namesOf(files: Files, place: string): Promise<readonly string[]> {
  return (await files.stat(place)) === undefined ? [] : files.list(place);
}

function isOtherBoot(name: string, boot: string): boolean {
  const named = /\.([-0-9a-f]{36})\.json$/.exec(name)?.[1];
  return boot !== "" && named !== undefined && named !== boot;
}

function parse(text: string, path: string): ApplicationRecord {
  try {
    const record = JSON.parse(text) as ApplicationRecord;
    const whole =
      typeof record.id === "string" && [record.init, record.wrapper].every(({ pid }) => typeof pid === "number");
    if (whole) return record;
  } catch {
    // Said below.
  }
  throw fail("INVALID_DATA", {
    happened: `${path}, which names a running application, is damaged.`,
    unchanged: "Nothing was started.",
    next: "Make sure that no application of this node runs (a restart of the machine does), then delete the file.",
  });
}
