/** The order of resources in a group: providers before dependents. Pure. */

/** A resource and what it depends on, by id. */
export interface Dependent {
  readonly id: string;
  readonly dependsOn: readonly string[];
}

/** Providers before dependents, otherwise as given. Dependencies on others are ignored; members of a circle come last, as given. */
export function onlineOrder<T extends Dependent>(resources: readonly T[]): T[] {
  const inside = new Set(resources.map((resource) => resource.id));
  const placed = new Set<string>();
  const order: T[] = [];
  let left = [...resources];
  while (left.length > 0) {
    const ready = left.filter((resource) => resource.dependsOn.every((id) => placed.has(id) || !inside.has(id)));
    if (ready.length === 0) return [...order, ...left];
    for (const resource of ready) placed.add(resource.id);
    order.push(...ready);
    left = left.filter((resource) => !placed.has(resource.id));
  }
  return order;
}

/** The ids on circles or behind them: what can never come online. Empty when all is well. */
export function inCircles(resources: readonly Dependent[]): string[] {
  const inside = new Map(resources.map((resource) => [resource.id, resource]));
  const left = new Set(inside.keys());
  for (let changed = true; changed; ) {
    changed = false;
    for (const id of left) {
      const blocked = inside.get(id)?.dependsOn.some((provider) => left.has(provider)) ?? false;
      if (!blocked) changed = left.delete(id) || changed;
    }
  }
  return [...left];
}
