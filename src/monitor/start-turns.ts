/** How many containers are made at a time: each makes this process stand still for milliseconds, and its permit must be renewed. */
import type { Outside } from "../base/outside.ts";

/** More at a time make none of them faster: they wait for the same processors. */
const together = 4;

interface Turns {
  free: number;
  readonly waiting: (() => void)[];
}

const turns = new WeakMap<Outside, Turns>();

/** Does `work` when it is its turn, in the order of the calls; settles as `work` does. */
export async function inTurn<T>(outside: Outside, work: () => Promise<T>): Promise<T> {
  const mine = turns.get(outside) ?? { free: together, waiting: [] };
  turns.set(outside, mine);
  if (mine.free > 0) mine.free -= 1;
  else await new Promise<void>((resolve) => mine.waiting.push(resolve));
  try {
    return await work();
  } finally {
    const next = mine.waiting.shift();
    if (next === undefined) mine.free += 1;
    else next();
  }
}
