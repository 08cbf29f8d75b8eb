/**
 * Applying an update to the key tree of the cluster database. Pure: every node computes the same tree from the same
 * records. The leader calls `prepare` to find out whether an update applies; everybody calls `applyRecord` for what was logged.
 */
import { equalBytes } from "../base/bytes.ts";
import type { LogRecord } from "../quorum/quorum.ts";
import { formatTag, parseTag, type Tag } from "../quorum/tag.ts";
import { applyEdits, type Edit } from "../tree/edit.ts";
import { fileTime, findKey, findValue, type Key, keyFinder, valueCount, valueOf, valuesOf } from "../tree/key.ts";
import { sz, textOf } from "../tree/value.ts";
import { decodeUpdate } from "./update-codec.ts";
import type { Condition, Update } from "./update.ts";

/** Request ids kept in the database; the oldest go first. A retry must come within this many updates. */
export const requestsKept = 1024;
/** The key whose values are the request ids of the newest updates; the data is the tag each got. */
export const requestsPath = "Runtime\\Requests";

/** `PaxosTag`, WSFC's name for the tag in the database itself (facts §1.4). */
export const tagValueName = "PaxosTag";

/** "repeated": the request id was applied before, as `tag`; "refused": `condition` is the first that does not hold. */
export type Prepared =
  | { readonly outcome: "applies"; readonly tree: Key }
  | { readonly outcome: "repeated"; readonly tag: Tag }
  | { readonly outcome: "refused"; readonly condition: Condition };

/** What an update does to `tree` when it becomes the change with this tag. */
export function prepare(tree: Key, update: Update, tag: Tag, timeMs: number): Prepared {
  const before = textOf(findValue(tree, requestsPath, update.requestId));
  const repeated = before === undefined ? undefined : parseTag(before);
  if (repeated !== undefined) return { outcome: "repeated", tag: repeated };
  const find = keyFinder(tree);
  const broken = update.conditions.find((condition) => !holdsFor(find, condition));
  if (broken !== undefined) return { outcome: "refused", condition: broken };
  return { outcome: "applies", tree: applyEdits(tree, withBookkeeping(tree, update, tag), fileTime(timeMs)) };
}

/** The tree after a logged record. */
export function applyRecord(tree: Key, record: LogRecord): Key {
  const update = decodeUpdate(record.body);
  return applyEdits(tree, withBookkeeping(tree, update, record.tag), fileTime(record.time));
}

/** Whether a condition holds in the tree. */
export function holds(tree: Key, condition: Condition): boolean {
  return holdsFor(keyFinder(tree), condition);
}

function holdsFor(find: (path: string) => Key | undefined, condition: Condition): boolean {
  const key = find(condition.path);
  switch (condition.kind) {
    case "key-exists":
      return key !== undefined;
    case "key-absent":
      return key === undefined;
    case "value-equals": {
      const found = key === undefined ? undefined : valueOf(key, condition.name)?.data;
      if (found === undefined || condition.data === undefined) return found === condition.data;
      return equalBytes(found, condition.data);
    }
  }
}

function withBookkeeping(tree: Key, update: Update, tag: Tag): Edit[] {
  const text = formatTag(tag);
  const edits: Edit[] = [...update.edits];
  const requests = findKey(tree, requestsPath);
  if (requests !== undefined && valueCount(requests) >= requestsKept) {
    for (const oldest of valuesOf(requests)) {
      edits.push({ kind: "delete-value", path: requestsPath, name: oldest.name });
      break;
    }
  }
  edits.push({ kind: "set-value", path: requestsPath, value: sz(update.requestId, text) });
  edits.push({ kind: "set-value", path: "", value: sz(tagValueName, text) });
  return edits;
}
