import { type Difference, ownDifferences } from "../tree/diff.ts";
import { buildKey, type Key } from "../tree/key.ts";
import { joinPath } from "../tree/path.ts";
import { compareKeyCells, sameStoredName } from "./compare-cells.ts";
import { DiffSide, sameOwn } from "./diff-side.ts";
import { HiveError } from "./hive-error.ts";
import type { HiveImage } from "./image.ts";
import { classNameAt, keyNameAt, securityAt, valueCountAt } from "./key-cell.ts";
import { keyFlag, nk } from "./layout.ts";
import { readValues } from "./read-value.ts";
import { refuseSameNames } from "./same-names.ts";

/** Subkeys side by side in the order of names; -1 where one of the two has none of that name. */
interface Pairs {
  readonly left: readonly number[];
  readonly right: readonly number[];
}

/** A key that is in both hives, and where its subkeys were left. */
interface Frame extends Pairs {
  /** Its cell in the second hive; -1 for what the two roots are in. */
  readonly key: number;
  next: number;
}

/**
 * What `diff` says of the trees of two hives, without making them: cells are compared as they are stored, and only what differs is
 * decoded. Every cell of either is used at most once, so work is bounded by the sizes of the files. Throws HiveError at the first damage
 * on the way, after some differences perhaps; that two values of a key have the same name is seen only where something differs.
 */
export function* diffHives(a: HiveImage, b: HiveImage): Generator<Difference, void, undefined> {
  const ids = new Map<string, number>();
  const left = new DiffSide(a, ids);
  const right = new DiffSide(b, ids);
  const frames: Frame[] = [{ key: -1, left: [left.root()], right: [right.root()], next: 0 }];
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    const at = frame.next++;
    if (at === frame.left.length) {
      frames.pop();
      continue;
    }
    const x = frame.left[at]!;
    const y = frame.right[at]!;
    const isRoot = frames.length === 1;
    if (isRoot || (x >= 0 && y >= 0 && haveSameName(a, x, b, y))) {
      if (!sameOwn(left, x, right, y))
        yield* ownDifferences(pathOf(b, frames, isRoot ? -1 : y), keyAlone(a, x, isRoot), keyAlone(b, y, isRoot));
      const pairs = sideBySide(a, left.subkeys(x, frames.length), b, right.subkeys(y, frames.length));
      if (pairs.left.length > 0) frames.push({ key: y, left: pairs.left, right: pairs.right, next: 0 });
      continue;
    }
    if (x >= 0)
      yield {
        kind: "key-removed",
        path: joinPath(pathOf(b, frames, -1), keyNameAt(a, x, false)),
        key: left.tree(x),
      };
    if (y >= 0) yield { kind: "key-added", path: pathOf(b, frames, y), key: right.tree(y) };
  }
}

/** The path of the key whose subkeys are looked at, or of one of them. */
function pathOf(b: HiveImage, frames: readonly Frame[], subkey: number): string {
  const cells = frames.slice(2).map(({ key }) => key);
  if (subkey >= 0) cells.push(subkey);
  return joinPath(...cells.map((cell) => keyNameAt(b, cell, false)));
}

function haveSameName(a: HiveImage, x: number, b: HiveImage, y: number): boolean {
  return sameStoredName(a, x, b, y) || keyNameAt(a, x, false) === keyNameAt(b, y, false);
}

/** A key without its subkeys. */
function keyAlone(image: HiveImage, cell: number, isRoot: boolean): Key {
  const count = valueCountAt(image, cell);
  const values = count === 0 ? [] : readValues(image, cell + nk.valueList, count);
  refuseSameNames(values, "values", () => cell + nk.valueList);
  return buildKey({
    name: keyNameAt(image, cell, isRoot),
    lastWritten: 0n,
    className: classNameAt(image, cell),
    security: securityAt(image, cell),
    symlink: (image.u16(cell + nk.flags) & keyFlag.symlink) !== 0,
    values,
  });
}

function sideBySide(a: HiveImage, x: readonly number[], b: HiveImage, y: readonly number[]): Pairs {
  const left = inOrder(a, x);
  if (left.length === y.length && left.every((cell, at) => sameStoredName(a, cell, b, y[at]!)))
    return { left, right: y };
  const right = inOrder(b, y);
  const pairs: { readonly left: number[]; readonly right: number[] } = { left: [], right: [] };
  for (let i = 0, j = 0; i < left.length || j < right.length; ) {
    const [l = -1, r = -1] = [left[i], right[j]];
    const order = l < 0 ? 1 : r < 0 ? -1 : compareKeyCells(a, l, b, r);
    pairs.left.push(order <= 0 ? l : -1);
    pairs.right.push(order >= 0 ? r : -1);
    if (order <= 0) i++;
    if (order >= 0) j++;
  }
  return pairs;
}

/** Lists are nearly always in the order of names. Throws HiveError for a name that comes twice. */
function inOrder(image: HiveImage, cells: readonly number[]): readonly number[] {
  const rises = (list: readonly number[]): boolean => {
    for (let at = 1; at < list.length; at++)
      if (compareKeyCells(image, list[at - 1]!, image, list[at]!) >= 0) return false;
    return true;
  };
  if (rises(cells)) return cells;
  const sorted = cells.slice().sort((one, other) => compareKeyCells(image, one, image, other));
  if (rises(sorted)) return sorted;
  refuseSameNames(
    sorted.map((cell) => ({ name: keyNameAt(image, cell, false) })),
    "subkeys",
    (at) => sorted[at]!,
  );
  throw new HiveError(sorted[0]!, "the subkeys of a key have no order");
}
