/** What an edit may name: the registry's limits (facts: regf.md §1.5). Every check throws, and says which name is at fault. */
import { fail, type Failure } from "../base/errors.ts";
import { childrenOf, valuesOf, type Key } from "./key.ts";
import { maxDepth, maxKeyName, maxValueName } from "./path.ts";
import type { Value } from "./value.ts";

/** INVALID_NAME unless each part is a key name and there are at most 512. */
export function checkPath(path: string, names: readonly string[]): void {
  if (names.length > maxDepth)
    throw badName(`The path "${brief(path)}" is ${names.length} keys deep; ${maxDepth} is the limit.`);
  for (const name of names) checkKeyName(path, name);
}

function checkKeyName(path: string, name: string): void {
  if (name === "") throw badName(`The path "${brief(path)}" has an empty key name in it.`);
  if (name.includes("\\")) throw badName(`The key name "${brief(name)}" below "${brief(path)}" holds a "\\".`);
  if (name.length > maxKeyName)
    throw badName(`The key name "${brief(name)}" is ${name.length} units long; ${maxKeyName} is the limit.`);
}

/** INVALID_NAME for a name that is too long, INVALID_PARAMETER for a type that is no unsigned 32-bit number. */
export function checkValue(value: Value): void {
  if (value.name.length > maxValueName) {
    throw badName(
      `The value name "${brief(value.name)}" is ${value.name.length} units long; ${maxValueName} is the limit.`,
    );
  }
  if (!Number.isInteger(value.type) || value.type < 0 || value.type > 0xffff_ffff) {
    throw fail("INVALID_PARAMETER", {
      happened: `The value "${brief(value.name)}" can't have the type ${value.type}.`,
    });
  }
}

/** All names and values in a tree that is to stand at `depth`; the name of its root does not count. */
export function checkTree(path: string, depth: number, tree: Key): void {
  const waiting: { readonly key: Key; readonly depth: number }[] = [{ key: tree, depth }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next.depth > maxDepth) throw badName(`The tree for "${brief(path)}" would be deeper than ${maxDepth} keys.`);
    for (const value of valuesOf(next.key)) checkValue(value);
    for (const child of childrenOf(next.key)) {
      checkKeyName(path, child.name);
      waiting.push({ key: child, depth: next.depth + 1 });
    }
  }
}

function badName(happened: string): Failure {
  return fail("INVALID_NAME", { happened, unchanged: "Nothing was changed.", next: "Use another name." });
}

function brief(text: string): string {
  return text.length <= 120 ? text : `${text.slice(0, 100)}…`;
}
