/** Values that are changed in place. */
import { equalBytes } from "../base/bytes.ts";
import { sameName } from "../tree/path.ts";
import type { Value } from "../tree/value.ts";
import type { HiveMemory } from "./edit-memory.ts";
import { HiveError } from "./hive-error.ts";
import { db, inlineData, keyFlag, latin1ValueName, nk, none, signature, vk } from "./layout.ts";
import { limits } from "./limits.ts";
import { decodeName, isLatin1, nameSize, writeName } from "./names.ts";

/** How many values the list of a key has. */
export function countOfValues(memory: HiveMemory, key: number): number {
  return (memory.u16(key + nk.flags) & keyFlag.predefinedHandle) !== 0 ? 0 : memory.u32(key + nk.values);
}

/** The value cells of a key in stored order. */
export function valueCells(memory: HiveMemory, key: number): number[] {
  const count = countOfValues(memory, key);
  if (count === 0) return [];
  const list = memory.follow(key + nk.valueList, count * 4);
  return Array.from({ length: count }, (_, i) => memory.follow(list + i * 4, vk.name));
}

function valueName(memory: HiveMemory, cell: number): string {
  if (memory.u16(cell) !== signature.value) throw new HiveError(cell, "a value does not begin with vk");
  const length = memory.u16(cell + vk.nameLength);
  if (vk.name + length > memory.lengthOf(cell))
    throw new HiveError(cell + vk.nameLength, `a value name of ${length} bytes is longer than its cell`);
  return decodeName(memory.bytes, cell + vk.name, length, (memory.u16(cell + vk.flags) & latin1ValueName) !== 0);
}

/** Sets a value; false when it was so already. A value that is there keeps its place and the spelling of its name. */
export function setValue(memory: HiveMemory, key: number, value: Value): boolean {
  const cells = valueCells(memory, key);
  const there = cells.find((cell) => sameName(valueName(memory, cell), value.name));
  if (there === undefined) {
    addValue(memory, key, cells.length, value);
    return true;
  }
  if (memory.u32(there + vk.type) === value.type && equalBytes(dataOf(memory, there), value.data)) return false;
  memory.setU32(there + vk.type, value.type);
  replaceData(memory, there, value.data);
  raise(memory, key + nk.maxValueData, value.data.length);
  return true;
}

/** Takes a value away; false when there is none. */
export function deleteValue(memory: HiveMemory, key: number, name: string): boolean {
  const cells = valueCells(memory, key);
  const at = cells.findIndex((cell) => sameName(valueName(memory, cell), name));
  if (at < 0) return false;
  const list = memory.follow(key + nk.valueList);
  freeValue(memory, cells[at]!);
  memory.move(list + at * 4, list + at * 4 + 4, (cells.length - at - 1) * 4);
  memory.setU32(key + nk.values, cells.length - 1);
  if (cells.length > 1) return true;
  memory.free(list);
  memory.setU32(key + nk.valueList, none);
  return true;
}

/** Frees all values of a key, whose count and list are then its caller's business. */
export function freeValues(memory: HiveMemory, key: number): void {
  const cells = valueCells(memory, key);
  for (const cell of cells) freeValue(memory, cell);
  if (cells.length > 0) memory.free(memory.follow(key + nk.valueList));
}

/** Adds a value behind the `count` that the key has. */
export function addValue(memory: HiveMemory, key: number, count: number, value: Value): void {
  const cell = newValue(memory, value);
  let list = count === 0 ? memory.allocate(4) : memory.follow(key + nk.valueList, count * 4);
  if ((count + 1) * 4 > memory.lengthOf(list)) {
    const larger = memory.allocate((count + Math.max(2, count >> 1)) * 4);
    memory.setBytes(larger, memory.bytes.slice(list, list + count * 4));
    memory.free(list);
    list = larger;
  }
  memory.setU32(list + count * 4, memory.offsetOf(cell));
  memory.setU32(key + nk.valueList, memory.offsetOf(list));
  memory.setU32(key + nk.values, count + 1);
  raise(memory, key + nk.maxValueName, value.name.length * 2);
  raise(memory, key + nk.maxValueData, value.data.length);
}

function raise(memory: HiveMemory, field: number, least: number): void {
  if (memory.u32(field) < least) memory.setU32(field, least);
}

