/** Paths and names of keys: `\` separates, case is kept but does not tell names apart (facts: regf.md §1.3, §1.5). */
import { upcase } from "./upcase-table.ts";

/** Longest key name, in UTF-16 code units. */
export const maxKeyName = 255;
/** Longest value name, in UTF-16 code units. */
export const maxValueName = 16383;
/** Deepest key below a root; the root itself has depth 0. */
export const maxDepth = 512;

/** The names in a path, outermost first; "" is the key itself and has none. Doubled, leading or trailing `\` give empty names. */
export function splitPath(path: string): string[] {
  return path === "" ? [] : path.split("\\");
}

/** Joins paths and names; empty parts are left out. */
export function joinPath(...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join("\\");
}

/** A name as Windows compares it: each UTF-16 unit in upper case. Two names are the same exactly when these are equal. */
export function foldName(name: string): string {
  for (let at = 0; at < name.length; at++) {
    const unit = name.charCodeAt(at);
    if (upcase(unit) !== unit) return name.slice(0, at) + foldRest(name, at);
  }
  return name;
}

function foldRest(name: string, from: number): string {
  let text = "";
  for (let start = from; start < name.length; start += 1024) {
    const units: number[] = [];
    const end = Math.min(name.length, start + 1024);
    for (let at = start; at < end; at++) units.push(upcase(name.charCodeAt(at)));
    text += String.fromCharCode(...units);
  }
  return text;
}

/** The order of subkeys: unit by unit in upper case, the shorter one first. 0 when the names are the same. */
export function compareNames(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    if (left === right) continue;
    const difference = upcase(left) - upcase(right);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Whether Windows takes two names for one. */
export function sameName(a: string, b: string): boolean {
  return a.length === b.length && compareNames(a, b) === 0;
}
