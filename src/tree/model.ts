/** The key tree once more, as plainly as can be, to hold the real one against. For tests only. */
import type { Edit } from "./edit.ts";
import { childrenOf, valuesOf, type Key } from "./key.ts";
import { foldName } from "./path.ts";
import type { Value } from "./value.ts";

/** A key that may be changed. */
export interface ModelKey {
  name: string;
  className: string | undefined;
  security: Uint8Array | undefined;
  symlink: boolean;
  lastWritten: bigint;
  /** By folded name, in stored order. */
  values: Map<string, Value>;
  children: Map<string, ModelKey>;
}

/** A model of the same content. */
export function modelOf(key: Key): ModelKey {
  const { name, className, security, symlink, lastWritten } = key;
  return {
    name,
    className,
    security,
    symlink,
    lastWritten,
    values: new Map([...valuesOf(key)].map((value) => [foldName(value.name), value])),
    children: new Map([...childrenOf(key)].map((child) => [foldName(child.name), modelOf(child)])),
  };
}

/** Changes the model in place. */
export function applyToModel(root: ModelKey, edit: Edit, time: bigint): void {
  const names = edit.path === "" ? [] : edit.path.split("\\");
  if (edit.kind === "delete-key") {
    const parent = reach(root, names.slice(0, -1), undefined);
    if (parent?.children.delete(foldName(names.at(-1) ?? "")) === true) parent.lastWritten = time;
    return;
  }
  if (edit.kind === "delete-value") {
    const key = reach(root, names, undefined);
    if (key?.values.delete(foldName(edit.name)) === true) key.lastWritten = time;
    return;
  }
  const existed = reach(root, names, undefined) !== undefined;
  const key = reach(root, names, time) as ModelKey;
  if (edit.kind === "create-key" && !existed && edit.className !== undefined) key.className = edit.className;
  if (edit.kind === "put-tree") Object.assign(key, modelOf(edit.tree), { name: names.at(-1) ?? key.name });
  if (edit.kind === "set-security") key.security = edit.security;
  if (edit.kind === "set-value") setValue(key, edit.value, time);
}

function setValue(key: ModelKey, value: Value, time: bigint): void {
  const there = key.values.get(foldName(value.name));
  if (there !== undefined && there.type === value.type && hex(there.data) === hex(value.data)) return;
  key.values.set(foldName(value.name), { ...value, name: there?.name ?? value.name });
  key.lastWritten = time;
}

function reach(root: ModelKey, names: readonly string[], make: bigint | undefined): ModelKey | undefined {
  let key = root;
  for (const name of names) {
    let child = key.children.get(foldName(name));
    if (child === undefined) {
      if (make === undefined) return undefined;
      const { security } = key;
      child = {
        name,
        className: undefined,
        security,
        symlink: false,
        lastWritten: make,
        values: new Map(),
        children: new Map(),
      };
      key.children.set(foldName(name), child);
      key.lastWritten = make;
    }
    key = child;
  }
  return key;
}

/** Everything in a model as plain data, children by folded name, values in stored order. */
export function plain(key: ModelKey): unknown {
  return {
    ...content(key),
    lastWritten: key.lastWritten,
    values: [...key.values.values()].map(plainValue),
    children: ordered(key).map(plain),
  };
}

/** As `plain`, without times and stored order, nor the root's name: what `diff` and the content digest look at. */
export function plainContent(key: ModelKey): unknown {
  const values = [...key.values.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => plainValue(value));
  const { name: _, ...own } = content(key);
  return { ...own, values, children: ordered(key).map((child) => [child.name, plainContent(child)]) };
}

function content(key: ModelKey): {
  name: string;
  className: string | undefined;
  security: string | undefined;
  symlink: boolean;
} {
  const security = key.security === undefined ? undefined : hex(key.security);
  return { name: key.name, className: key.className, security, symlink: key.symlink };
}

function plainValue(value: Value): unknown {
  return [value.name, value.type, hex(value.data)];
}

function ordered(key: ModelKey): ModelKey[] {
  return [...key.children.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, child]) => child);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