function newValue(memory: HiveMemory, { name, type, data }: Value): number {
  const latin1 = isLatin1(name);
  const cell = memory.allocate(vk.name + nameSize(name, latin1));
  memory.setU16(cell, signature.value);
  memory.setU16(cell + vk.nameLength, nameSize(name, latin1));
  memory.setU32(cell + vk.dataSize, inlineData);
  memory.setU32(cell + vk.type, type);
  // Windows leaves the flag off for the default value, which has no name.
  memory.setU16(cell + vk.flags, latin1 && name !== "" ? latin1ValueName : 0);
  writeName(memory.view, cell + vk.name, name, latin1);
  writeData(memory, cell, data);
  return cell;
}

function freeValue(memory: HiveMemory, cell: number): void {
  freeData(memory, cell);
  memory.free(cell);
}

/** Data of the same kind stay in their cell when that has room and no more than twice of it. */
function replaceData(memory: HiveMemory, cell: number, data: Uint8Array): void {
  const size = memory.u32(cell + vk.dataSize);
  const isOneCell = (length: number): boolean =>
    length > limits.inlineBytes && (memory.minor <= 3 || length <= limits.segmentBytes);
  if (size < inlineData && isOneCell(size) && isOneCell(data.length)) {
    const at = memory.follow(cell + vk.data, size);
    const room = memory.lengthOf(at);
    if (data.length <= room && data.length * 2 + 16 >= room) {
      memory.setBytes(at, data);
      memory.setU32(cell + vk.dataSize, data.length);
      return;
    }
  }
  freeData(memory, cell);
  writeData(memory, cell, data);
}

function writeData(memory: HiveMemory, cell: number, data: Uint8Array): void {
  if (data.length <= limits.inlineBytes) {
    memory.setU32(cell + vk.dataSize, inlineData + data.length);
    memory.setU32(cell + vk.data, 0);
    memory.setBytes(cell + vk.data, data);
    return;
  }
  const place =
    data.length > limits.segmentBytes && memory.minor > 3 ? writeSegments(memory, data) : writeBytes(memory, data);
  memory.setU32(cell + vk.dataSize, data.length);
  memory.setU32(cell + vk.data, memory.offsetOf(place));
}

function writeBytes(memory: HiveMemory, data: Uint8Array, room = data.length): number {
  const cell = memory.allocate(room);
  memory.setBytes(cell, data);
  return cell;
}

function writeSegments(memory: HiveMemory, data: Uint8Array): number {
  const count = Math.ceil(data.length / limits.segmentBytes);
  const head = memory.allocate(db.size);
  const list = memory.allocate(count * 4);
  memory.setU16(head, signature.bigData);
  memory.setU16(head + db.segments, count);
  memory.setU32(head + db.list, memory.offsetOf(list));
  for (let i = 0; i < count; i++) {
    const from = i * limits.segmentBytes;
    const part = writeBytes(memory, data.subarray(from, from + limits.segmentBytes), limits.segmentBytes);
    memory.setU32(list + i * 4, memory.offsetOf(part));
  }
  return head;
}

/** The cells of big data: the head, the list and the segments. */
function segmentCells(memory: HiveMemory, cell: number): { head: number; list: number; segments: number[] } {
  const head = memory.follow(cell + vk.data, db.list + 4);
  if (memory.u16(head) !== signature.bigData) throw new HiveError(head, "big data do not begin with db");
  const count = memory.u16(head + db.segments);
  const list = memory.follow(head + db.list, count * 4);
  return { head, list, segments: Array.from({ length: count }, (_, i) => memory.follow(list + i * 4)) };
}

function freeData(memory: HiveMemory, cell: number): void {
  const size = memory.u32(cell + vk.dataSize);
  if (size >= inlineData || size === 0) return;
  if (size <= limits.segmentBytes || memory.minor <= 3) {
    memory.free(memory.follow(cell + vk.data));
    return;
  }
  const { head, list, segments } = segmentCells(memory, cell);
  for (const each of [...segments, list, head]) memory.free(each);
}

function dataOf(memory: HiveMemory, cell: number): Uint8Array {
  const size = memory.u32(cell + vk.dataSize);
  if (size >= inlineData) return memory.bytes.slice(cell + vk.data, cell + vk.data + size - inlineData);
  if (size === 0) return new Uint8Array(0);
  if (size <= limits.segmentBytes || memory.minor <= 3) {
    const data = memory.follow(cell + vk.data, size);
    return memory.bytes.subarray(data, data + size);
  }
  const { segments } = segmentCells(memory, cell);
  const data = new Uint8Array(segments.length * limits.segmentBytes);
  segments.forEach((at, i) => {
    data.set(
      memory.bytes.subarray(at, at + Math.min(limits.segmentBytes, memory.lengthOf(at))),
      i * limits.segmentBytes,
    );
  });
  return data.subarray(0, size);
}
