/** The keys of a hive that may be damaged. */
import { decodeUtf16 } from "../base/bytes.ts";
import type { Value } from "../tree/value.ts";
import type { Inspection } from "./inspection.ts";
import { inspectList } from "./inspect-list.ts";
import type { SecurityInspection } from "./inspect-security.ts";
import { inspectValues, type Maxima } from "./inspect-values.ts";
import { baseBlockSize, keyFlag, nk, none, signature } from "./layout.ts";
import { limits } from "./limits.ts";
import { decodeName } from "./names.ts";

/** A key as far as it could be read. */
export interface InspectedKey {
  readonly name: string;
  /** FILETIME. */
  readonly lastWritten: bigint;
  readonly className: string | undefined;
  readonly security: Uint8Array | undefined;
  readonly symlink: boolean;
  readonly values: readonly Value[];
  /** Place of its parent among all keys; -1 for the root of the hive or of a part that nothing leads to. */
  readonly parent: number;
  /** 0 for such a root. */
  readonly depth: number;
  /** File offset of the key's data. */
  readonly offset: number;
}

/** Walks keys and keeps what it reads. */
export class KeyInspection {
  readonly keys: InspectedKey[] = [];
  /** Offsets of keys that are there, but too deep; they can be walked from another place. */
  readonly tooDeep: number[] = [];
  readonly #inspection: Inspection;
  readonly #securities: SecurityInspection;

  constructor(inspection: Inspection, securities: SecurityInspection) {
    this.#inspection = inspection;
    this.#securities = securities;
  }

  /** Takes the key at an offset of the bins with all below it; depth first. `parent` and `depth` are those it gets. Not recursive. */
  walk(offset: number, parent: number, depth: number): void {
    const top = this.#inspection.take(offset, nk.name);
    if (typeof top === "string") return;
    const waiting: Waiting[] = [{ ...top, parent, depth }];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const below = this.#inspectKey(next);
      for (let i = below.length - 1; i >= 0; i--) waiting.push(below[i]!);
    }
  }

  #inspectKey(key: Waiting): Waiting[] {
    const { data, length, parent, depth } = key;
    const inspection = this.#inspection;
    const index = this.keys.length;
    const isRoot = parent < 0 && offsetOf(data) === inspection.root;
    inspection.parents.push(parent);
    inspection.names.push("");
    inspection.current = index;
    const name = readKeyName(inspection, data, length, isRoot);
    inspection.names[index] = name;
    const flags = inspection.u16(data + nk.flags);
    const handle = (flags & keyFlag.predefinedHandle) !== 0;
    if (handle)
      inspection.report(
        "note",
        "key-handle",
        data + nk.values,
        data,
        "the key is a predefined handle and has no values",
      );
    const maxima: Maxima = { name: 0, data: 0 };
    const values = handle ? [] : inspectValues(inspection, data, maxima);
    this.#checkSymlink(data, flags, values);
    this.keys.push({
      name,
      lastWritten: inspection.view.getBigUint64(data + nk.lastWritten, true),
      className: readClassName(inspection, data),
      security: this.#securities.use(data),
      symlink: (flags & keyFlag.symlink) !== 0,
      values,
      parent,
      depth,
      offset: data,
    });
    this.#checkMaximum(data, nk.maxValueName, maxima.name, "value names");
    this.#checkMaximum(data, nk.maxValueData, maxima.data, "data of values");
    return this.#inspectSubkeys(key, index);
  }

  #inspectSubkeys({ data, depth }: Waiting, index: number): Waiting[] {
    const inspection = this.#inspection;
    const longest = { name: 0, className: 0 };
    const below: Waiting[] = [];
    for (const child of inspectList(inspection, data)) {
      longest.name = Math.max(longest.name, child.nameBytes);
      if (inspection.u32(child.data + nk.className) !== none)
        longest.className = Math.max(longest.className, inspection.u16(child.data + nk.classLength));
      if (inspection.u32(child.data + nk.parent) !== offsetOf(data)) {
        const named = `0x${inspection.u32(child.data + nk.parent).toString(16)}`;
        const text = `the subkey ${JSON.stringify(child.name)} names another parent (${named})`;
        inspection.report("error", "key-parent", child.data + nk.parent, child.data, text);
      }
      below.push({ data: child.data, length: child.length, parent: index, depth: depth + 1 });
    }
    this.#checkMaximum(data, nk.maxSubkeyName, longest.name, "subkey names");
    this.#checkMaximum(data, nk.maxClassName, longest.className, "class names");
    if (depth < limits.depth || below.length === 0) return below;
    const text = `${below.length} subkeys and all below them are nested deeper than ${limits.depth}`;
    inspection.report("error", "key-depth", data + nk.list, data, text);
    for (const { data: cell } of below) {
      inspection.giveBack(cell);
      this.tooDeep.push(offsetOf(cell));
    }
    return [];
  }

  /** Windows takes buffers of these sizes for enough. */
  #checkMaximum(data: number, field: number, least: number, what: string): void {
    // The upper half of the field for subkey names holds flags.
    const said = field === nk.maxSubkeyName ? this.#inspection.u16(data + field) : this.#inspection.u32(data + field);
    if (said >= least) return;
    const text = `the maximum for ${what} is ${said}, but there is one of ${least} bytes`;
    this.#inspection.report("warning", "key-maximum", data + field, data, text);
  }

  #checkSymlink(data: number, flags: number, values: readonly Value[]): void {
    if ((flags & keyFlag.symlink) === 0) return;
    if (values.some(({ name, type }) => type === regLink && name.toLowerCase() === "symboliclinkvalue")) return;
    this.#inspection.report(
      "warning",
      "symlink-target",
      data + nk.flags,
      data,
      "the symbolic link has no value SymbolicLinkValue",
    );
  }
}

