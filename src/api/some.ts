/** The first few of many, for answers and sentences that stay short however large the cluster is. */

/** Names of the first ten, and how many there are. */
export interface Some {
  readonly count: number;
  readonly names: readonly string[];
}

const named = 10;

/** At most so many of what comes. */
export function firstOf<T>(items: Iterable<T>, limit: number): T[] {
  const found: T[] = [];
  if (limit <= 0) return found;
  for (const item of items) {
    found.push(item);
    if (found.length >= limit) break;
  }
  return found;
}

/** The first ten of `count`. */
export function some(count: number, names: Iterable<string>): Some {
  return { count, names: firstOf(names, named) };
}

/** `a, b, c`; of more than are named: `a, b, c and 12 more`. */
export function someText({ count, names }: Some): string {
  const more = count - names.length;
  return more <= 0 ? names.join(", ") : `${names.join(", ")} and ${more} more`;
}
