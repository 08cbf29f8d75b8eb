/** Names that are probably misspelled. Pure. */
import { foldName } from "../../tree/path.ts";

/** Letters that may be wrong, missing, too many, or in the wrong order. */
const mostErrors = 2;

/** The known name that `given` is most likely meant to be; undefined when it is known, or like none. */
export function meantName(given: string, known: readonly string[]): string | undefined {
  const name = foldName(given);
  if (known.some((one) => foldName(one) === name)) return undefined;
  let best: string | undefined;
  let least = Math.min(mostErrors, Math.floor(name.length / 3)) + 1;
  for (const one of known) {
    const errors = errorsBetween(name, foldName(one));
    if (errors >= least) continue;
    best = one;
    least = errors;
  }
  return best;
}

/** The known names, those most like `given` first: what begins with it or holds it comes before what differs in few letters. */
export function closestFirst(given: string, known: readonly string[]): readonly string[] {
  const name = foldName(given);
  const distance = (one: string): number => {
    const folded = foldName(one);
    return errorsBetween(name, folded) - (folded.includes(name) || name.includes(folded) ? 100 : 0);
  };
  return [...known].sort((a, b) => distance(a) - distance(b));
}

/** Edit distance; two neighbours in the wrong order count as one error. */
function errorsBetween(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let errors = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) errors = Math.min(errors, (before[j - 2] ?? 0) + 1);
      row.push(errors);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
