/** `clubar hive find`, with the questions of `reg query /f`. */
import { typeName, typeNumber, valueView } from "../../../api/value-view.ts";
import type { HiveKey, HiveValue } from "../../../hive/open.ts";
import { foldName } from "../../../tree/path.ts";
import { valueType } from "../../../tree/value.ts";
import type { Cli } from "../../cli.ts";
import { usage } from "../../exit.ts";
import { typeAndData } from "../../registry-value.ts";
import { oneLine } from "../../render/table.ts";
import { findSpots, nameMatcher } from "./glob.ts";
import { Lines } from "./lines.ts";
import { hivePath, openHiveFile, type ReadOptions } from "./open-file.ts";

/** Options of `find`; without one of `keys`, `names` and `data` all three are looked at. */
export interface FindOptions extends ReadOptions {
  readonly in: string;
  readonly keys?: boolean;
  readonly names?: boolean;
  readonly data?: boolean;
  readonly exact?: boolean;
  readonly case?: boolean;
  readonly type?: string;
}

interface Hit {
  readonly path: string;
  readonly value: HiveValue | undefined;
}

/** A line a hit: `path\` of a key, `path: name    type    data` of a value. Exit 8 when there is none. */
export async function findInHive(cli: Cli, file: string, pattern: string, options: FindOptions): Promise<void> {
  if (pattern === "") throw usage("An empty text is everywhere.", "Use `clubar hive tree` to see all.");
  const { hive, path: full } = await openHiveFile(cli, file, options);
  const matches = textMatcher(pattern, options);
  const everything = options.keys !== true && options.names !== true && options.data !== true;
  const wanted = options.type === undefined ? undefined : typeOf(options.type);
  const hits: Hit[] = [];
  const lines = new Lines(cli.terminal);
  let found = 0;
  const take = (hit: Hit): void => {
    found++;
    if (cli.settings.json) hits.push(hit);
    else lines.add(hitText(hit));
  };
  for (const spot of findSpots(hive, hivePath(full, options.in))) {
    const above: string[] = [];
    const key = (one: HiveKey, depth: number): void => {
      const path = depth === 0 ? spot.path : `${above[depth - 1]}${above[depth - 1] === "" ? "" : "\\"}${one.name}`;
      above.length = depth;
      above.push(path);
      const isMeant = depth > 0 && wanted === undefined && (everything || options.keys === true);
      if (isMeant && matches(one.name)) take({ path, value: undefined });
    };
    const value = (one: HiveValue): void => {
      if (wanted !== undefined && one.type !== wanted) return;
      const byName = (everything || options.names === true) && matches(one.name);
      if (byName || ((everything || options.data === true) && matches(typeAndData(one)[1])))
        take({ path: above.at(-1) ?? "", value: one });
    };
    hive.walk({ key, value }, spot.path === "" ? undefined : spot.key);
  }
  lines.end();
  if (cli.settings.json)
    cli.show(
      hits.map(({ path, value }) => ({ path, value: value === undefined ? null : valueView(value) })),
      () => "",
    );
  if (found > 0) return;
  cli.exit = 8;
  if (!cli.settings.json) cli.terminal.err(`clubar: Nothing was found.\n`);
}

function typeOf(text: string): number {
  return typeNumber(text.toUpperCase().startsWith("REG_") || /^\d/.test(text) ? text : `REG_${text}`);
}

/** Anywhere in a text unless it has to be all of it; globs count for all of it. */
function textMatcher(pattern: string, { exact, case: isExactCase }: FindOptions): (text: string) => boolean {
  if (isExactCase === true) return (text) => (exact === true ? text === pattern : text.includes(pattern));
  if (exact === true || /[*?]/.test(pattern)) return nameMatcher(pattern);
  const folded = foldName(pattern);
  return (text) => foldName(text).includes(folded);
}

function hitText({ path, value }: Hit): string {
  if (value === undefined) return oneLine(`${path}\\`);
  const [, data] = value.type === valueType.none ? ["", ""] : typeAndData(value);
  return `${oneLine(`${path}: ${value.name === "" ? "(Default)" : value.name}    ${typeName(value.type)}`)}    ${data}`;
}
