/** Keys of a hive by a path as in reg.exe, with `*` and `?` in names and `**` for any keys between. */
import { fail } from "../../../base/errors.ts";
import { HiveError } from "../../../hive/hive-error.ts";
import type { HiveKey, OpenHive } from "../../../hive/open.ts";
import { foldName, sameName } from "../../../tree/path.ts";

/** A key and its path below the root of the hive; "" is the root. */
export interface Spot {
  readonly key: HiveKey;
  readonly path: string;
}

/** Whether a name is meant; upper and lower case count alike. `[*]` and `[?]` stand for the characters themselves. */
export function nameMatcher(pattern: string): (name: string) => boolean {
  if (!/[*?]/.test(pattern)) return (name) => sameName(name, pattern);
  const parts = foldName(pattern).match(/\[[*?]\]|[^]/g) ?? [];
  return (name) => matchesParts(parts, foldName(name));
}

/** Steps back to the last `*` only, so that its work is the product of both lengths at most. */
function matchesParts(parts: readonly string[], name: string): boolean {
  let part = 0;
  let star = -1;
  let tried = 0;
  for (let at = 0; at < name.length; ) {
    const wanted = parts[part];
    if (wanted === "*") {
      star = part++;
      tried = at;
    } else if (wanted !== undefined && (wanted === "?" || (wanted.length === 3 ? wanted[1] : wanted) === name[at])) {
      part++;
      at++;
    } else if (star >= 0) {
      part = star + 1;
      at = ++tried;
    } else return false;
  }
  while (parts[part] === "*") part++;
  return part === parts.length;
}

/** All keys that a path means, in the order of the file; at least one, or FILE_NOT_FOUND. */
export function findSpots(hive: OpenHive, pattern: string): Spot[] {
  let spots: Spot[] = [{ key: hive.root, path: "" }];
  const names = pattern.split("\\").filter((name) => name !== "");
  for (const name of names) {
    const next =
      name === "**" ? spots.flatMap((spot) => spotsBelow(hive, spot)) : spots.flatMap((spot) => step(spot, name));
    if (next.length === 0) throw notThere(pattern, name, spots[0]);
    spots = unique(next);
  }
  return spots;
}

function step(spot: Spot, name: string): Spot[] {
  if (!/[*?]/.test(name)) {
    const key = spot.key.subkey(name);
    return key === undefined ? [] : [{ key, path: pathBelow(spot.path, key.name) }];
  }
  const matches = nameMatcher(name);
  return subspots(spot).filter(({ key }) => matches(key.name));
}

/** The subkeys with their paths. */
export function subspots({ key, path }: Spot): Spot[] {
  return key.subkeys().map((below) => ({ key: below, path: pathBelow(path, below.name) }));
}

function pathBelow(path: string, name: string): string {
  return path === "" ? name : `${path}\\${name}`;
}

/** The key itself and all below it. Each key is visited once, so a damaged hive has an end, too. */
function spotsBelow(hive: OpenHive, spot: Spot): Spot[] {
  const found: Spot[] = [];
  const paths: string[] = [];
  const visit = (key: HiveKey, depth: number): void => {
    const path = depth === 0 ? spot.path : pathBelow(paths[depth - 1] ?? "", key.name);
    paths.length = depth;
    paths.push(path);
    found.push({ key, path });
  };
  hive.walk({ key: visit }, spot.path === "" ? undefined : spot.key);
  return found;
}

function unique(spots: readonly Spot[]): Spot[] {
  const seen = new Set<number>();
  return spots.filter(({ key }) => !seen.has(key.offset) && seen.add(key.offset));
}

function notThere(pattern: string, name: string, last: Spot | undefined): Error {
  const above = last === undefined || last.path === "" ? "the root" : last.path;
  return fail("FILE_NOT_FOUND", {
    happened: `The hive has no key ${pattern}: nothing below ${above} is called ${name}.`,
    unchanged: "Nothing was changed.",
    next: namesNear(last),
  });
}

function namesNear(spot: Spot | undefined): string {
  let names: string[] = [];
  try {
    names = spot?.key.subkeys().map(({ name }) => name) ?? [];
  } catch (error) {
    if (!(error instanceof HiveError)) throw error;
  }
  if (names.length === 0) return "There are no subkeys.";
  const more = names.length > 12 ? ` and ${names.length - 12} more` : "";
  return `There are ${names.slice(0, 12).join(", ")}${more}. In a shell, put paths with backslashes in single quotes.`;
}
