import { writeFileDurably } from "../base/durable.ts";
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

function fileOf(folder: string, id: string): string {
  return `${folder}/applications/${id}.json`;
}

/** Durable when it resolves. */
export async function writeRecord(files: Files, folder: string, record: ApplicationRecord): Promise<void> {
  await files.makeFolder(`${folder}/applications`);
  await writeFileDurably(files, fileOf(folder, record.id), new TextEncoder().encode(`${JSON.stringify(record)}\n`));
}

/** Best effort: a record that stays names processes that are proven gone. */
export async function removeRecord(files: Files, folder: string, id: string): Promise<void> {
  await files.unlink(fileOf(folder, id)).catch(() => undefined);
}

/**
 * The records of applications that nobody has proven gone.
 * @throws INVALID_DATA for a file that is none: what it stood for can't be told, and so not be proven gone
 */
export async function readRecords(files: Files, folder: string): Promise<readonly ApplicationRecord[]> {
  const place = `${folder}/applications`;
  if ((await files.stat(place)) === undefined) return [];
  const records: ApplicationRecord[] = [];
  for (const name of await files.list(place)) {
    if (name.endsWith(".json")) records.push(parse(await readText(files, `${place}/${name}`), `${place}/${name}`));
  }
  return records;
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
