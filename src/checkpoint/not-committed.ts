/** Why a change that was made on this node is in no version. */
import { fail, type Failure } from "../base/errors.ts";
import type { Key } from "../tree/key.ts";
import type { Changed } from "./checkpoint.ts";
import { overlap } from "./names.ts";
import { readRecords } from "./records.ts";

/** What a caller is told who changed something and can't have it in a version now. */
export function notCommitted(cause: Failure): Failure {
  return fail(cause.name, {
    happened: `The change is made on this node, but it is in no checkpoint version yet: ${cause.happened}`,
    unchanged: cause.unchanged,
    next:
      cause.next === ""
        ? "A failover now would lose it. It is tried again; look with: clubar checkpoint list."
        : cause.next,
    cause,
  });
}

/** Of resources that run here and that nobody watches: the first with a checkpoint over the change; undefined: none has. */
export function notWatched(tree: Key, resources: readonly string[], changed: Changed | undefined): Failure | undefined {
  for (const id of resources) {
    const records = readRecords(tree, id);
    const isOver = records?.current.some(({ kind, path }) =>
      changed === undefined ? kind !== "directory" : kind === changed.kind && overlap(kind, path, changed.path),
    );
    if (records === undefined || isOver !== true) continue;
    return fail("HOST_NODE_NOT_RESOURCE_OWNER", {
      happened: `"${records.name}" still runs here, but this life of the node ends, or its group was placed anew.`,
      unchanged: "The newest committed version is the current one.",
      next: "Its next start puts that version in place of the change: make it again where it runs then (clubar resource list).",
    });
  }
  return undefined;
}
