/**
 * The cluster in numbers: how many groups are as they should be, who owns how many, what there is of checkpoints. What is added up stays
 * known as long as the part of the state that it was made of, so that the numbers of a large cluster cost what changed since they were
 * asked for last.
 */
import type { Chunk, Ordered } from "../tree/ordered.ts";
import { type Meant, summed } from "../tree/summed.ts";
import { type Named, sortedOf } from "./named-map.ts";
import { groupState } from "./schema.ts";
import type { ClusterState, GroupState, ResourceState } from "./state.ts";

/** Why a group needs a look: it is to be online and has failed or nobody knows; it is not wholly online; a restore left it offline. */
export type Attention = "broken" | "busy" | "held";

/** undefined: it is as it should be. */
export function attentionOf({ wanted, state, failed, held, resources }: GroupState): Attention | undefined {
  if (held !== undefined) return "held";
  if (!wanted) return undefined;
  if (failed !== undefined || state === groupState.failed || state === groupState.unknown) return "broken";
  return resources.length > 0 && state !== groupState.online ? "busy" : undefined;
}

/** Of some groups. */
export interface GroupSums extends Readonly<Record<Attention, number>> {
  /** How many a node owns, by its id. */
  readonly owned: ReadonlyMap<string, number>;
}

/** Of some resources. */
export interface ResourceSums {
  readonly withCheckpoints: number;
  readonly checkpoints: number;
  /** Wall time in milliseconds of the newest version; 0 when there is none. */
  readonly newest: number;
  /** Resources with lost checkpoints, and with edits while they were offline. */
  readonly withLost: number;
  readonly withEdits: number;
}

/** Objects in the order of their names. */
export type Groups = Ordered<Named<GroupState>>;
/** Objects in the order of their names. */
export type Resources = Ordered<Named<ResourceState>>;

/** The groups of a state. */
export function groupsOf(state: ClusterState): Groups {
  return sortedOf(state.groups);
}

/** The resources of a state. */
export function resourcesOf(state: ClusterState): Resources {
  return sortedOf(state.resources);
}

/** Of groups. */
export const groupSums: (groups: Groups) => GroupSums = summed<Named<GroupState>, GroupSums>({
  ofItems: (items) => {
    const sums = { broken: 0, busy: 0, held: 0 };
    const owned = new Map<string, number>();
    for (const { object } of items) {
      const attention = attentionOf(object);
      if (attention !== undefined) sums[attention] += 1;
      if (object.owner !== undefined) owned.set(object.owner, (owned.get(object.owner) ?? 0) + 1);
    }
    return { ...sums, owned };
  },
  join: (parts) => {
    const sums = { broken: 0, busy: 0, held: 0 };
    const owned = new Map<string, number>();
    for (const part of parts) {
      sums.broken += part.broken;
      sums.busy += part.busy;
      sums.held += part.held;
      for (const [node, count] of part.owned) owned.set(node, (owned.get(node) ?? 0) + count);
    }
    return { ...sums, owned };
  },
});

const noResources: ResourceSums = {
  withCheckpoints: 0,
  checkpoints: 0,
  newest: 0,
  withLost: 0,
  withEdits: 0,
};

/** Of resources. */
export const resourceSums: (resources: Resources) => ResourceSums = summed<Named<ResourceState>, ResourceSums>({
  ofItems: (items) => items.map(({ object }) => sumsOfResource(object)).reduce(joined, noResources),
  join: (parts) => parts.reduce(joined, noResources),
});

function sumsOfResource(resource: ResourceState): ResourceSums {
  const { hasCheckpoints, currentCount: checkpoints, newestVersion: newest } = resource;
  const [lost, edits] = [resource.lostCheckpoints.length, resource.offlineEdits.length];
  if (!hasCheckpoints && lost === 0 && edits === 0) return noResources;
  const one = (is: boolean): number => (is ? 1 : 0);
  return {
    withCheckpoints: one(hasCheckpoints),
    checkpoints,
    newest,
    withLost: one(lost > 0),
    withEdits: one(edits > 0),
  };
}

function joined(a: ResourceSums, b: ResourceSums): ResourceSums {
  if (b === noResources) return a;
  if (a === noResources) return b;
  return {
    withCheckpoints: a.withCheckpoints + b.withCheckpoints,
    checkpoints: a.checkpoints + b.checkpoints,
    newest: Math.max(a.newest, b.newest),
    withLost: a.withLost + b.withLost,
    withEdits: a.withEdits + b.withEdits,
  };
}

/** Groups that need a look, each of these kinds. */
export function needing(...kinds: readonly Attention[]): Meant<Named<GroupState>> {
  return {
    isMeant: ({ object }) => {
      const attention = attentionOf(object);
      return attention !== undefined && kinds.includes(attention);
    },
    countIn: (chunk) => kinds.reduce((sum, kind) => sum + groupSums(chunk)[kind], 0),
  };
}

/** Groups that are as they should be. */
export const calm: Meant<Named<GroupState>> = {
  isMeant: ({ object }) => attentionOf(object) === undefined,
  countIn: (chunk) => {
    const { broken, busy, held } = groupSums(chunk);
    return chunk.size - broken - busy - held;
  },
};

/** Groups that a node owns. */
export function ownedBy(node: string): Meant<Named<GroupState>> {
  return {
    isMeant: ({ object }) => object.owner === node,
    countIn: (chunk) => groupSums(chunk).owned.get(node) ?? 0,
  };
}

/** Resources by a number of their sums that counts resources. */
export function resourcesWith(what: "withCheckpoints" | "withLost" | "withEdits"): Meant<Named<ResourceState>> {
  return {
    isMeant: ({ object }) => sumsOfResource(object)[what] > 0,
    countIn: (chunk: Chunk<Named<ResourceState>>) => resourceSums(chunk)[what],
  };
}
