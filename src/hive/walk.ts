import { decodeUtf16 } from "../base/bytes.ts";
import type { Value } from "../tree/value.ts";
import { isDefaultSecurity } from "./default-security.ts";
import { HiveError } from "./hive-error.ts";
import type { HiveImage } from "./image.ts";
import { base, baseBlockSize, keyFlag, nk, none, signature, sk } from "./layout.ts";
import { limits } from "./limits.ts";
import { decodeName } from "./names.ts";
import { readSubkeyList } from "./read-list.ts";
import { readValues } from "./read-value.ts";

/** One key as it stands in the file. */
export interface KeyRecord {
  readonly name: string;
  /** FILETIME. */
  readonly lastWritten: bigint;
  readonly className: string | undefined;
  readonly security: Uint8Array | undefined;
  readonly symlink: boolean;
  /** Stored order. */
  readonly values: readonly Value[];
  readonly subkeys: number;
  /** File offset of the key's data, for messages. */
  readonly offset: number;
  /** 0 for the root. */
  readonly depth: number;
  /** Place of the parent in the order of visits; -1 for the root. */
  readonly parent: number;
}

/**
 * Visits every key once, depth first, a parent before its subkeys, subkeys in the order of their list. Not recursive. Throws
 * HiveError at the first damage, after some visits perhaps.
 */
export function walkHive(image: HiveImage, visit: (key: KeyRecord) => void): void {
  const securities = new Map<number, Uint8Array | undefined>();
  const fields: number[] = [base.root];
  const parents: number[] = [-1];
  const offsets: number[] = [];
  const depths: number[] = [];
  const subkeys: number[] = [];
  for (let field = fields.pop(); field !== undefined; field = fields.pop()) {
    const parent = parents.pop()!;
    const cell = image.claim(field, nk.name);
    const index = offsets.push(cell) - 1;
    const depth = parent < 0 ? 0 : depths[parent]! + 1;
    depths.push(depth);
    if (depth > limits.depth) throw new HiveError(cell, `keys are nested deeper than ${limits.depth}`);
    const parentOffset = parent < 0 ? none : offsets[parent]! - 4 - baseBlockSize;
    const count = image.u32(cell + nk.subkeys);
    visit(readKey(image, cell, parentOffset, depth, parent, securities));
    if (count === 0) continue;
    subkeys.length = 0;
    readSubkeyList(image, cell + nk.list, count, subkeys);
    for (let i = subkeys.length - 1; i >= 0; i--) {
      fields.push(subkeys[i]!);
      parents.push(index);
    }
  }
}

function readKey(
  image: HiveImage,
  cell: number,
  parentOffset: number,
  depth: number,
  parent: number,
  securities: Map<number, Uint8Array | undefined>,
): KeyRecord {
  if (image.u16(cell) !== signature.key) throw new HiveError(cell, "a key does not begin with nk");
  if (depth > 0 && image.u32(cell + nk.parent) !== parentOffset) {
    throw new HiveError(cell + nk.parent, "a key names another parent than the one that lists it");
  }
  const flags = image.u16(cell + nk.flags);
  // The field of a predefined handle's key is a handle, not a count.
  const values = (flags & keyFlag.predefinedHandle) !== 0 ? 0 : image.u32(cell + nk.values);
  return {
    name: readKeyName(image, cell, (flags & keyFlag.latin1Name) !== 0, depth === 0),
    lastWritten: image.view.getBigUint64(cell + nk.lastWritten, true),
    className: readClassName(image, cell),
    security: readSecurity(image, cell + nk.security, securities),
    symlink: (flags & keyFlag.symlink) !== 0,
    values: values === 0 ? [] : readValues(image, cell + nk.valueList, values),
    subkeys: image.u32(cell + nk.subkeys),
    offset: cell,
    depth,
    parent,
  };
}

function readKeyName(image: HiveImage, cell: number, latin1: boolean, isRoot: boolean): string {
  const at = cell + nk.nameLength;
  const length = image.u16(at);
  if (nk.name + length > image.lengthOf(cell))
    throw new HiveError(at, `a key name of ${length} bytes is longer than its cell`);
  if (!latin1 && length % 2 !== 0) throw new HiveError(at, `a UTF-16 key name has the odd length ${length}`);
  const name = decodeName(image.bytes, cell + nk.name, length, latin1);
  if (name.length > limits.keyNameUnits)
    throw new HiveError(at, `a key name of ${name.length} characters exceeds ${limits.keyNameUnits}`);
  if (isRoot) return name;
  if (name === "") throw new HiveError(at, "a key has no name");
  if (name.includes("\\")) throw new HiveError(cell + nk.name, "a key name holds a backslash");
  return name;
}

function readClassName(image: HiveImage, cell: number): string | undefined {
  if (image.u32(cell + nk.className) === none) return undefined;
  const length = image.u16(cell + nk.classLength);
  const data = image.claim(cell + nk.className, length);
  if (length % 2 !== 0) throw new HiveError(cell + nk.classLength, `a class name has the odd length ${length}`);
  return decodeUtf16(image.bytes.subarray(data, data + length));
}

/** Security cells are shared by keys: each is read once, `known` keeps them by offset. */
function readSecurity(
  image: HiveImage,
  at: number,
  known: Map<number, Uint8Array | undefined>,
): Uint8Array | undefined {
  const offset = image.u32(at);
  if (offset === none) return undefined;
  if (known.has(offset)) return known.get(offset);
  const cell = image.claim(at, sk.descriptor);
  if (image.u16(cell) !== signature.security) throw new HiveError(cell, "a security cell does not begin with sk");
  const size = image.u32(cell + sk.size);
  if (size > image.lengthOf(cell) - sk.descriptor)
    throw new HiveError(cell + sk.size, `a descriptor of ${size} bytes is longer than its cell`);
  const descriptor = image.bytes.subarray(cell + sk.descriptor, cell + sk.descriptor + size);
  const security = size === 0 || isDefaultSecurity(descriptor) ? undefined : descriptor;
  known.set(offset, security);
  return security;
}
