/** Changes of a key tree as data, and how they are applied: all or nothing, at the cost of the path, never of a list. */
import { equalBytes } from "../base/bytes.ts";
import { fail } from "../base/errors.ts";
import { checkPath, checkTree, checkValue } from "./limits.ts";
import { childOf, emptyKey, withChild, withoutChild, type Key } from "./key.ts";
import { splitPath } from "./path.ts";
import type { Value } from "./value.ts";
import { withoutValue, withValue } from "./values.ts";

/** Paths are relative to the tree's root. Keys that exist keep the spelling of their names. */
export type Edit =
  /** Makes missing ancestors too. A key that exists is left as it is, its class included. */
  | { readonly kind: "create-key"; readonly path: string; readonly className?: string | undefined }
  /** The whole subtree; an absent key is fine. The root can't be deleted (ACCESS_DENIED). */
  | { readonly kind: "delete-key"; readonly path: string }
  /** Makes the key if it is missing. */
  | { readonly kind: "set-value"; readonly path: string; readonly value: Value }
  /** An absent value, or key, is fine. */
  | { readonly kind: "delete-value"; readonly path: string; readonly name: string }
  /** FILE_NOT_FOUND when there is no such key. undefined takes the descriptor away. */
  | { readonly kind: "set-security"; readonly path: string; readonly security: Uint8Array | undefined }
  /** The subtree becomes this one, its last-write times kept; its name is the last part of the path (the root keeps its own). */
  | { readonly kind: "put-tree"; readonly path: string; readonly tree: Key };

/**
 * The tree after the edits, in their order. A key whose values, security or list of subkeys change gets `time` as its last-write
 * time; an edit that changes nothing leaves the very same keys. New keys take their parent's security.
 *
 * INVALID_NAME for a bad path, key name or value name, INVALID_PARAMETER for a value type that is no unsigned 32-bit number.
 */
export function applyEdits(root: Key, edits: readonly Edit[], time: bigint): Key {
  let tree = root;
  for (let at = 0; at < edits.length; ) {
    const edit = edits[at] as Edit;
    const run = valueEditsFrom(edits, at);
    tree = run.length > 1 ? applyValueEdits(tree, edit.path, run, time) : applyEdit(tree, edit, time);
    at += Math.max(1, run.length);
  }
  return tree;
}

type ValueEdit = Extract<Edit, { kind: "set-value" | "delete-value" }>;

/** Those of one key that stand side by side: its ancestors are made anew once for all of them. */
function valueEditsFrom(edits: readonly Edit[], from: number): readonly ValueEdit[] {
  const run: ValueEdit[] = [];
  for (let at = from; at < edits.length; at++) {
    const edit = edits[at] as Edit;
    const isValue = edit.kind === "set-value" || edit.kind === "delete-value";
    if (!isValue || edit.path !== edits[from]?.path) break;
    run.push(edit);
  }
  return run;
}

function applyValueEdits(root: Key, path: string, run: readonly ValueEdit[], time: bigint): Key {
  const names = splitPath(path);
  checkPath(path, names);
  for (const edit of run) if (edit.kind === "set-value") checkValue(edit.value);
  const change = (key: Key): Key => {
    let { values } = key;
    for (const edit of run)
      values = edit.kind === "set-value" ? withValue(values, edit.value) : withoutValue(values, edit.name);
    return values === key.values ? key : { ...key, values, lastWritten: time };
  };
  const makes = run.some(({ kind }) => kind === "set-value");
  return makes ? changeKey(root, names, time, change) : changeExisting(root, names, change);
}

function applyEdit(root: Key, edit: Edit, time: bigint): Key {
  const names = splitPath(edit.path);
  checkPath(edit.path, names);
  switch (edit.kind) {
    case "create-key":
      return changeKey(root, names, time, (key, isNew) =>
        isNew && edit.className !== undefined ? { ...key, className: edit.className } : key,
      );
    case "delete-key":
      return deleteKey(root, names, time);
    case "set-value":
      checkValue(edit.value);
      return changeKey(root, names, time, (key) => {
        const values = withValue(key.values, edit.value);
        return values === key.values ? key : { ...key, values, lastWritten: time };
      });
    case "delete-value":
      return changeExisting(root, names, (key) => {
        const values = withoutValue(key.values, edit.name);
        return values === key.values ? key : { ...key, values, lastWritten: time };
      });
    case "set-security":
      return setSecurity(root, edit.path, names, edit.security, time);
    case "put-tree":
      checkTree(edit.path, names.length, edit.tree);
      return changeKey(root, names, time, (key) => {
        const name = names.at(-1) ?? key.name;
        return edit.tree.name === name ? edit.tree : { ...edit.tree, name };
      });
  }
}

/** Changes the key at a path and makes it, and what is missing above it, first. */
function changeKey(root: Key, names: readonly string[], time: bigint, change: (key: Key, isNew: boolean) => Key): Key {
  const above: Key[] = [];
  let key = root;
  let firstNew = Number.POSITIVE_INFINITY;
  for (const [depth, name] of names.entries()) {
    above.push(key);
    const child = childOf(key, name);
    if (child === undefined) firstNew = Math.min(firstNew, depth);
    key = child ?? { ...emptyKey(name, time), security: key.security };
  }
  const changed = change(key, firstNew < names.length);
  return changed === key && firstNew >= names.length ? root : rebuild(above, changed, firstNew, time);
}

/** Puts a changed key below its ancestors again; from `firstNew` on the ancestors got a new child, and with it a new time. */
function rebuild(above: readonly Key[], changed: Key, firstNew: number, time: bigint): Key {
  let key = changed;
  for (let depth = above.length - 1; depth >= 0; depth--) {
    const parent = withChild(above[depth] as Key, key);
    key = depth >= firstNew ? { ...parent, lastWritten: time } : parent;
  }
  return key;
}

function changeExisting(root: Key, names: readonly string[], change: (key: Key) => Key): Key {
  const above: Key[] = [];
  let key = root;
  for (const name of names) {
    above.push(key);
    const child = childOf(key, name);
    if (child === undefined) return root;
    key = child;
  }
  const changed = change(key);
  return changed === key ? root : rebuild(above, changed, Number.POSITIVE_INFINITY, 0n);
}

function deleteKey(root: Key, names: readonly string[], time: bigint): Key {
  const name = names.at(-1);
  if (name === undefined) {
    throw fail("ACCESS_DENIED", {
      happened: "The root of a tree can't be deleted.",
      unchanged: "Nothing was changed.",
    });
  }
  return changeExisting(root, names.slice(0, -1), (parent) => {
    const rest = withoutChild(parent, name);
    return rest === parent ? parent : { ...rest, lastWritten: time };
  });
}

function setSecurity(
  root: Key,
  path: string,
  names: readonly string[],
  security: Uint8Array | undefined,
  time: bigint,
): Key {
  let found = false;
  const tree = changeExisting(root, names, (key) => {
    found = true;
    return sameSecurity(key.security, security) ? key : { ...key, security, lastWritten: time };
  });
  if (found) return tree;
  throw fail("FILE_NOT_FOUND", { happened: `There is no key "${path}" to secure.`, unchanged: "Nothing was changed." });
}

/** Whether two security descriptors are the same to the byte. */
export function sameSecurity(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && equalBytes(a, b));
}
