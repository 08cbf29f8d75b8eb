/** Registry text (`.reg`) as changes of a tree, and as a tree. Both dialects; facts regf.md §1.7, docs/formats/registry-text.md. */
import { fail } from "../base/errors.ts";
import type { Edit } from "../tree/edit.ts";
import { buildKey, emptyKey, type Key } from "../tree/key.ts";
import { foldName, joinPath, sameName, splitPath } from "../tree/path.ts";
import type { Value } from "../tree/value.ts";
import { fullRegPath, readStatements, type RegReadOptions, type RegStatement } from "./reg-read.ts";

/** How registry text becomes edits. */
export interface RegEditOptions extends RegReadOptions {
  /** Class names, security and symbolic links in clubar's comments count, too. A key that is a link replaces what is in its place. */
  readonly attributes?: boolean;
}

/**
 * The changes that registry text asks for, in its order; paths are below the prefix. INVALID_DATA naming the line; times of keys, and class
 * names of keys that exist, are no changes and left out.
 */
export function readRegText(bytes: Uint8Array, options: RegEditOptions = {}): Edit[] {
  const edits: Edit[] = [];
  const attributes = options.attributes === true;
  let path = "";
  /** Where the edit that makes the present key is. */
  let made = 0;
  for (const statement of readStatements(bytes, options)) {
    switch (statement.kind) {
      case "key":
        path = statement.path;
        made = edits.push({ kind: "create-key", path }) - 1;
        break;
      case "delete-key":
        edits.push({ kind: "delete-key", path: statement.path });
        break;
      case "value":
        edits.push({ kind: "set-value", path, value: valueOfStatement(statement) });
        break;
      case "delete-value":
        edits.push({ kind: "delete-value", path, name: statement.name });
        break;
      case "security":
        if (attributes) edits.push({ kind: "set-security", path, security: statement.security });
        break;
      case "class":
        if (attributes) edits[made] = { kind: "create-key", path, className: statement.className };
        break;
      case "link":
        if (attributes) edits[made] = linkEdit(edits[made], path);
        break;
      default:
        break;
    }
  }
  return edits;
}

function valueOfStatement({ name, type, data }: Value): Value {
  return { name, type, data };
}

function linkEdit(before: Edit | undefined, path: string): Edit {
  const className = before?.kind === "create-key" ? before.className : undefined;
  const tree = buildKey({ name: splitPath(path).at(-1) ?? "", lastWritten: 0n, className, symlink: true });
  return { kind: "put-tree", path, tree };
}

/** What registry text describes. */
export interface RegTree {
  /** The key at the prefix, or the lowest that all others of the text are below. */
  readonly root: Key;
  /** Its full path. */
  readonly path: string;
  /** It asks for deletions too: it is rather a list of changes. */
  readonly deletes: boolean;
  /** It comes with class names, security and links. */
  readonly attributes: boolean;
}

/** How registry text becomes a tree. */
export interface RegTreeOptions extends RegReadOptions {
  /** FILETIME of keys without one of their own; 0 unless given. */
  readonly time?: bigint;
}

/** The tree that the text's statements make out of nothing, all attributes and times of clubar's comments included. INVALID_DATA. */
export function readRegTree(bytes: Uint8Array, options: RegTreeOptions = {}): RegTree {
  const { time = 0n, prefix = "" } = options;
  const top = node(splitPath(prefix).at(-1) ?? "", time, undefined);
  let at: Node | undefined;
  let common: readonly string[] | undefined;
  let deletes = false;
  let attributes = false;
  const renamed = new Map<Node, string>();
  for (const statement of readStatements(bytes, { ...options, prefix })) {
    if (statement.kind === "key") {
      const names = splitPath(statement.path);
      common = common === undefined ? names : commonNames(common, names);
      at = reach(top, names, time);
    } else if (statement.kind === "delete-key") {
      deletes = true;
      deleteNode(top, splitPath(statement.path));
    } else if (at !== undefined) {
      if (statement.kind === "delete-value") deletes = true;
      else if (statement.kind !== "value" && statement.kind !== "name") attributes = true;
      if (statement.kind === "name") renamed.set(at, statement.name);
      else change(at, statement);
    }
  }
  const names = prefix === "" ? (common ?? []) : [];
  const path = joinPath(fullRegPath(prefix), ...names);
  const root = reach(top, names, time);
  rename(root, renamed);
  return { root: build(root), path, deletes, attributes };
}

/** Of a key below another one the name is in its path. */
function rename(root: Node, names: ReadonlyMap<Node, string>): void {
  for (const [key, name] of names) {
    if (key !== root) {
      throw fail("INVALID_DATA", {
        happened: `A comment of clubar names the key ${JSON.stringify(key.name)} anew, but only the one above all others can be.`,
        unchanged: "Nothing was changed.",
        next: "Take the line out, or change the path of the key instead.",
      });
    }
    root.name = name;
  }
}

/** A key that is being put together. */
interface Node {
  name: string;
  time: bigint;
  className: string | undefined;
  security: Uint8Array | undefined;
  symlink: boolean;
  /** By folded name. */
  readonly values: Map<string, Value>;
  readonly children: Map<string, Node>;
}

function node(name: string, time: bigint, security: Uint8Array | undefined): Node {
  return { name, time, className: undefined, security, symlink: false, values: new Map(), children: new Map() };
}

/** New keys have their parent's security, as in every tree. */
function reach(top: Node, names: readonly string[], time: bigint): Node {
  let at = top;
  for (const name of names) {
    const folded = foldName(name);
    let child = at.children.get(folded);
    if (child === undefined) {
      child = node(name, time, at.security);
      at.children.set(folded, child);
    }
    at = child;
  }
  return at;
}

function deleteNode(top: Node, names: readonly string[]): void {
  let at: Node | undefined = top;
  for (const name of names.slice(0, -1)) at = at?.children.get(foldName(name));
  at?.children.delete(foldName(names.at(-1) ?? ""));
}

function change(at: Node, statement: RegStatement): void {
  if (statement.kind === "value") {
    const folded = foldName(statement.name);
    const value = valueOfStatement(statement);
    at.values.set(folded, { ...value, name: at.values.get(folded)?.name ?? value.name });
  } else if (statement.kind === "delete-value") at.values.delete(foldName(statement.name));
  else if (statement.kind === "class") at.className = statement.className;
  else if (statement.kind === "security") at.security = statement.security;
  else if (statement.kind === "link") at.symlink = true;
  else if (statement.kind === "time") at.time = statement.time;
}

function commonNames(a: readonly string[], b: readonly string[]): readonly string[] {
  const end = a.findIndex((name, at) => !sameName(name, b[at] ?? ""));
  return end === -1 ? a : a.slice(0, end);
}

/** Not recursive: keys may be nested deeply. Subkeys are made before their parents. */
function build(root: Node): Key {
  const order: Node[] = [root];
  for (let i = 0; i < order.length; i++) for (const child of order[i]!.children.values()) order.push(child);
  const built = new Map<Node, Key>();
  for (const one of order.reverse()) {
    const children = [...one.children.values()].map((child) => built.get(child) ?? emptyKey(child.name, child.time));
    const { name, time, className, security, symlink, values } = one;
    built.set(
      one,
      buildKey({ name, lastWritten: time, className, security, symlink, values: [...values.values()], children }),
    );
  }
  return built.get(root) ?? emptyKey("", 0n);
}
