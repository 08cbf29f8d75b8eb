import type { VNode } from "preact";
import type { StatusView } from "../../../src/api/status-view.ts";
import { Buttons, kept } from "./buttons.tsx";

/** The first screen: the one cluster that this service belongs to. */
export function ClusterStep({
  status,
  onNext,
  onLast,
}: {
  status: StatusView;
  onNext: () => void;
  /** Shows the newest result of this node's service; undefined without one. */
  onLast: (() => void) | undefined;
}): VNode {
  const { cluster, self, leader } = status;
  return (
    <form onSubmit={kept(onNext)}>
      <fieldset>
        <legend class="unseen">Cluster</legend>
        <label class="choice">
          <input type="radio" name="cluster" checked />
          <span>
            <strong>{cluster.name}</strong>
            <span class="soft">
              Asked through node {self.name}; leader {leader?.node ?? "not known"}; quorum {cluster.quorum}.
            </span>
          </span>
        </label>
      </fieldset>
      <p class="soft">Another cluster is recovered on the page of one of its own nodes.</p>
      {onLast !== undefined && (
        <p>
          <button type="button" onClick={onLast}>
            Show the last result
          </button>
        </p>
      )}
      <Buttons next="Next" />
    </form>
  );
}
