import type { Key } from "../tree/key.ts";
import { sameStoredValue } from "./compare-cells.ts";
import { HiveError } from "./hive-error.ts";
import type { HiveImage } from "./image.ts";
import { checkKeyCell, classNameAt, securityAt, valueCountAt } from "./key-cell.ts";
import { base, baseBlockSize, keyFlag, nk } from "./layout.ts";
import { limits } from "./limits.ts";
import { decodeLatin1 } from "./names.ts";
import { readSubkeyList } from "./read-list.ts";
import { readTree } from "./read.ts";
import { claimValueData, valueCellAt, valueListAt } from "./read-value.ts";

/** One of two hives that are compared. Cells are file offsets of their data; each is handed out once. */
export class DiffSide {
  readonly image: HiveImage;
  readonly #claiming: HiveImage;
  /** Numbers of descriptors by their bytes, which both sides share, and by their offset in this one. */
  readonly #ids: Map<string, number>;
  readonly #idsHere = new Map<number, number>();
  /** The values of the key that was looked at last, and where their data begin; -1 when in several pieces. */
  readonly valueCells: number[] = [];
  readonly valueData: number[] = [];

  constructor(image: HiveImage, ids: Map<string, number>) {
    this.image = image;
    this.#claiming = image.claiming();
    this.#ids = ids;
  }

  root(): number {
    const cell = this.#claiming.claim(base.root, nk.name);
    checkKeyCell(this.image, cell);
    return cell;
  }

  /** The subkeys of a key in the order of the file; they are `depth` levels below the root. */
  subkeys(cell: number, depth: number): number[] {
    const image = this.#claiming;
    const count = image.u32(cell + nk.subkeys);
    const cells: number[] = [];
    if (count === 0) return cells;
    if (depth > limits.depth) throw new HiveError(cell, `keys are nested deeper than ${limits.depth}`);
    readSubkeyList(image, cell + nk.list, count, cells);
    const own = cell - 4 - baseBlockSize;
    for (let at = 0; at < count; at++) {
      const subkey = image.claim(cells[at]!, nk.name);
      checkKeyCell(image, subkey);
      if (image.u32(subkey + nk.parent) !== own)
        throw new HiveError(subkey + nk.parent, "a key names another parent than the one that lists it");
      cells[at] = subkey;
    }
    return cells;
  }

  /** Looks at the values of a key; how many there are. */
  values(cell: number): number {
    const image = this.#claiming;
    const count = valueCountAt(image, cell);
    if (count === 0) return 0;
    const list = valueListAt(image, cell + nk.valueList, count);
    for (let at = 0; at < count; at++) {
      const value = valueCellAt(image, list + at * 4);
      this.valueCells[at] = value;
      this.valueData[at] = claimValueData(image, value) ?? -1;
    }
    return count;
  }

  className(cell: number): string | undefined {
    return classNameAt(this.#claiming, cell);
  }

  /** The same number for the same security in both hives. */
  security(cell: number): number {
    const offset = this.image.u32(cell + nk.security);
    const known = this.#idsHere.get(offset);
    if (known !== undefined) return known;
    const bytes = securityAt(this.image, cell);
    const content = bytes === undefined ? "" : decodeLatin1(bytes, 0, bytes.length);
    const id = this.#ids.get(content) ?? this.#ids.size;
    this.#ids.set(content, id);
    this.#idsHere.set(offset, id);
    return id;
  }

  /** A key that only this side has, with all below it. */
  tree(cell: number): Key {
    return readTree(this.#claiming, cell);
  }
}

/** Whether two keys are stored alike but for their names, times and subkeys. When not, they may still have the same content. */
export function sameOwn(a: DiffSide, x: number, b: DiffSide, y: number): boolean {
  // All cells are claimed, whatever is found to differ first.
  const count = a.values(x);
  const others = b.values(y);
  const sameClass = a.className(x) === b.className(y);
  if (count !== others || !sameClass || a.security(x) !== b.security(y)) return false;
  if (((a.image.u16(x + nk.flags) ^ b.image.u16(y + nk.flags)) & keyFlag.symlink) !== 0) return false;
  for (let at = 0; at < count; at++) {
    const [left, right] = [a.valueData[at]!, b.valueData[at]!];
    if (left < 0 || right < 0) return false;
    if (!sameStoredValue(a.image, a.valueCells[at]!, left, b.image, b.valueCells[at]!, right)) return false;
  }
  return true;
}
