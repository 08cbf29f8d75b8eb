/** Opening a hive that a person named: with its logs when that is asked for, and without leaving a trace. */
import { statSync } from "node:fs";
import { basename } from "node:path";
import { fail, Failure } from "../../../base/errors.ts";
import { type BaseBlock, isDirty, whyDirty } from "../../../hive/base-block.ts";
import { type OpenHive, openHive } from "../../../hive/open.ts";
import { recoverHive, type Recovery } from "../../../hive/recover.ts";
import { fullRegPath } from "../../../hive/reg-read.ts";
import { sameName, splitPath } from "../../../tree/path.ts";
import type { Cli } from "../../cli.ts";
import { readArtefact } from "../../read-artefact.ts";
import { oneLine } from "../../render/table.ts";

/** Options of all verbs that read a hive. */
export interface ReadOptions {
  readonly recover?: boolean;
  readonly log?: readonly string[];
}

/** A hive and what it was made of. */
export interface OpenedFile {
  /** Absolute. */
  readonly path: string;
  /** As they are in the file, or with what its logs hold. */
  readonly bytes: Uint8Array;
  readonly recovery: Recovery | undefined;
}

/** The file that will be written: never the hive, nor a log of it. */
interface Target {
  readonly out?: string | undefined;
}

/** The bytes of a hive; with `recover` or `log` also what its logs hold. HIVE_CORRUPT, FILE_NOT_FOUND. */
export async function readHiveFile(cli: Cli, file: string, options: ReadOptions & Target = {}): Promise<OpenedFile> {
  const path = cli.path(file);
  if (options.out !== undefined)
    refuseSource(
      cli.path(options.out),
      path,
      options.log?.map((log) => cli.path(log)),
    );
  const bytes = await readArtefact(path);
  if (options.recover !== true && options.log === undefined) return { path, bytes, recovery: undefined };
  const logs = await readLogs(cli, path, options.log);
  const recovery = recoverHive(bytes, logs);
  return { path, bytes: recovery.bytes, recovery };
}

/** The same, opened; says on standard error when changes may sit in logs that were not looked at. */
export async function openHiveFile(
  cli: Cli,
  file: string,
  options: ReadOptions & Target = {},
): Promise<OpenedFile & { readonly hive: OpenHive }> {
  const read = await readHiveFile(cli, file, options);
  const hive = openHive(read.bytes);
  warnOf(cli, read.path, hive.block);
  return { ...read, hive };
}

/** Says on standard error what is to be known of a hive that is looked at. */
export function warnOf(cli: Cli, path: string, block: BaseBlock): void {
  if (isDirty(block)) {
    cli.terminal.err(
      `clubar: ${oneLine(path)}: ${whyDirty(block)}. What it shows may be stale; --recover applies its log files.\n`,
    );
  }
  if (block.minor > 5) {
    cli.terminal.err(
      `clubar: ${oneLine(path)} is a layer over another hive (1.6): what it deletes there looks like other keys and values.\n` +
        "ls -l tells them apart.\n",
    );
  }
}

const logEndings = [".LOG1", ".LOG2", ".LOG", ".log1", ".log2", ".log"] as const;

/** Whatever name it goes by, and also with --force. */
function refuseSource(out: string, hive: string, logs: readonly string[] = []): void {
  const known = identityOf(out);
  if (known === undefined) return;
  for (const source of [hive, ...logs, ...logEndings.map((ending) => hive + ending)]) {
    if (identityOf(source) !== known) continue;
    throw fail("REFUSED_FOR_SAFETY", {
      happened: `${out} is ${source === hive ? "the hive itself" : "a log of the hive"}.`,
      unchanged: "Nothing was written.",
      next: "Name another file; only `clubar hive import --in-place` changes a hive where it is.",
    });
  }
}

function identityOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev} ${ino}`;
  } catch {
    // Whatever keeps it from being looked at is told when it is read or written.
    return undefined;
  }
}

/** The logs named, or those beside the hive. */
async function readLogs(cli: Cli, path: string, named: readonly string[] | undefined): Promise<Uint8Array[]> {
  if (named !== undefined) return Promise.all(named.map((log) => readArtefact(cli.path(log))));
  return (await logsBeside(path)).map(({ bytes }) => bytes);
}

/** The log files that stand beside a hive and hold something. */
export async function logsBeside(path: string): Promise<{ readonly path: string; readonly bytes: Uint8Array }[]> {
  const found: { readonly path: string; readonly bytes: Uint8Array }[] = [];
  for (const ending of logEndings) {
    const log = path + ending;
    const bytes = await readArtefact(log).catch((error: unknown) => {
      if (error instanceof Failure && error.name === "FILE_NOT_FOUND") return undefined;
      throw error;
    });
    if (bytes !== undefined && bytes.length > 0) found.push({ path: log, bytes });
  }
  return found;
}

/** Where Windows mounts a hive of that file name; of others `HKEY_LOCAL_MACHINE\<name>`. */
export function mountOf(path: string): string {
  const name = basename(path).replace(/\.(hiv|hive|dat|hve|reg|cpt|tmp|bak|old|sav)$/i, "");
  if (/^ntuser$/i.test(name)) return "HKEY_CURRENT_USER";
  if (/^usrclass$/i.test(name)) return "HKEY_CURRENT_USER\\Software\\Classes";
  if (/^(clusdb|chk.{4,}|0\.cluster)$/i.test(name)) return "HKEY_LOCAL_MACHINE\\Cluster";
  return `HKEY_LOCAL_MACHINE\\${name}`;
}

/** A path below the root of a hive from one that may begin with the place where the hive is mounted, or with a `\`. USAGE. */
export function hivePath(file: string, given: string): string {
  const path = given.replace(/^\\+|\\+$/g, "");
  if (!/^(HKEY_\w+|HK(LM|CU|CR|U|CC))(\\|$)/i.test(path)) return path;
  const names = splitPath(fullRegPath(path));
  const mount = splitPath(mountOf(file));
  if (mount.every((name, at) => sameName(name, names[at] ?? ""))) return names.slice(mount.length).join("\\");
  throw fail("USAGE", {
    happened: `${given} is not in this hive, which Windows would mount as ${mount.join("\\")}.`,
    unchanged: "Nothing was done.",
    next: "Write the path below the root of the hive.",
  });
}
