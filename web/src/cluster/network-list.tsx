import type { VNode } from "preact";
import type { NetworkView } from "../../../src/api/network-view.ts";
import { StateMark } from "../state-mark.tsx";
import { prefixText } from "../words.ts";

/** The networks, one a line; of the nodes' interfaces those that are not up say how they are. */
export function NetworkList({ networks }: { networks: readonly NetworkView[] }): VNode {
  return (
    <ul class="rows nodes">
      {networks.map(({ id, name, state, address, mask, interfaces }) => (
        <li class="row" key={id}>
          <span class="name">{name}</span>
          <StateMark state={state} />
          <span class="soft">
            {address}/{prefixText(mask)}
          </span>
          <span class="wide">
            <span class="label">Nodes </span>
            {interfaces.map((one) => (one.state === "up" ? one.node : `${one.node} (${one.state})`)).join(", ")}
          </span>
        </li>
      ))}
    </ul>
  );
}
