/** `clubar hive ls`, `cat` and `tree`. */
import { typeName, valueView } from "../../../api/value-view.ts";
import { fail } from "../../../base/errors.ts";
import type { HiveKey, HiveValue } from "../../../hive/open.ts";
import { wallTime } from "../../../tree/key.ts";
import type { Cli } from "../../cli.ts";
import { usage } from "../../exit.ts";
import { typeAndData } from "../../registry-value.ts";
import { oneLine } from "../../render/table.ts";
import { findSpots, nameMatcher, type Spot } from "./glob.ts";
import { Lines } from "./lines.ts";
import { hivePath, openHiveFile, type ReadOptions } from "./open-file.ts";

/** Options of `ls`. */
export interface ListOptions extends ReadOptions {
  readonly long?: boolean;
}

/** Names of subkeys, each with a `\` at its end, and of values; under their keys when a glob means several. */
export async function listKeys(cli: Cli, file: string, path: string, options: ListOptions): Promise<void> {
  const { hive, path: full } = await openHiveFile(cli, file, options);
  const spots = findSpots(hive, hivePath(full, path));
  if (cli.settings.json) {
    cli.show(spots.map(listView), () => "");
    return;
  }
  const lines = new Lines(cli.terminal);
  for (const [at, spot] of spots.entries()) {
    if (spots.length > 1) {
      if (at > 0) lines.add("");
      lines.add(oneLine(`${spot.path}\\:`));
    }
    for (const key of spot.key.subkeys()) lines.add(options.long === true ? longKey(key) : oneLine(`${key.name}\\`));
    for (const value of spot.key.values()) lines.add(options.long === true ? longValue(value) : shownName(value));
  }
  lines.end();
}

function listView({ key, path }: Spot): object {
  return {
    ...keyView(key, path),
    subkeys: key.subkeys().map((one) => ({
      name: one.name,
      lastWritten: timeText(one),
      subkeys: one.subkeyCount,
      values: one.valueCount,
      ...(one.layering === "merge" ? {} : { layering: one.layering }),
    })),
    values: key.values().map(({ name, type, size, tombstone }) => ({
      name,
      type: typeName(type),
      size,
      ...(tombstone ? { tombstone } : {}),
    })),
  };
}

function keyView(key: HiveKey, path: string): object {
  return { path, name: key.name, lastWritten: timeText(key), className: key.className ?? null, link: key.symlink };
}

function timeText(key: HiveKey): string {
  return new Date(wallTime(key.lastWritten)).toISOString();
}

function longKey(key: HiveKey): string {
  const counts = `${key.subkeyCount} + ${key.valueCount}`.padStart(13);
  const layering = key.layering === "merge" ? "" : `  (${key.layering})`;
  return oneLine(`${timeText(key).slice(0, 19)}Z ${counts}  ${key.name}\\${layering}`);
}

function longValue(value: HiveValue): string {
  const marker = value.tombstone ? "  (tombstone)" : "";
  return oneLine(`${typeName(value.type).padEnd(20)} ${String(value.size).padStart(13)}  `) + shownName(value) + marker;
}

function shownName({ name }: { readonly name: string }): string {
  return oneLine(name === "" ? "(Default)" : name);
}

/** Options of `cat`. */
export interface CatOptions extends ReadOptions {
  readonly value?: string;
  readonly raw?: boolean;
}

/** Values as `reg query` shows them; with `raw` the bytes of the one that is meant. */
export async function showValues(cli: Cli, file: string, path: string, options: CatOptions): Promise<void> {
  const { hive, path: full } = await openHiveFile(cli, file, options);
  const wanted = options.value === undefined ? undefined : nameMatcher(options.value);
  const hits = findSpots(hive, hivePath(full, path)).map((spot) => ({
    ...spot,
    values: spot.key.values().filter(({ name }) => wanted === undefined || wanted(name)),
  }));
  const found = wanted === undefined ? hits : hits.filter(({ values }) => values.length > 0);
  if (found.length === 0) {
    throw fail("FILE_NOT_FOUND", {
      happened: `No value of ${path === "" ? "the root" : path} is called "${options.value ?? ""}".`,
      unchanged: "Nothing was changed.",
      next: `Its values: ${
        hits
          .flatMap(({ key }) => key.values().map(shownName))
          .slice(0, 20)
          .join(", ") || "none"
      }.`,
    });
  }
  if (options.raw === true) {
    showRaw(
      cli,
      found.flatMap(({ values }) => values),
    );
    return;
  }
  cli.show(
    found.map(({ key, path: at, values }) => ({ ...keyView(key, at), values: values.map(valueView) })),
    () => found.map(({ path: at, values }) => valuesText(at, values)).join("\n"),
  );
}

function showRaw(cli: Cli, values: readonly HiveValue[]): void {
  const [value] = values;
  if (value === undefined || values.length > 1)
    throw usage(`--raw shows one value, but ${values.length} are meant.`, "Say which one by --value.");
  cli.terminal.outBytes(value.data);
}

function valuesText(path: string, values: readonly HiveValue[]): string {
  return [oneLine(`${path}\\`), ...values.map(valueLine)].map((line) => `${line}\n`).join("");
}

/** `    name    REG_SZ    data`. */
export function valueLine(value: HiveValue): string {
  const [type, data] = typeAndData(value);
  return `    ${shownName(value)}    ${type}    ${data}`;
}

/** Options of `tree`. */
export interface TreeOptions extends ReadOptions {
  readonly depth: number;
  readonly values?: boolean;
}

interface Branch {
  readonly name: string;
  readonly values?: readonly object[];
  readonly children: Branch[];
}

/** Keys below others by indentation, down to a depth. */
export async function showTree(cli: Cli, file: string, path: string, options: TreeOptions): Promise<void> {
  const { hive, path: full } = await openHiveFile(cli, file, options);
  const spots = findSpots(hive, hivePath(full, path));
  const lines = new Lines(cli.terminal);
  const roots: Branch[] = [];
  for (const spot of spots) {
    const above: Branch[] = [];
    const key = (one: HiveKey, depth: number): void => {
      if (depth > options.depth) return;
      const name = depth === 0 ? spot.path : one.name;
      if (!cli.settings.json) {
        lines.add(`${"  ".repeat(depth)}${oneLine(`${name}\\`)}`);
        if (options.values === true)
          for (const value of one.values()) lines.add(`${"  ".repeat(depth)}${valueLine(value)}`);
        return;
      }
      const values = options.values === true ? { values: one.values().map(valueView) } : {};
      const branch: Branch = { name, ...values, children: [] };
      above.length = depth;
      (above.at(-1)?.children ?? roots).push(branch);
      above.push(branch);
    };
    hive.walk({ key }, spot.path === "" ? undefined : spot.key);
  }
  if (cli.settings.json) cli.show(roots, () => "");
  lines.end();
}
