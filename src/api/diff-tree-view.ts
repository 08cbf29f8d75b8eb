/** A comparison of two trees for JSON, and back. */
import type { DiffCounts, DiffNode, DiffTree, ValueChange } from "../tree/diff-tree.ts";
import { valueOfView, type ValueView, valueView } from "./value-view.ts";

/** As `DiffTree`; null when nothing differs. */
export interface DiffTreeView {
  readonly root: DiffNodeView | null;
  readonly counts: DiffCounts;
  readonly more: number;
}

/** As `DiffNode`. */
export interface DiffNodeView {
  readonly name: string;
  readonly change: DiffNode["change"];
  readonly what: DiffNode["what"];
  readonly values: readonly { readonly name: string; readonly before?: ValueView; readonly after?: ValueView }[];
  readonly children: readonly DiffNodeView[];
}

/** For JSON. */
export function diffTreeView({ root, counts, more }: DiffTree): DiffTreeView {
  return { root: root === undefined ? null : nodeView(root), counts, more };
}

/** Out of JSON. */
export function diffTreeOfView({ root, counts, more }: DiffTreeView): DiffTree {
  return { root: root === null ? undefined : nodeOfView(root), counts, more };
}

function nodeView({ name, change, what, values, children }: DiffNode): DiffNodeView {
  return { name, change, what, values: values.map((one) => mapped(one, valueView)), children: children.map(nodeView) };
}

function nodeOfView({ name, change, what, values, children }: DiffNodeView): DiffNode {
  return { name, change, what, values: values.map(valueChange), children: children.map(nodeOfView) };
}

function valueChange(view: DiffNodeView["values"][number]): ValueChange {
  return mapped(view, valueOfView);
}

function mapped<A, B>(
  { name, before, after }: { readonly name: string; readonly before?: A; readonly after?: A },
  to: (one: A) => B,
): { readonly name: string; readonly before?: B; readonly after?: B } {
  return {
    name,
    ...(before === undefined ? {} : { before: to(before) }),
    ...(after === undefined ? {} : { after: to(after) }),
  };
}
