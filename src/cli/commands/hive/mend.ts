/** `clubar hive check`, `recover`, `salvage` and `deleted`. */
import { valueView } from "../../../api/value-view.ts";
import { type BaseBlock, readBaseBlock } from "../../../hive/base-block.ts";
import { checkHive } from "../../../hive/check.ts";
import { deletedEntries } from "../../../hive/deleted.ts";
import type { Finding, Severity } from "../../../hive/finding.ts";
import { HiveError } from "../../../hive/hive-error.ts";
import type { AppliedLog } from "../../../hive/recover.ts";
import { orphansName, salvageHive } from "../../../hive/salvage.ts";
import { fileTime, wallTime } from "../../../tree/key.ts";
import type { Cli } from "../../cli.ts";
import { writeNewFile } from "../../new-file.ts";
import { typeAndData } from "../../registry-value.ts";
import { facts, table } from "../../render/table.ts";
import { bytesText, counted } from "../../render/text.ts";
import { readHiveFile, type ReadOptions, warnOf } from "./open-file.ts";
import { type OutOptions, writeTree } from "./text.ts";

/** Options of `check`. */
export interface CheckOptions extends ReadOptions {
  readonly most: number;
  readonly strict?: boolean;
}

const hex = (offset: number): string => `0x${offset.toString(16)}`;

/** Everything that is wrong; exit 5 when something is an error (with `strict`, a warning). */
export async function checkFile(cli: Cli, file: string, { most, strict, ...options }: CheckOptions): Promise<void> {
  const { path, bytes } = await readHiveFile(cli, file, options);
  const findings = checkHive(bytes);
  const count = (severity: Severity): number => findings.filter((one) => one.severity === severity).length;
  const counts = { errors: count("error"), warnings: count("warning"), notes: count("note") };
  if (counts.errors > 0 || (strict === true && counts.warnings > 0)) cli.exit = 5;
  const shown = findings.slice(0, most);
  cli.show(
    { path, sound: findings.length === 0, ...counts, findings: shown, more: findings.length - shown.length },
    () => {
      const summary = `${counted(counts.errors, "error")}, ${counted(counts.warnings, "warning")}, ${counted(counts.notes, "note")}.\n`;
      if (findings.length === 0) return `${path} is sound.\n`;
      const rest =
        findings.length > most ? `… and ${findings.length - most} more; --most says how many are told.\n` : "";
      return `${findingsText(shown)}${rest}\n${summary}`;
    },
  );
}

function findingsText(findings: readonly Finding[]): string {
  const rows = findings.map(({ offset, cell, rule, severity, text }) => [
    severity,
    hex(offset),
    cell === undefined ? "" : hex(cell),
    rule,
    text,
  ]);
  return table(["Severity", "Offset", "Cell", "Rule", "What"], rows, "Nothing.");
}

/** The hive with what its logs hold, as a new clean file. */
export async function recoverFile(
  cli: Cli,
  file: string,
  logs: readonly string[],
  { out, force }: OutOptions,
): Promise<void> {
  const { path, bytes, recovery } = await readHiveFile(cli, file, {
    recover: true,
    out,
    ...(logs.length > 0 ? { log: logs } : {}),
  });
  writeNewFile(cli.path(out), force === true, (write) => write(bytes));
  const { outcome, applied = [], notes = [] } = recovery ?? {};
  cli.show(
    { path, out: cli.path(out), outcome, applied, baseBlockFrom: recovery?.baseBlockFrom ?? null, notes },
    () => {
      const lines = applied.map(appliedText);
      const said =
        outcome === "clean"
          ? `${path} is clean: ${out} is a copy of it.\n`
          : `${out} is ${path} with what its logs hold.\n`;
      return `${said}${lines.join("")}${notes.map((note) => `Note: ${note}\n`).join("")}`;
    },
  );
}

function appliedText({ log, format, entries, pages, firstSequence, lastSequence }: AppliedLog): string {
  const many = `${entries} ${entries === 1 ? "entry" : "entries"}, ${counted(pages, "page")}`;
  return `Applied from log ${log + 1} (${format}): ${many}, sequences ${firstSequence} to ${lastSequence}.\n`;
}

/** What can be read of a damaged hive as a new one; exit 4 when something was lost. */
export async function salvageFile(
  cli: Cli,
  file: string,
  { most, ...options }: ReadOptions & OutOptions & { readonly most: number; readonly hiveVersion?: string },
): Promise<void> {
  const { path, bytes } = await readHiveFile(cli, file, options);
  const { tree, report } = salvageHive(bytes);
  writeTree(cli, tree, fileTime(cli.terminal.now()), options);
  const { keys, values, dataBytes, losses, reattached, orphans, findings } = report;
  if (losses.length > 0) cli.exit = 4;
  cli.show({ path, out: cli.path(options.out), ...report }, () => {
    const head = facts([
      ["Saved to", options.out],
      ["Saved", `${counted(keys, "key")}, ${counted(values, "value")}, ${bytesText(dataBytes)} of data`],
      ["Found without a way to them", foundText(reattached, orphans)],
      ["Lost", losses.length === 0 ? "nothing that is known of" : counted(losses.length, "part")],
      ["Else wrong", findings.length === 0 ? "nothing" : `${counted(findings.length, "thing")} (clubar hive check)`],
    ]);
    if (losses.length === 0) return head;
    const rows = losses.slice(0, most).map(({ offset, kind, path: at, text }) => [hex(offset), kind, `${at}\\`, text]);
    const rest = losses.length > most ? `… and ${losses.length - most} more; --most says how many are told.\n` : "";
    return `${head}\n${table(["Offset", "Lost", "In", "Why"], rows, "")}${rest}`;
  });
}

function foundText(reattached: number, orphans: number): string {
  const found: string[] = [];
  if (reattached > 0) found.push(`${counted(reattached, "key")}, re-attached`);
  if (orphans > 0) found.push(`${counted(orphans, "key")}, below "${orphansName}"`);
  return found.length === 0 ? "none" : found.join("; ");
}

/** undefined when it can't be read, though something of a hive was found. @throws HiveError when nothing was */
function headOf(bytes: Uint8Array, isFound: boolean): BaseBlock | undefined {
  try {
    return readBaseBlock(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length));
  } catch (error) {
    if (isFound && error instanceof HiveError) return undefined;
    throw error;
  }
}

/** Deleted keys and values that are still in free cells. HiveError when it is no hive. */
export async function showDeleted(cli: Cli, file: string, options: ReadOptions): Promise<void> {
  const { path, bytes } = await readHiveFile(cli, file, options);
  const entries = deletedEntries(bytes);
  const block = headOf(bytes, entries.length > 0);
  if (block !== undefined) warnOf(cli, path, block);
  const view = entries.map(({ value, lastWritten, path: at, ...rest }) => ({
    ...rest,
    path: at ?? null,
    lastWritten: lastWritten === undefined ? null : new Date(wallTime(lastWritten)).toISOString(),
    value: value === undefined ? null : valueView(value),
  }));
  const rows = entries.map(({ kind, offset, name, path: at, value, whole }) => [
    hex(offset),
    kind,
    at ?? "?",
    value === undefined ? "" : name === "" ? "(Default)" : name,
    value === undefined ? "" : `${typeAndData(value).join(" ").slice(0, 120)}${whole ? "" : " (overwritten in part)"}`,
  ]);
  cli.show({ path, entries: view }, () =>
    table(["Offset", "Kind", "Key", "Value", "Data"], rows, "Nothing deleted can be read."),
  );
}
