import { compareNames } from "../tree/path.ts";
import { HiveError } from "./hive-error.ts";

/** Throws HiveError when two entries have the same name but for case; `offsetOf` says where an entry is. */
export function refuseSameNames(
  entries: readonly { readonly name: string }[],
  what: string,
  offsetOf: (index: number) => number,
): void {
  const order = entries.map((_, index) => index).sort((a, b) => compareNames(entries[a]!.name, entries[b]!.name));
  for (let j = 1; j < order.length; j++) {
    const [a, b] = [order[j - 1]!, order[j]!];
    if (compareNames(entries[a]!.name, entries[b]!.name) !== 0) continue;
    throw new HiveError(
      offsetOf(Math.max(a, b)),
      `two ${what} of one key have the same name ${JSON.stringify(entries[b]!.name)}`,
    );
  }
}
