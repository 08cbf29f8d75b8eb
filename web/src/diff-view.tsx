import type { VNode } from "preact";
import type { DiffNodeView, DiffTreeView } from "../../src/api/diff-tree-view.ts";
import type { ValueView } from "../../src/api/value-view.ts";
import { fileValueText, valueName, valueText } from "./value-text.ts";
import { counted } from "./words.ts";

/** What the second side has otherwise, as a tree; each line begins with the word for what happens to it. */
export function DiffView({ diff, kind }: { diff: DiffTreeView; kind: string }): VNode {
  if (diff.root === null) return <p class="soft">Nothing differs.</p>;
  return (
    <div class="diff">
      <p class="soft">{countsText(diff)}</p>
      <ul class="tree">
        <DiffKey node={diff.root} shown={kind === "directory" ? shownOfFile : shown} />
      </ul>
      {diff.more > 0 && <p class="soft">… and {counted(diff.more, "more difference")}.</p>}
    </div>
  );
}

type Shown = (name: string, value: ValueView) => string;

function DiffKey({ node, shown: text }: { node: DiffNodeView; shown: Shown }): VNode {
  return (
    <li class={node.change}>
      <Sign change={node.change} />
      <span class="key">{node.name}</span>
      {node.what.length > 0 && <span class="soft"> ({node.what.join(", ")} changed)</span>}
      {(node.values.length > 0 || node.children.length > 0) && (
        <ul>
          {node.values.map((value) => (
            <DiffValue key={value.name} {...value} shown={text} />
          ))}
          {node.children.map((child) => (
            <DiffKey key={child.name} node={child} shown={text} />
          ))}
        </ul>
      )}
    </li>
  );
}

function DiffValue({
  name,
  before,
  after,
  shown: text,
}: {
  name: string;
  before?: ValueView;
  after?: ValueView;
  shown: Shown;
}): VNode {
  const change = before === undefined ? "added" : after === undefined ? "removed" : "changed";
  return (
    <li class={change}>
      <Sign change={change} />
      <span class="value-name">{valueName(name)}</span>
      {before !== undefined && <del>{text(name, before)}</del>}
      {after !== undefined && <ins>{text(name, after)}</ins>}
    </li>
  );
}

const signs: Readonly<Record<string, readonly [string, string]>> = {
  added: ["+", "added"],
  removed: ["−", "removed"],
  changed: ["~", "changed"],
};

function Sign({ change }: { change: string }): VNode | null {
  const sign = signs[change];
  if (sign === undefined) return null;
  return (
    <>
      <span class="sign" aria-hidden="true">
        {sign[0]}
      </span>
      <span class="unseen">{sign[1]} </span>
    </>
  );
}

const shownOfFile: Shown = (name, value) => fileValueText(name, value);

function shown(_name: string, value: ValueView): string {
  const text = valueText(value);
  return value.type === "REG_SZ" ? text : `${value.type} ${text}`;
}

function countsText({ counts }: DiffTreeView): string {
  const parts = [
    [counts.valuesChanged, "value", "changed"],
    [counts.valuesAdded, "value", "added"],
    [counts.valuesRemoved, "value", "removed"],
    [counts.keysAdded, "key", "added"],
    [counts.keysRemoved, "key", "removed"],
    [counts.keysChanged, "key attribute", "changed"],
  ] as const;
  const told = parts.filter(([count]) => count > 0).map(([count, noun, verb]) => `${counted(count, noun)} ${verb}`);
  return `${told.join(", ")}.`;
}
