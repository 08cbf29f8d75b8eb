/** A comparison as lines of text: `+` only on the second side, `-` only on the first, `~` on both with another content. */
import { valueView } from "../../api/value-view.ts";
import type { DiffCounts, DiffNode, ValueChange } from "../../tree/diff-tree.ts";
import { textOf, type Value } from "../../tree/value.ts";
import { valueText } from "../registry-value.ts";
import { oneLine } from "./table.ts";
import { counted } from "./text.ts";

const longestData = 160;

/** Names that the key's value `Name` gives to GUIDs, by the GUID as it is spelled in the key's name. */
export type NamesOfKeys = (path: readonly string[]) => string | undefined;

/** A line for each key and value, children below their key by two spaces. */
export function diffText(root: DiffNode, nameOf: NamesOfKeys): string {
  const lines: string[] = [];
  const waiting: { readonly node: DiffNode; readonly path: readonly string[] }[] = [{ node: root, path: [] }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, path } = next;
    const depth = path.length;
    if (depth > 0) lines.push(keyLine(node, depth - 1, nameOf(path)));
    for (const what of node.what) lines.push(`~ ${"  ".repeat(depth)}(its ${what})`);
    for (const value of node.values) lines.push(valueLine(value, depth));
    waiting.push(...node.children.map((child) => ({ node: child, path: [...path, child.name] })).reverse());
  }
  return lines.map((line) => `${line}\n`).join("");
}

function keyLine({ name, change }: DiffNode, depth: number, called: string | undefined): string {
  const mark = change === "added" ? "+" : change === "removed" ? "-" : " ";
  const title = called === undefined ? "" : `  (${called})`;
  return oneLine(`${mark} ${"  ".repeat(depth)}${name}\\${title}`);
}

function valueLine({ name, before, after }: ValueChange, depth: number): string {
  const shown = name === "" ? "(Default)" : name;
  const at = "  ".repeat(depth);
  if (before === undefined) return oneLine(`+ ${at}${shown} = ${dataText(after)}`);
  if (after === undefined) return oneLine(`- ${at}${shown} = ${dataText(before)}`);
  return oneLine(`~ ${at}${shown} = ${dataText(before)} → ${dataText(after)}${sameButLong(before, after)}`);
}

function dataText(value: Value | undefined): string {
  if (value === undefined) return "";
  // Of very long data only the beginning is made a text of.
  const begins = value.data.length > 8192 ? { ...value, data: value.data.subarray(0, 8192) } : value;
  const [type, data] = valueText(valueView(begins));
  const text = textOf(begins) === undefined ? data : `"${data}"`;
  const short =
    text.length > longestData ? `${text.slice(0, longestData)}… (${counted(value.data.length, "byte")})` : text;
  return type === "REG_SZ" ? short : `${type} ${short}`;
}

/** Where long data begins to differ, when the shown beginning doesn't show it. */
function sameButLong(before: Value, after: Value): string {
  if (dataText(before) !== dataText(after)) return "";
  const at = before.data.findIndex((byte, index) => byte !== after.data[index]);
  return `  (from byte ${at === -1 ? before.data.length : at} on)`;
}

/** `2 keys added, 1 value changed`. */
export function countsText(counts: DiffCounts): string {
  const parts: readonly (readonly [number, string, string])[] = [
    [counts.keysAdded, "key", "added"],
    [counts.keysRemoved, "key", "removed"],
    [counts.keysChanged, "attribute", "changed"],
    [counts.valuesAdded, "value", "added"],
    [counts.valuesRemoved, "value", "removed"],
    [counts.valuesChanged, "value", "changed"],
  ];
  return parts
    .filter(([number]) => number > 0)
    .map(([number, noun, how]) => `${counted(number, noun)} ${how}`)
    .join(", ");
}
