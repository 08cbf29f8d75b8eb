/** People's changes: built on this node's copy, submitted with conditions, built anew when somebody else was faster. */
import { fail } from "../base/errors.ts";
import { newGuid } from "../base/guid.ts";
import { Mutex } from "../base/mutex.ts";
import type { Outside } from "../base/outside.ts";
import type { Change } from "../database/change.ts";
import type { Database } from "../database/database.ts";
import { structureCounter } from "../database/schema.ts";
import type { SubmitResult } from "../database/update.ts";
import type { Tag } from "../quorum/tag.ts";
import type { Key } from "../tree/key.ts";

const triesMax = 10;

/** Changes through one node that were refused, one after the other: side by side they would refuse each other again and again. */
interface Turns {
  readonly mutex: Mutex;
  waiting: number;
}

const turnsOf = new WeakMap<Database, Turns>();

/** Rejects with what `build` throws, CLUSTER_DATABASE_UPDATE_CONDITION_FAILED after ten tries, OUTCOME_UNKNOWN without quorum. */
export async function submitChange(database: Database, outside: Outside, build: (tree: Key) => Change): Promise<Tag> {
  const turns = turnsOf.get(database) ?? { mutex: new Mutex(), waiting: 0 };
  turnsOf.set(database, turns);
  const first = build(database.tree());
  const mustWait = turns.waiting > 0 && isStructural(first);
  const tag = mustWait ? undefined : tagOf(first, await submitOnce(database, outside, first));
  if (tag !== undefined) return tag;
  turns.waiting++;
  try {
    return await turns.mutex.run(() => submitAgain(database, outside, build));
  } finally {
    turns.waiting--;
  }
}

async function submitAgain(database: Database, outside: Outside, build: (tree: Key) => Change): Promise<Tag> {
  for (let tries = 1; ; tries++) {
    const tree = database.tree();
    const change = build(tree);
    const result = await submitOnce(database, outside, change);
    const tag = tagOf(change, result);
    if (tag !== undefined) return tag;
    if (result.outcome === "refused" && tries >= triesMax) {
      throw fail("CLUSTER_DATABASE_UPDATE_CONDITION_FAILED", {
        happened: `The cluster database changed at ${result.condition.path} while the change was made, ${tries} times.`,
        unchanged: "Nothing was changed.",
        next: "Try again.",
      });
    }
    // The refusal came from the leader's newer copy; this node's follows at once.
    if (database.tree() === tree) await outside.timers.sleep(20);
  }
}

function submitOnce(database: Database, outside: Outside, change: Change): Promise<SubmitResult> {
  return database.submit({ ...change, requestId: newGuid(outside.random) });
}

/** undefined when it was refused. */
function tagOf(change: Change, result: SubmitResult): Tag | undefined {
  if (result.outcome === "applied") return result.tag;
  if (result.outcome === "refused") return undefined;
  throw fail("OUTCOME_UNKNOWN", {
    happened: `No leader acknowledged the change: ${change.because}`,
    unchanged: "It may have been made all the same.",
    next: "Look with `clubar status` and `list` before you try again.",
  });
}

/** Only one of these made of the same copy is ever ordered. */
function isStructural({ conditions }: Change): boolean {
  return conditions.some(({ path }) => path === structureCounter.path);
}