const regLink = 6;

/** A key whose cell was taken. */
interface Waiting {
  readonly data: number;
  readonly length: number;
  readonly parent: number;
  readonly depth: number;
}

/** Reads a name that may be damaged; what is kept of it can be written again. */
function readKeyName(inspection: Inspection, data: number, length: number, isRoot: boolean): string {
  const at = data + nk.nameLength;
  const said = inspection.u16(at);
  const latin1 = (inspection.u16(data + nk.flags) & keyFlag.latin1Name) !== 0;
  const room = Math.max(0, length - nk.name);
  let size = Math.min(said, room);
  if (said > room) inspection.lose("name", "key-name", at, data, `a key name of ${said} bytes is longer than its cell`);
  if (!latin1 && size % 2 !== 0) {
    size--;
    if (said <= room) inspection.lose("name", "key-name", at, data, `a UTF-16 key name has the odd length ${said}`);
  }
  let name = decodeName(inspection.bytes, data + nk.name, size, latin1);
  if (name.length > limits.keyNameUnits) {
    inspection.lose(
      "name",
      "key-name",
      at,
      data,
      `a key name of ${name.length} characters exceeds ${limits.keyNameUnits}`,
    );
    name = name.slice(0, limits.keyNameUnits);
  }
  if (isRoot) return name;
  if (name.includes("\\")) {
    inspection.lose("name", "key-name", data + nk.name, data, `the key name ${JSON.stringify(name)} holds a backslash`);
    name = name.replaceAll("\\", "/");
  }
  if (name !== "") return name;
  if (said === 0) inspection.lose("name", "key-name", at, data, "a key has no name");
  return `key at 0x${data.toString(16)}`;
}

function readClassName(inspection: Inspection, data: number): string | undefined {
  const offset = inspection.u32(data + nk.className);
  if (offset === none) return undefined;
  const size = inspection.u16(data + nk.classLength);
  const cell = inspection.take(offset, size);
  if (typeof cell === "string") {
    inspection.lose("class", "class-cell", data + nk.className, data, `the cell of the class name is ${cell}`);
    return undefined;
  }
  if (size % 2 !== 0)
    inspection.lose("class", "class-length", data + nk.classLength, data, `a class name has the odd length ${size}`);
  return decodeUtf16(inspection.bytes.subarray(cell.data, cell.data + size));
}

/** Whether a cell begins as a key's does. */
export function isKeyCell(inspection: Inspection, data: number): boolean {
  return inspection.u16(data) === signature.key;
}

/** How cells are named in a hive. */
export function offsetOf(data: number): number {
  return data - 4 - baseBlockSize;
}
