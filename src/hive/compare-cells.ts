/** Keys and values of two hives compared as they are stored, without being decoded. Cells are file offsets of their data. */
import { upcase } from "../tree/upcase-table.ts";
import { HiveError } from "./hive-error.ts";
import type { HiveImage } from "./image.ts";
import { keyFlag, latin1ValueName, nk, vk } from "./layout.ts";

/** Whether the same `size` bytes stand at two places, both multiples of 4. */
export function sameBytes(a: HiveImage, from: number, b: HiveImage, at: number, size: number): boolean {
  const left = a.words;
  const right = b.words;
  const end = (from >>> 2) + (size >>> 2);
  const shift = (at >>> 2) - (from >>> 2);
  for (let word = from >>> 2; word < end; word++) if (left[word] !== right[word + shift]) return false;
  // Of the last word only its first bytes.
  const rest = size & 3;
  return rest === 0 || (left[end]! ^ right[end + shift]!) << (32 - rest * 8) === 0;
}

/** Whether two names of keys are stored alike; names stored otherwise may still be the same to the letter. */
export function sameStoredName(a: HiveImage, left: number, b: HiveImage, right: number): boolean {
  const length = a.u16(left + nk.nameLength);
  if (length !== b.u16(right + nk.nameLength)) return false;
  if (((a.u16(left + nk.flags) ^ b.u16(right + nk.flags)) & keyFlag.latin1Name) !== 0) return false;
  checkName(a, left, length);
  checkName(b, right, length);
  return sameBytes(a, left + nk.name, b, right + nk.name, length);
}

/** The order of the names of two keys, as `compareNames` has it. */
export function compareKeyCells(a: HiveImage, left: number, b: HiveImage, right: number): number {
  const leftBytes = a.u16(left + nk.nameLength);
  const rightBytes = b.u16(right + nk.nameLength);
  checkName(a, left, leftBytes);
  checkName(b, right, rightBytes);
  const leftWide = (a.u16(left + nk.flags) & keyFlag.latin1Name) === 0 ? 1 : 0;
  const rightWide = (b.u16(right + nk.flags) & keyFlag.latin1Name) === 0 ? 1 : 0;
  const leftUnits = leftBytes >> leftWide;
  const rightUnits = rightBytes >> rightWide;
  const length = Math.min(leftUnits, rightUnits);
  for (let at = 0; at < length; at++) {
    const x = unitAt(a, left + nk.name, leftWide, at);
    const y = unitAt(b, right + nk.name, rightWide, at);
    if (x === y) continue;
    const difference = upcase(x) - upcase(y);
    if (difference !== 0) return difference;
  }
  return leftUnits - rightUnits;
}

function unitAt(image: HiveImage, name: number, wide: number, at: number): number {
  return wide === 0 ? image.bytes[name + at]! : image.u16(name + at * 2);
}

function checkName(image: HiveImage, cell: number, length: number): void {
  if (nk.name + length > image.lengthOf(cell))
    throw new HiveError(cell + nk.nameLength, `a key name of ${length} bytes is longer than its cell`);
}

/**
 * Whether two values are stored alike but for where: name, type and data, which are in one piece and begin at `leftData` and `rightData`.
 */
export function sameStoredValue(
  a: HiveImage,
  left: number,
  leftData: number,
  b: HiveImage,
  right: number,
  rightData: number,
): boolean {
  const nameLength = a.u16(left + vk.nameLength);
  const field = a.u32(left + vk.dataSize);
  if (nameLength !== b.u16(right + vk.nameLength) || field !== b.u32(right + vk.dataSize)) return false;
  if (a.u32(left + vk.type) !== b.u32(right + vk.type)) return false;
  if (((a.u16(left + vk.flags) ^ b.u16(right + vk.flags)) & latin1ValueName) !== 0) return false;
  if (vk.name + nameLength > Math.min(a.lengthOf(left), b.lengthOf(right))) return false;
  if (!sameBytes(a, left + vk.name, b, right + vk.name, nameLength)) return false;
  return sameBytes(a, leftData, b, rightData, field & 0x7fff_ffff);
}
