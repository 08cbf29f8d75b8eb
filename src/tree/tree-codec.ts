/** A whole tree in bytes, parents before children, without recursion: a tree may be deeper than a stack (docs/formats/edits.md). */
import { buildKey, childCount, childrenOf, valueCount, valuesOf, type Key } from "./key.ts";
import type { ByteReader } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";
import type { Value } from "./value.ts";

/** The tree with times, order and all. */
export function writeTree(to: ByteWriter, tree: Key): void {
  writeOwn(to, tree);
  const open: Iterator<Key>[] = [childrenOf(tree)[Symbol.iterator]()];
  for (let children = open.at(-1); children !== undefined; children = open.at(-1)) {
    const next = children.next();
    if (next.done === true) {
      open.pop();
      continue;
    }
    writeOwn(to, next.value);
    open.push(childrenOf(next.value)[Symbol.iterator]());
  }
}

function writeOwn(to: ByteWriter, key: Key): void {
  to.text(key.name);
  to.u64(BigInt.asUintN(64, key.lastWritten));
  to.optionalText(key.className);
  to.optionalBytes(key.security);
  to.u8(key.symlink ? 1 : 0);
  to.u32(valueCount(key));
  for (const value of valuesOf(key)) writeValue(to, value);
  to.u32(childCount(key));
}

/** Name, type, data. */
export function writeValue(to: ByteWriter, value: Value): void {
  to.text(value.name);
  to.u32(value.type);
  to.bytes(value.data);
}

interface Open {
  readonly parts: Omit<Key, "children" | "values">;
  readonly values: readonly Value[];
  readonly children: Key[];
  readonly missing: number;
}

/** What `writeTree` wrote; CLUSTER_CANT_DESERIALIZE_DATA for anything else. */
export function readTree(from: ByteReader): Key {
  const open: Open[] = [readOwn(from)];
  for (;;) {
    const top = open.at(-1) as Open;
    if (top.children.length < top.missing) {
      open.push(readOwn(from));
      continue;
    }
    open.pop();
    const key = close(from, top);
    const parent = open.at(-1);
    if (parent === undefined) return key;
    parent.children.push(key);
  }
}

function close(from: ByteReader, { parts, values, children }: Open): Key {
  try {
    return buildKey({ ...parts, values, children });
  } catch {
    throw from.damaged(`the key "${parts.name.slice(0, 100)}" has two values or subkeys of one name`);
  }
}

function readOwn(from: ByteReader): Open {
  const parts = {
    name: from.text(),
    lastWritten: from.u64(),
    className: from.optionalText(),
    security: from.optionalBytes(),
    symlink: from.flag(),
  };
  const values = Array.from({ length: from.count(12) }, () => readValue(from));
  return { parts, values, children: [], missing: from.count(23) };
}

/** What `writeValue` wrote. */
export function readValue(from: ByteReader): Value {
  return { name: from.text(), type: from.u32(), data: from.bytes() };
}
