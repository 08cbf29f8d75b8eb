import { typeName, valueView } from "../../api/value-view.ts";
import { type DiffNode, diffTree } from "../../tree/diff-tree.ts";
import { findValue } from "../../tree/key.ts";
import { joinPath } from "../../tree/path.ts";
import { textOf, type Value } from "../../tree/value.ts";
import type { Cli } from "../cli.ts";
import { type Operand, readOperands } from "../diff-operand.ts";
import { countsText, diffText } from "../render/diff-text.ts";
import { facts } from "../render/table.ts";
import { type Define, finish, notes, wholeNumber } from "../verbs.ts";

interface Options {
  readonly most: number;
  readonly exitCode?: boolean;
}

/** `clubar diff A B`. */
export const defineDiff: Define = (noun, cli) => {
  finish(noun)
    .option("--most <lines>", "how many keys and values are told", wholeNumber(1, 10_000_000), 2000)
    .option("--exit-code", "end with 9 when they differ")
    .action(async (a: string, b: string, options: Options) => {
      const [left, right] = await cli.busy("Reading", readOperands(cli, a, b));
      compare(cli, left, right, options);
    });
  notes(
    noun,
    "A and B are each a hive (ClusDb, chk????.tmp, a checkpoint, any registry hive), a key container, a .reg export, a backup\n" +
      "set's folder, or a live key: HKLM\\SOFTWARE\\Web, HKLM\\Cluster. Files need no service. A set beside a live key stands for\n" +
      "its checkpoint of that key, beside a cluster database for its database.\n" +
      "+ is only in B, - only in A, ~ in both with another content.",
  );
};

function compare(cli: Cli, a: Operand, b: Operand, { most, exitCode }: Options): void {
  const attributes = a.attributes && b.attributes;
  const { root, counts, more } = diffTree(a.tree, b.tree, { most, attributes });
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
      return textOf(findValue(b.tree, key, "Name") ?? findValue(a.tree, key, "Name"));
    };
    const rest = more === 0 ? "" : `… and ${more} more; --most says how many are told.\n`;
    return `${head}\n${diffText(root, nameOf)}${rest}\n${countsText(counts)}.\n`;
  });
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
