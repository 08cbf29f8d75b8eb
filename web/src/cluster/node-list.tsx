import type { VNode } from "preact";
import type { StatusView } from "../../../src/api/status-view.ts";
import type { NodeView } from "../../../src/api/views.ts";
import { StateMark } from "../state-mark.tsx";
import { counted } from "../words.ts";

const downBecause: Readonly<Record<string, string>> = {
  proof: "its host proved that everything stopped",
  waited: "its permit is over",
  gone: "its host is gone",
  confirmed: "a person confirmed it",
  left: "it left in order",
};

/** The nodes, one a line. */
export function NodeList({ status }: { status: StatusView }): VNode {
  return (
    <ul class="rows nodes">
      {status.nodes.map((node) => (
        <NodeRow key={node.id} node={node} status={status} />
      ))}
    </ul>
  );
}

function NodeRow({ node, status }: { node: NodeView; status: StatusView }): VNode {
  const isSelf = node.id === status.self.id;
  const roles = [
    status.leader?.node === node.name ? "leader" : "",
    isSelf ? "serves this page" : "",
    isSelf && status.self.permitMs === 0 ? "has no permit to run applications" : "",
    node.drain === "inProgress" ? "is being drained" : "",
    node.downBecause === null || node.state === "up" ? "" : (downBecause[node.downBecause] ?? node.downBecause),
  ].filter((role) => role !== "");
  return (
    <li class="row">
      <span class="name">{node.name}</span>
      <StateMark state={node.state} />
      <span class="soft">{roles.join(", ")}</span>
      <span class="wide">
        <span class="label">Owns </span>
        {ownedText(node) || <span class="soft">no group</span>}
      </span>
    </li>
  );
}

/** Names say something as long as they are few. */
const shownNames = 12;

function ownedText({ groups, groupCount }: NodeView): string {
  return groupCount > shownNames ? counted(groupCount, "group") : groups.join(", ");
}
