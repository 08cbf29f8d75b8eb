import type { Value } from "../tree/value.ts";
import { HiveError } from "./hive-error.ts";
import type { HiveImage } from "./image.ts";
import { checkKeyCell, classNameAt, keyNameAt, securityAt, valueCountAt } from "./key-cell.ts";
import { base, baseBlockSize, keyFlag, nk } from "./layout.ts";
import { limits } from "./limits.ts";
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
 * Visits the cell of every key once, depth first, a parent before its subkeys, subkeys in the order of their list. Not recursive.
 * `image` is a claiming one, `start` the file offset of the first key's data (default: the root). Throws HiveError at the first
 * damage, after some visits perhaps.
 */
export function walkCells(
  image: HiveImage,
  visit: (cell: number, depth: number, parent: number) => void,
  start?: number,
): void {
  // The fields of all subkeys on the way from the root to the present key that wait, and for each level where its own begin,
  // which is next, and what their parent is.
  const fields: number[] = [];
  const firsts: number[] = [];
  const nexts: number[] = [];
  const cells: number[] = [];
  const places: number[] = [];
  let visits = 0;
  const enter = (cell: number, depth: number, parent: number): void => {
    checkKeyCell(image, cell);
    if (depth > limits.depth) throw new HiveError(cell, `keys are nested deeper than ${limits.depth}`);
    if (depth > 0 && image.u32(cell + nk.parent) !== cells[depth - 1]! - 4 - baseBlockSize)
      throw new HiveError(cell + nk.parent, "a key names another parent than the one that lists it");
    const place = visits++;
    visit(cell, depth, parent);
    const count = image.u32(cell + nk.subkeys);
    if (count === 0) return;
    firsts.push(fields.length);
    nexts.push(fields.length);
    cells.push(cell);
    places.push(place);
    readSubkeyList(image, cell + nk.list, count, fields);
  };
  enter(start ?? image.claim(base.root, nk.name), 0, -1);
  for (let depth = nexts.length; depth > 0; depth = nexts.length) {
    const next = nexts[depth - 1]!++;
    if (next < fields.length) {
      enter(image.claim(fields[next]!, nk.name), depth, places[depth - 1]!);
      continue;
    }
    fields.length = firsts.pop()!;
    nexts.pop();
    cells.pop();
    places.pop();
  }
}

/** `walkCells` with all of every key decoded. */
export function walkHive(image: HiveImage, visit: (key: KeyRecord) => void, start?: number): void {
  const securities = new Map<number, Uint8Array | undefined>();
  const read = (cell: number, depth: number, parent: number): void => {
    const values = valueCountAt(image, cell);
    visit({
      name: keyNameAt(image, cell, parent < 0),
      lastWritten: image.view.getBigUint64(cell + nk.lastWritten, true),
      className: classNameAt(image, cell),
      security: securityAt(image, cell, securities),
      symlink: (image.u16(cell + nk.flags) & keyFlag.symlink) !== 0,
      values: values === 0 ? [] : readValues(image, cell + nk.valueList, values),
      subkeys: image.u32(cell + nk.subkeys),
      offset: cell,
      depth,
      parent,
    });
  };
  walkCells(image, read, start);
}
