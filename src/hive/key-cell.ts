/** The fields of a key's cell (`nk`), each read when asked for. `cell` is the file offset of the cell's data. */
import { decodeUtf16 } from "../base/bytes.ts";
import { isDefaultSecurity } from "./default-security.ts";
import { HiveError } from "./hive-error.ts";
import type { HiveImage } from "./image.ts";
import { keyFlag, nk, none, signature, sk } from "./layout.ts";
import { limits } from "./limits.ts";

/** Throws HiveError unless the cell is a key's. */
export function checkKeyCell(image: HiveImage, cell: number): void {
  if (image.u16(cell) !== signature.key) throw new HiveError(cell, "a key does not begin with nk");
}

/** The name; "" for a root at most. */
export function keyNameAt(image: HiveImage, cell: number, isRoot: boolean): string {
  const latin1 = (image.u16(cell + nk.flags) & keyFlag.latin1Name) !== 0;
  const at = cell + nk.nameLength;
  const length = image.u16(at);
  if (nk.name + length > image.lengthOf(cell))
    throw new HiveError(at, `a key name of ${length} bytes is longer than its cell`);
  if (!latin1 && length % 2 !== 0) throw new HiveError(at, `a UTF-16 key name has the odd length ${length}`);
  const units = latin1 ? length : length / 2;
  if (units > limits.keyNameUnits)
    throw new HiveError(at, `a key name of ${units} characters exceeds ${limits.keyNameUnits}`);
  const name = image.names.decode(cell + nk.name, length, latin1);
  if (isRoot) return name;
  if (name === "") throw new HiveError(at, "a key has no name");
  if (name.includes("\\")) throw new HiveError(cell + nk.name, "a key name holds a backslash");
  return name;
}

/** How many values the list has; the field of a predefined handle's key is a handle, not a count. */
export function valueCountAt(image: HiveImage, cell: number): number {
  return (image.u16(cell + nk.flags) & keyFlag.predefinedHandle) !== 0 ? 0 : image.u32(cell + nk.values);
}

/** The class name; undefined when the key has none. */
export function classNameAt(image: HiveImage, cell: number): string | undefined {
  if (image.u32(cell + nk.className) === none) return undefined;
  const length = image.u16(cell + nk.classLength);
  const data = image.claim(cell + nk.className, length);
  if (length % 2 !== 0) throw new HiveError(cell + nk.classLength, `a class name has the odd length ${length}`);
  return decodeUtf16(image.bytes.subarray(data, data + length));
}

/** The descriptor; undefined when there is none or it is the writer's default. */
export function securityAt(image: HiveImage, cell: number): Uint8Array | undefined {
  const known = image.securities;
  const at = cell + nk.security;
  const offset = image.u32(at);
  if (offset === none) return undefined;
  if (known.has(offset)) return known.get(offset);
  const data = image.claim(at, sk.descriptor);
  if (image.u16(data) !== signature.security) throw new HiveError(data, "a security cell does not begin with sk");
  const size = image.u32(data + sk.size);
  if (size > image.lengthOf(data) - sk.descriptor)
    throw new HiveError(data + sk.size, `a descriptor of ${size} bytes is longer than its cell`);
  const descriptor = image.bytes.subarray(data + sk.descriptor, data + sk.descriptor + size);
  const security = size === 0 || isDefaultSecurity(descriptor) ? undefined : descriptor;
  known.set(offset, security);
  return security;
}
