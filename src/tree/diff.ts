/** The difference between two trees by content (no times, no stored order), and the edits that make one into the other. */
import { pairsThatDiffer, type Pair } from "./compare-ordered.ts";
import { sameSecurity, type Edit } from "./edit.ts";
import { childOrder, findKey, type Key } from "./key.ts";
import { joinPath } from "./path.ts";
import { equalValues, type Value } from "./value.ts";
import { valuesThatDiffer } from "./values.ts";

/** A name that differs only in upper and lower case counts as another one: removed and added. */
export type Difference =
  /** The whole subtree, told once. */
  | { readonly kind: "key-added" | "key-removed"; readonly path: string; readonly key: Key }
  | {
      readonly kind: "value-added" | "value-removed" | "value-changed";
      readonly path: string;
      readonly name: string;
      readonly before?: Value;
      readonly after?: Value;
    }
  | { readonly kind: "key-changed"; readonly path: string; readonly what: "class" | "security" | "symlink" };

interface Frame {
  readonly path: string;
  readonly children: Iterator<Pair<Key>, void, undefined>;
}

/**
 * What is different in `b`: each key's own differences first, then its subkeys in order. Subtrees that both share are skipped by
 * identity, in wide keys too. The names of the two roots are not compared.
 */
export function* diff(a: Key | undefined, b: Key | undefined): Generator<Difference, void, undefined> {
  if (a === b) return;
  if (a === undefined || b === undefined) {
    if (a !== undefined) yield { kind: "key-removed", path: "", key: a };
    if (b !== undefined) yield { kind: "key-added", path: "", key: b };
    return;
  }
  yield* ownDifferences("", a, b);
  const open: Frame[] = [{ path: "", children: pairsThatDiffer(a.children, b.children, childOrder) }];
  for (let frame = open.at(-1); frame !== undefined; frame = open.at(-1)) {
    const next = frame.children.next();
    if (next.done === true) {
      open.pop();
      continue;
    }
    const { before, after } = next.value;
    if (before !== undefined && after !== undefined && before.name === after.name) {
      const path = joinPath(frame.path, after.name);
      yield* ownDifferences(path, before, after);
      open.push({ path, children: pairsThatDiffer(before.children, after.children, childOrder) });
      continue;
    }
    if (before !== undefined) yield { kind: "key-removed", path: joinPath(frame.path, before.name), key: before };
    if (after !== undefined) yield { kind: "key-added", path: joinPath(frame.path, after.name), key: after };
  }
}

/** What is different in `b` at that path itself, subkeys apart. */
export function* ownDifferences(path: string, a: Key, b: Key): Generator<Difference, void, undefined> {
  if (a.className !== b.className) yield { kind: "key-changed", path, what: "class" };
  if (!sameSecurity(a.security, b.security)) yield { kind: "key-changed", path, what: "security" };
  if (a.symlink !== b.symlink) yield { kind: "key-changed", path, what: "symlink" };
  for (const { before, after } of valuesThatDiffer(a.values, b.values)) {
    if (before !== undefined && after !== undefined && before.name === after.name) {
      if (!equalValues(before, after)) yield { kind: "value-changed", path, name: after.name, before, after };
      continue;
    }
    if (before !== undefined) yield { kind: "value-removed", path, name: before.name, before };
    if (after !== undefined) yield { kind: "value-added", path, name: after.name, after };
  }
}

/**
 * Edits that make `a` equal to `b` by content; last-write times of keys that exist in both become the time of applying. A key
 * whose class or symlink flag differs is put as a whole, because no smaller edit changes those.
 */
export function editsFromDiff(a: Key, b: Key): Edit[] {
  const edits: Edit[] = [];
  let whole: string | undefined;
  for (const difference of diff(a, b)) {
    const { path } = difference;
    if (whole !== undefined && isWithin(path, whole)) continue;
    switch (difference.kind) {
      case "key-added":
        edits.push({ kind: "put-tree", path, tree: difference.key });
        break;
      case "key-removed":
        edits.push({ kind: "delete-key", path });
        break;
      case "value-added":
      case "value-changed":
        if (difference.after !== undefined) edits.push({ kind: "set-value", path, value: difference.after });
        break;
      case "value-removed":
        edits.push({ kind: "delete-value", path, name: difference.name });
        break;
      case "key-changed": {
        const key = keyAt(b, path);
        if (difference.what === "security") {
          edits.push({ kind: "set-security", path, security: key.security });
          break;
        }
        edits.push({ kind: "put-tree", path, tree: key });
        whole = path;
      }
    }
  }
  return edits;
}

/** Whether a path is `top` or below it; both come from one diff, so spelling is the same. */
function isWithin(path: string, top: string): boolean {
  return top === "" || path === top || path.startsWith(`${top}\\`);
}

function keyAt(root: Key, path: string): Key {
  return findKey(root, path) ?? root;
}
