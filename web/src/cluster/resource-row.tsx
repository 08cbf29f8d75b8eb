import type { VNode } from "preact";
import type { ResourceView } from "../../../src/api/views.ts";
import { href } from "../route.ts";
import { StateMark } from "../state-mark.tsx";

/** One resource: what it is, how it is, and why; the rest unfolds. */
export function ResourceRow({
  resource,
  depth,
  all,
}: {
  resource: ResourceView;
  depth: number;
  all: readonly ResourceView[];
}): VNode {
  const neededBy = all.filter((one) => one.dependsOn.includes(resource.name)).map((one) => one.name);
  return (
    <li>
      <details class="resource">
        <summary class="row">
          <span class={`name depth-${Math.min(depth, 4)}`}>
            {depth > 0 && (
              <span class="soft" aria-hidden="true">
                {"↳ "}
              </span>
            )}
            {resource.name}
          </span>
          <StateMark state={resource.state} />
          <span class="soft">{resource.type}</span>
          <span class="reason">{resource.reason}</span>
        </summary>
        <dl class="facts inner">
          <Line name="Runs on" value={resource.node ?? "no node"} />
          <Line name="Needs" value={resource.dependsOn.join(", ") || "nothing"} />
          <Line name="Needed by" value={neededBy.join(", ") || "nothing"} />
          <Line name="May run on" value={resource.possibleOwners?.join(", ") ?? "every node"} />
          <Line name="Started again" value={resource.restarts === 0 ? "not lately" : `${resource.restarts} times`} />
          {resource.description !== "" && <Line name="Description" value={resource.description} />}
          {resource.hasCheckpoints && (
            <div>
              <dt>Checkpoints</dt>
              <dd>
                <a href={href("checkpoints")}>Look at them</a>
              </dd>
            </div>
          )}
        </dl>
      </details>
    </li>
  );
}

function Line({ name, value }: { name: string; value: string }): VNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
