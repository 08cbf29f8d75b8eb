import type { ResourceView } from "../../../src/api/views.ts";

/** A resource and how many others lie below it in the longest way down. */
export interface Placed {
  readonly resource: ResourceView;
  readonly depth: number;
}

/** What is needed comes before what needs it; otherwise the order stays. A circle, which the cluster refuses, counts as flat. */
export function dependencyOrder(resources: readonly ResourceView[]): readonly Placed[] {
  const byName = new Map(resources.map((resource) => [resource.name, resource]));
  const depths = new Map<string, number>();
  const depthOf = (name: string, above: readonly string[]): number => {
    const known = depths.get(name);
    if (known !== undefined) return known;
    const needs = (byName.get(name)?.dependsOn ?? []).filter((each) => byName.has(each) && !above.includes(each));
    const depth = Math.max(-1, ...needs.map((each) => depthOf(each, [...above, name]))) + 1;
    depths.set(name, depth);
    return depth;
  };
  return resources
    .map((resource) => ({ resource, depth: depthOf(resource.name, []) }))
    .sort((a, b) => a.depth - b.depth);
}
