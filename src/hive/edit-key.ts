/** Keys that are made, filled and deleted in place. */
import { childrenOf, type Key, valuesOf } from "../tree/key.ts";
import { childrenOfKey, insertChild, listCells } from "./edit-list.ts";
import type { HiveMemory } from "./edit-memory.ts";
import type { SecurityEditor } from "./edit-security.ts";
import { addValue, freeValues } from "./edit-value.ts";
import { keyFlag, nk, none, signature } from "./layout.ts";
import { isLatin1, nameSize, writeName } from "./names.ts";

/** A hive that is changed in place. */
export interface Editable {
  readonly memory: HiveMemory;
  readonly securities: SecurityEditor;
}

/** Makes a subkey with the security of its parent. */
export function addKey(hive: Editable, parent: number, name: string, time: bigint): number {
  const { memory, securities } = hive;
  const latin1 = isLatin1(name);
  const key = memory.allocate(nk.name + nameSize(name, latin1));
  memory.setU16(key, signature.key);
  memory.setU16(key + nk.flags, latin1 ? keyFlag.latin1Name : 0);
  memory.setU64(key + nk.lastWritten, time);
  memory.setU32(key + nk.parent, memory.offsetOf(parent));
  for (const field of [nk.list, nk.volatileList, nk.valueList, nk.className]) memory.setU32(key + field, none);
  memory.setU16(key + nk.nameLength, nameSize(name, latin1));
  writeName(memory.view, key + nk.name, name, latin1);
  securities.share(key, securities.cellOf(parent));
  insertChild(memory, parent, key, name);
  return key;
}

/** Gives a key without one a class name. */
export function setClass(hive: Editable, key: number, className: string | undefined, parent: number | undefined): void {
  const { memory } = hive;
  if (memory.u32(key + nk.className) !== none) memory.free(memory.follow(key + nk.className));
  memory.setU32(key + nk.className, none);
  memory.setU16(key + nk.classLength, 0);
  if (className === undefined) return;
  const size = className.length * 2;
  const cell = memory.allocate(size);
  writeName(memory.view, cell, className, false);
  memory.setU32(key + nk.className, memory.offsetOf(cell));
  memory.setU16(key + nk.classLength, size);
  if (parent !== undefined && memory.u32(parent + nk.maxClassName) < size)
    memory.setU32(parent + nk.maxClassName, size);
}

/** Gives a key a descriptor; false when it had it. */
export function setSecurity(hive: Editable, key: number, descriptor: Uint8Array | undefined): boolean {
  const { securities } = hive;
  if (securities.has(key, descriptor)) return false;
  const cell = securities.cellFor(descriptor, key);
  securities.leave(key);
  securities.share(key, cell);
  return true;
}

/** Frees everything below a key and its values; the key stays. Not recursive. */
export function emptyOut(hive: Editable, top: number): void {
  const { memory } = hive;
  const waiting = childrenOfKey(memory, top);
  for (const cell of listCells(memory, top)) memory.free(cell);
  freeValues(memory, top);
  for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
    for (const child of childrenOfKey(memory, key)) waiting.push(child);
    freeKey(hive, key);
  }
  memory.setU32(top + nk.subkeys, 0);
  memory.setU32(top + nk.list, none);
  memory.setU32(top + nk.values, 0);
  memory.setU32(top + nk.valueList, none);
}

/** Frees the cells of one key; what is below it is its caller's business. */
export function freeKey(hive: Editable, key: number): void {
  const { memory, securities } = hive;
  for (const cell of listCells(memory, key)) memory.free(cell);
  freeValues(memory, key);
  if (memory.u32(key + nk.className) !== none) memory.free(memory.follow(key + nk.className));
  securities.leave(key);
  memory.free(key);
}

/** Makes an empty key hold what a tree holds: times, class, security, link, values and all below. Not recursive. */
export function fill(hive: Editable, key: number, tree: Key, parent: number | undefined): void {
  const { memory } = hive;
  const waiting = [{ key, tree, parent }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { key: at, tree: from } = next;
    memory.setU64(at + nk.lastWritten, from.lastWritten);
    const flags = memory.u16(at + nk.flags) & ~keyFlag.symlink;
    memory.setU16(at + nk.flags, from.symlink ? flags | keyFlag.symlink : flags);
    setClass(hive, at, from.className, next.parent);
    setSecurity(hive, at, from.security);
    let count = 0;
    for (const value of valuesOf(from)) addValue(memory, at, count++, value);
    for (const child of childrenOf(from))
      waiting.push({ key: addKey(hive, at, child.name, child.lastWritten), tree: child, parent: at });
  }
}
