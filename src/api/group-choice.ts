/** Which groups a question is about. In a large cluster those that need a look come first, and nobody else is looked at. */
import { attentionOf, calm, type Groups, groupsOf, groupSums, needing, resourcesOf } from "../database/cluster-sums.ts";
import type { Named } from "../database/named-map.ts";
import type { ClusterState, GroupState, ResourceState } from "../database/state.ts";
import { type Chunk, itemsOf, type Ordered } from "../tree/ordered.ts";
import { foldName } from "../tree/path.ts";
import { meantItems } from "../tree/summed.ts";
import { firstOf } from "./some.ts";

/** What is asked for. */
export interface GroupQuestion {
  /** At most so many. */
  readonly limit: number;
  /** So many are passed over. */
  readonly from?: number;
  /** Only groups with this in their name or in that of one of their resources, whatever its case. */
  readonly search?: string;
  /** Only groups that need a look. */
  readonly attention?: boolean;
}

/** Those that are told, and how many were meant. */
export interface GroupChoice {
  readonly matching: number;
  readonly groups: readonly GroupState[];
}

const needsLook = needing("broken", "busy", "held");

/** All of them in the order of names when that is not more than is asked for; otherwise those that need a look come first. */
export async function chooseGroups(state: ClusterState, question: GroupQuestion, pause: Pause): Promise<GroupChoice> {
  const { limit, from = 0, attention = false } = question;
  const groups = groupsOf(state);
  const search = foldName(question.search ?? "");
  if (search !== "") return searched(state, groups, { search, limit, from, attention }, pause);
  const { broken, busy, held } = groupSums(groups);
  const needy = broken + busy + held;
  const count = groups?.size ?? 0;
  if (!attention && count <= limit && from === 0) return { matching: count, groups: objectsOf(itemsOf(groups), limit) };
  const first = objectsOf(meantItems(groups, needsLook, from), limit);
  if (attention) return { matching: needy, groups: first };
  const rest = objectsOf(meantItems(groups, calm, Math.max(0, from - needy)), limit - first.length);
  return { matching: count, groups: [...first, ...rest] };
}

async function searched(
  state: ClusterState,
  groups: Groups,
  { search, limit, from, attention }: Required<GroupQuestion>,
  pause: Pause,
): Promise<GroupChoice> {
  const withResource = new Set<string>();
  await looked(resourcesOf(state), pause, ({ name, object }) => {
    if (object.group !== undefined && name.includes(search)) withResource.add(object.group);
  });
  const found: GroupState[] = [];
  await looked(groups, pause, ({ name, object }) => {
    if (attention && attentionOf(object) === undefined) return;
    if (name.includes(search) || withResource.has(object.id)) found.push(object);
  });
  const matching = found.length;
  if (matching > limit || from > 0) found.sort((a, b) => rank(a) - rank(b));
  return { matching, groups: found.slice(from, from + limit) };
}

/** Lets everything else go on between the slices of long work. */
export type Pause = () => Promise<void>;

/** Items that are looked at without a pause: a few milliseconds. */
const slice = 4096;

async function looked<T>(items: Ordered<T>, pause: Pause, look: (item: T) => void): Promise<void> {
  const waiting: Chunk<T>[] = items === undefined ? [] : [items];
  let seen = 0;
  for (let chunk = waiting.pop(); chunk !== undefined; chunk = waiting.pop()) {
    for (let at = chunk.chunks.length - 1; at >= 0; at--) waiting.push(chunk.chunks[at] as Chunk<T>);
    for (const item of chunk.items) look(item);
    seen += chunk.items.length;
    if (seen < slice) continue;
    seen = 0;
    await pause();
  }
}

/** Stable sorting leaves the order of names within each rank. */
function rank(group: GroupState): number {
  return attentionOf(group) === undefined ? 1 : 0;
}

/** Which resources are meant. */
export interface ResourceQuestion {
  /** Folded id of their group. */
  readonly group?: string;
  /** Of this type, whatever its case. */
  readonly type?: string;
  /** With this in their name. The one that is called so comes first. */
  readonly search?: string;
  readonly limit: number;
}

/** In the order of names. */
export async function chooseResources(
  state: ClusterState,
  question: ResourceQuestion,
  pause: Pause,
): Promise<readonly ResourceState[]> {
  const { group, limit } = question;
  const type = question.type?.toLowerCase();
  const search = foldName(question.search ?? "");
  const found: ResourceState[] = [];
  const look = ({ name, object }: Pick<Named<ResourceState>, "name" | "object">): void => {
    if ((type !== undefined && object.type.toLowerCase() !== type) || !name.includes(search)) return;
    if (name === search) found.unshift(object);
    else if (found.length <= limit) found.push(object);
  };
  if (group === undefined) await looked(resourcesOf(state), pause, look);
  else for (const one of ofGroup(state, group)) look(one);
  return found.slice(0, limit);
}

function ofGroup(state: ClusterState, group: string): readonly Pick<Named<ResourceState>, "name" | "object">[] {
  const found = (state.groups.get(group)?.resources ?? []).flatMap((id) => state.resources.get(id) ?? []);
  const named = found.map((object) => ({ name: foldName(object.name), sort: object.name.toLowerCase(), object }));
  return named.sort((a, b) => (a.sort < b.sort ? -1 : a.sort > b.sort ? 1 : a.object.id < b.object.id ? -1 : 1));
}

function objectsOf(items: Iterable<Named<GroupState>>, limit: number): GroupState[] {
  return firstOf(items, limit).map(({ object }) => object);
}
