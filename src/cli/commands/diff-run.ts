import { typeName, valueView } from "../../api/value-view.ts";
import { type DiffNode, diffTree, treeOfDifferences } from "../../tree/diff-tree.ts";
import { findValue } from "../../tree/key.ts";
import { joinPath } from "../../tree/path.ts";
import { textOf, type Value } from "../../tree/value.ts";
import type { Cli } from "../cli.ts";
import { type Operand, readOperands } from "../diff-operand.ts";
import { countsText, diffText } from "../render/diff-text.ts";
import { facts } from "../render/table.ts";

/** Options of `diff`. */
export interface DiffOptions {
  readonly most: number;
  readonly exitCode?: boolean;
  readonly recover?: boolean;
}

/** Reads both sides and shows what is different. */
export async function runDiff(cli: Cli, a: string, b: string, options: DiffOptions): Promise<void> {
  const [left, right] = await cli.busy("Reading", readOperands(cli, a, b, options.recover));
  compare(cli, left, right, options);
}

function compare(cli: Cli, a: Operand, b: Operand, { most, exitCode }: DiffOptions): void {
  const attributes = a.attributes && b.attributes;
  const { root, counts, more } =
    a.hive !== undefined && b.hive !== undefined
      ? treeOfDifferences(a.hive.differences(b.hive), b.hive.root.name, { most, attributes })
      : diffTree(a.tree, b.tree, { most, attributes });
  if (root !== undefined && exitCode === true) cli.exit = 9;
  const view = {
    a: sideView(a),
    b: sideView(b),
    same: root === undefined,
    counts,
    more,
    notCompared: attributes ? [] : ["class names", "security"],
    differences: root === undefined ? null : nodeView(root),
  };
  cli.show(view, () => {
    const head = facts([
      ["A", sideText(a)],
      ["B", sideText(b)],
      ["Not compared", attributes ? undefined : "class names and security: registry text can't carry them"],
    ]);
    if (root === undefined) return `${head}\nThe same content.\n`;
    const nameOf = (path: readonly string[]): string | undefined => {
      if (!/^\{?[0-9a-f]{8}-/i.test(path.at(-1) ?? "")) return undefined;
      const key = joinPath(...path);
      return textOf(valueIn(b, key, "Name") ?? valueIn(a, key, "Name"));
    };
    const rest = more === 0 ? "" : `… and ${more} more; --most says how many are told.\n`;
    return `${head}\n${diffText(root, nameOf)}${rest}\n${countsText(counts)}.\n`;
  });
}

function valueIn(side: Operand, path: string, name: string): Value | undefined {
  return side.hive === undefined ? findValue(side.tree, path, name) : side.hive.find(path)?.value(name);
}

function sideView({ kind, name, tag }: Operand): object {
  return { name, kind, tag: tag ?? null };
}

function sideText({ kind, name, tag }: Operand): string {
  return `${name} (${kind}${tag === undefined ? "" : `, tag ${tag}`})`;
}

interface NodeView {
  readonly name: string;
  readonly change: DiffNode["change"];
  readonly what: readonly string[];
  readonly values: readonly object[];
  readonly children: readonly NodeView[];
}

function nodeView({ name, change, what, values, children }: DiffNode): NodeView {
  const of = (value: Value | undefined): object | null =>
    value === undefined ? null : { type: typeName(value.type), data: valueView(value).data };
  return {
    name,
    change,
    what,
    values: values.map((value) => ({ name: value.name, before: of(value.before), after: of(value.after) })),
    children: children.map(nodeView),
  };
}
