import type { Value } from "../tree/value.ts";
import { HiveError } from "./hive-error.ts";
import type { HiveImage } from "./image.ts";
import { checkKeyCell, classNameAt, keyNameAt, securityAt, valueCountAt } from "./key-cell.ts";
import { base, baseBlockSize, keyFlag, nk } from "./layout.ts";
import { limits } from "./limits.ts";
import { readSubkeyList } from "./read-list.ts";
import { claimValueData, readValues, valueCellAt, valueListAt } from "./read-value.ts";

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

/** Gets the cell of a key, and the place of its parent in the order of visits (-1 for the first). */
export type VisitKey = (cell: number, depth: number, parent: number) => void;
/** Gets the cell of a value of the key visited last, and where its data begin; undefined when they are in several pieces. */
export type VisitValue = (cell: number, data: number | undefined) => void;

/**
 * Visits the cell of every key once, depth first, a parent before its subkeys, subkeys in the order of their list; with `value` those
 * of its values after it. Not recursive. `image` is a claiming one, `start` the file offset of the first key's data (default: the
 * root). Throws HiveError at the first damage, after some visits perhaps.
 */
export function walkCells(image: HiveImage, key: VisitKey, value?: VisitValue, start?: number): void {
  new CellWalk(image, key, value).run(start);
}

class CellWalk {
  readonly #image: HiveImage;
  readonly #key: VisitKey;
  readonly #value: VisitValue | undefined;
  /** The fields of all subkeys on the way from the root to the present key that wait. */
  readonly #fields: number[] = [];
  /** For each level where its own begin, which is next, and the cell and the place of their parent. */
  readonly #firsts: number[] = [];
  readonly #nexts: number[] = [];
  readonly #cells: number[] = [];
  readonly #places: number[] = [];
  #visits = 0;

  constructor(image: HiveImage, key: VisitKey, value: VisitValue | undefined) {
    this.#image = image;
    this.#key = key;
    this.#value = value;
  }

  run(start: number | undefined): void {
    const image = this.#image;
    const fields = this.#fields;
    const nexts = this.#nexts;
    this.#enter(start ?? image.claim(base.root, nk.name), 0, -1);
    for (let depth = nexts.length; depth > 0; depth = nexts.length) {
      const next = nexts[depth - 1]!++;
      if (next < fields.length) {
        this.#enter(image.claim(fields[next]!, nk.name), depth, this.#places[depth - 1]!);
        continue;
      }
      fields.length = this.#firsts.pop()!;
      nexts.pop();
      this.#cells.pop();
      this.#places.pop();
    }
  }

  #enter(cell: number, depth: number, parent: number): void {
    const image = this.#image;
    checkKeyCell(image, cell);
    if (depth > limits.depth) throw new HiveError(cell, `keys are nested deeper than ${limits.depth}`);
    if (depth > 0 && image.u32(cell + nk.parent) !== this.#cells[depth - 1]! - 4 - baseBlockSize)
      throw new HiveError(cell + nk.parent, "a key names another parent than the one that lists it");
    const place = this.#visits++;
    this.#key(cell, depth, parent);
    if (this.#value !== undefined) this.#values(cell, this.#value);
    const count = image.u32(cell + nk.subkeys);
    if (count === 0) return;
    this.#firsts.push(this.#fields.length);
    this.#nexts.push(this.#fields.length);
    this.#cells.push(cell);
    this.#places.push(place);
    readSubkeyList(image, cell + nk.list, count, this.#fields);
  }

  #values(cell: number, visit: VisitValue): void {
    const image = this.#image;
    const count = valueCountAt(image, cell);
    if (count === 0) return;
    const list = valueListAt(image, cell + nk.valueList, count);
    for (let at = list, end = list + count * 4; at < end; at += 4) {
      const value = valueCellAt(image, at);
      visit(value, claimValueData(image, value));
    }
  }
}

/** `walkCells` with all of every key decoded. */
export function walkHive(image: HiveImage, visit: (key: KeyRecord) => void, start?: number): void {
  const read = (cell: number, depth: number, parent: number): void => {
    const values = valueCountAt(image, cell);
    visit({
      name: keyNameAt(image, cell, parent < 0),
      lastWritten: image.view.getBigUint64(cell + nk.lastWritten, true),
      className: classNameAt(image, cell),
      security: securityAt(image, cell),
      symlink: (image.u16(cell + nk.flags) & keyFlag.symlink) !== 0,
      values: values === 0 ? [] : readValues(image, cell + nk.valueList, values),
      subkeys: image.u32(cell + nk.subkeys),
      offset: cell,
      depth,
      parent,
    });
  };
  walkCells(image, read, undefined, start);
}
