import type { VNode } from "preact";
import type { GroupView, ResourceView } from "../../../src/api/views.ts";
import { type Look, lookOf, StateMark } from "../state-mark.tsx";
import { counted } from "../words.ts";
import { dependencyOrder } from "./dependency-order.ts";
import { ResourceRow } from "./resource-row.tsx";

/** Groups with their resources; empty ones come last. */
export function GroupList({
  groups,
  resources,
}: {
  groups: readonly GroupView[];
  resources: readonly ResourceView[];
}): VNode {
  const byGroup = Map.groupBy(resources, ({ group }) => group);
  const isEmpty = (group: GroupView): number => (group.resources.length === 0 ? 1 : 0);
  return (
    <div class="groups">
      {[...groups]
        .sort((a, b) => isEmpty(a) - isEmpty(b))
        .map((group) => (
          <Group key={group.id} group={group} resources={byGroup.get(group.name) ?? []} />
        ))}
    </div>
  );
}

function Group({ group, resources }: { group: GroupView; resources: readonly ResourceView[] }): VNode {
  const notes = notesOf(group);
  return (
    <section class="group" aria-label={`Group ${group.name}`}>
      <div class="group-head">
        <h3>{group.name}</h3>
        <StateMark state={group.state} look={lookOfGroup(group)} />
        <span class="owner">
          <span class="label">on </span>
          {group.owner ?? "no node"}
        </span>
        <span class="soft count">{counted(group.resources.length, "resource")}</span>
      </div>
      {notes.length > 0 && <p class="why">{notes.join(" ")}</p>}
      {resources.length > 0 && (
        <ul class="rows resources">
          {dependencyOrder(resources).map(({ resource, depth }) => (
            <ResourceRow key={resource.id} resource={resource} depth={depth} all={resources} />
          ))}
        </ul>
      )}
      {resources.length < group.resources.length && (
        <p class="why soft">
          {counted(group.resources.length - resources.length, "resource")} more are not shown here.
        </p>
      )}
    </section>
  );
}

function lookOfGroup(group: GroupView): Look {
  return group.failed === null ? lookOf(group.state) : "bad";
}

function notesOf(group: GroupView): readonly string[] {
  const { movingTo, preferredOwners } = group;
  return [
    movingTo === null ? "" : `Moves to ${movingTo === "*" ? "another node" : movingTo}.`,
    group.wanted || group.state !== "online" ? "" : "Is to be offline.",
    group.held === null ? "" : `Held offline: ${group.held}`,
    group.failed ?? "",
    preferredOwners.length === 0 ? "" : `Prefers ${preferredOwners.join(", then ")}.`,
  ].filter((note) => note !== "");
}
