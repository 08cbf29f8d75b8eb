import type { VNode } from "preact";
import type { KeyView, TreeView } from "../../../src/api/content-view.ts";
import { valueName } from "../value-text.ts";
import { counted } from "../words.ts";

/** A registry key with all that is below it; keys fold. */
export function KeyTree({ tree }: { tree: TreeView }): VNode {
  return (
    <div class="key-tree">
      <KeyFold node={tree.root} depth={0} />
      {tree.more > 0 && <p class="soft">… and {counted(tree.more, "more key or value")} that are not shown.</p>}
    </div>
  );
}

/** Deep trees begin folded below the second level. */
function KeyFold({ node, depth }: { node: KeyView; depth: number }): VNode {
  return (
    <details open={depth < 2}>
      <summary>
        <span class="key">{node.name}</span> <span class="soft">{counted(node.values.length, "value")}</span>
      </summary>
      {node.values.length > 0 && (
        <table class="values">
          <thead class="unseen">
            <tr>
              <th>Name</th>
              <th>Type</th>
              <th>Data</th>
            </tr>
          </thead>
          <tbody>
            {node.values.map(({ name, type, text }) => (
              <tr key={name}>
                <td>{valueName(name)}</td>
                <td class="soft">{type}</td>
                <td class="data">{text}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {node.keys.map((key) => (
        <KeyFold key={key.name} node={key} depth={depth + 1} />
      ))}
    </details>
  );
}
