/** People's changes: built on this node's copy, submitted with conditions, built anew when somebody else was faster. */
import { fail } from "../base/errors.ts";
import { newGuid } from "../base/guid.ts";
import type { Outside } from "../base/outside.ts";
import type { Change } from "../database/change.ts";
import type { Database } from "../database/database.ts";
import type { Tag } from "../quorum/tag.ts";
import type { Key } from "../tree/key.ts";

const triesMax = 10;

/** Rejects with what `build` throws, CLUSTER_DATABASE_UPDATE_CONDITION_FAILED after ten tries, OUTCOME_UNKNOWN without quorum. */
export async function submitChange(database: Database, outside: Outside, build: (tree: Key) => Change): Promise<Tag> {
  for (let tries = 1; ; tries++) {
    const change = build(database.tree());
    const result = await database.submit({ ...change, requestId: newGuid(outside.random) });
    if (result.outcome === "applied") return result.tag;
    if (result.outcome === "unknown") {
      throw fail("OUTCOME_UNKNOWN", {
        happened: `No leader acknowledged the change: ${change.because}`,
        unchanged: "It may have been made all the same.",
        next: "Look with `clubar status` and `list` before you try again.",
      });
    }
    if (tries >= triesMax) {
      throw fail("CLUSTER_DATABASE_UPDATE_CONDITION_FAILED", {
        happened: `The cluster database changed at ${result.condition.path} while the change was made, ${tries} times.`,
        unchanged: "Nothing was changed.",
        next: "Try again.",
      });
    }
    // The refusal came from the leader's newer copy; this node's follows at once.
    await outside.timers.sleep(20);
  }
}
