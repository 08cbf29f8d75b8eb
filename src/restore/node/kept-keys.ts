/**
 * What a restored registry keeps of the live one: `KeysNotToRestore` as documented under "Registry Backup and Restore Operations Under
 * VSS", read from both hives. Pure.
 */
import { childOf, childrenOf, findKey, type Key, valueOf, valuesOf, withChild } from "../../tree/key.ts";
import { applyEdits, type Edit } from "../../tree/edit.ts";
import { foldName, joinPath } from "../../tree/path.ts";
import { dwordOf, multiSzOf, type Value } from "../../tree/value.ts";

/** Where the lists are, below SYSTEM: every REG_MULTI_SZ value there is one. */
export const keysNotToRestorePath = "CurrentControlSet\\Control\\BackupRestore\\KeysNotToRestore";
const sessionManager = "CurrentControlSet\\Control\\Session Manager";
const pendingRenames = "PendingFileRenameOperations";

/** One entry of the lists, by its kind. */
export type KeepRule =
  /** Ends with `\`: the live subtree replaces the restored one. */
  | { readonly kind: "subtree"; readonly hive: string; readonly path: string }
  /** Ends with `*`: merged, see `mergedKey`. */
  | { readonly kind: "merge"; readonly hive: string; readonly path: string }
  /** Anything else: a single value. */
  | { readonly kind: "value"; readonly hive: string; readonly path: string; readonly name: string };

/**
 * The rules of both SYSTEM hives, each once. Entries are below HKLM\SYSTEM, unless they begin with the name of a hive (`hives`).
 * The renames that wait for a restart are always kept.
 */
export function keepRules(
  live: Key | undefined,
  restored: Key | undefined,
  hives: readonly string[],
): readonly KeepRule[] {
  const entries = new Map<string, string>();
  for (const root of [live, restored]) {
    const lists = root === undefined ? undefined : findKey(root, keysNotToRestorePath);
    for (const value of lists === undefined ? [] : valuesOf(lists))
      for (const entry of multiSzOf(value) ?? []) if (entry !== "") entries.set(foldName(entry), entry);
  }
  const rules = [...entries.values()].flatMap((entry) => ruleOf(entry, hives) ?? []);
  return [...rules, { kind: "value", hive: "SYSTEM", path: sessionManager, name: pendingRenames }];
}

function ruleOf(entry: string, hives: readonly string[]): KeepRule | undefined {
  const parts = entry.split("\\").filter((part) => part !== "");
  const first = parts[0];
  const named = hives.find((hive) => first !== undefined && foldName(hive) === foldName(first));
  const hive = named ?? "SYSTEM";
  const below = named === undefined ? parts : parts.slice(1);
  const last = below.at(-1);
  if (last === undefined) return undefined;
  if (entry.endsWith("\\")) return { kind: "subtree", hive, path: below.join("\\") };
  const path = below.slice(0, -1).join("\\");
  return last === "*" ? { kind: "merge", hive, path } : { kind: "value", hive, path, name: last };
}

/** The restored hive with what the rules keep of the live one. The same key when they keep nothing. */
export function withKept(live: Key, restored: Key, hive: string, rules: readonly KeepRule[], time: bigint): Key {
  const edits = rules
    .filter((rule) => foldName(rule.hive) === foldName(hive))
    .flatMap((rule) => editsOf(rule, live, restored));
  return edits.length === 0 ? restored : applyEdits(restored, edits, time);
}

function editsOf(rule: KeepRule, live: Key, restored: Key): Edit[] {
  const { path } = rule;
  const mine = path === "" ? live : findKey(live, path);
  if (rule.kind === "subtree") {
    if (mine !== undefined) return [{ kind: "put-tree", path, tree: mine }];
    return findKey(restored, path) === undefined ? [] : [{ kind: "delete-key", path }];
  }
  if (mine === undefined) return [];
  if (rule.kind === "merge") {
    const theirs = path === "" ? restored : findKey(restored, path);
    return [...childrenOf(mine)].map((child) => ({
      kind: "put-tree",
      path: joinPath(path, child.name),
      tree: theirs === undefined ? child : mergedKey(child, childOf(theirs, child.name)),
    }));
  }
  const value = valueOf(mine, rule.name);
  return value === undefined ? [] : [{ kind: "set-value", path, value }];
}

/**
 * The restored key wins, unless the live one has a "start" value and the restored one has none or a higher one. Subkeys that only one has
 * stay.
 */
export function mergedKey(live: Key, restored: Key | undefined): Key {
  if (restored === undefined || liveWins(live, restored)) return live;
  let merged = restored;
  for (const child of childrenOf(live))
    if (childOf(restored, child.name) === undefined) merged = withChild(merged, child);
  return merged;
}

function liveWins(live: Key, restored: Key): boolean {
  const mine = startOf(live);
  const theirs = startOf(restored);
  return mine !== undefined && (theirs === undefined || mine < theirs);
}

/** 0 (boot) to 4 (disabled). */
function startOf(key: Key): number | undefined {
  const value: Value | undefined = valueOf(key, "Start");
  const start = dwordOf(value);
  return start !== undefined && start >= 0 && start <= 4 ? start : undefined;
}
