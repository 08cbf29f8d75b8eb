/**
 * From one version of the database's tree to the next: only what differs is read again. What comes out is the same as reading the whole
 * tree, objects that did not change included.
 */
import { pairsThatDiffer } from "../tree/compare-ordered.ts";
import { childOf, childOrder, findKey, type Key, valueOf } from "../tree/key.ts";
import { foldName } from "../tree/path.ts";
import { textOf } from "../tree/value.ts";
import { type Named, NamedMap, PatchedMap } from "./named-map.ts";
import { children, reader } from "./read-values.ts";
import { foldId, rootKey, rootValue } from "./schema.ts";
import type { ClusterState, GroupState, NodeState, ResourceState, ResourceTypeState } from "./state.ts";

/** A state, and what the next one is made of. */
interface Known {
  readonly state: ClusterState;
  readonly groups: NamedMap<GroupState>;
  readonly resources: NamedMap<ResourceState>;
  /** By folded id of a resource that a group lists, the group's; undefined for what is always read whole: odd ids, one in two groups. */
  readonly groupOf: PatchedMap<string> | undefined;
}

const manyChanges = 1000;

/** How the objects of a state are made of their keys, each once. */
export interface StateMakers {
  readonly readNode: (tree: Key, key: Key) => NodeState;
  /** `resources` holds at least those that it contains. */
  readonly readGroup: (tree: Key, key: Key, resources: Pick<ReadonlyMap<string, ResourceState>, "get">) => GroupState;
  /** `groupOf`: folded id of the group that contains it. */
  readonly readResource: (
    tree: Key,
    key: Key,
    groupOf: Pick<ReadonlyMap<string, string>, "get">,
    types: ReadonlyMap<string, ResourceTypeState>,
  ) => ResourceState;
  readonly resourceTypeOf: (key: Key) => ResourceTypeState;
  /** Folded ids that a group's key lists. */
  readonly contentsOf: (group: Key) => readonly string[];
  readonly sortNameOf: (key: Key) => string;
}

const latelyMax = 4;

/** Reads states, and remembers the last few: several histories may be read in turns. */
export class StateReader {
  readonly #make: StateMakers;
  /** The newest first. */
  #lately: readonly Known[] = [];

  constructor(make: StateMakers) {
    this.#make = make;
  }

  /** The state of a tree. */
  read(tree: Key): ClusterState {
    const before = this.#closest(tree);
    const known = (before === undefined ? undefined : this.#after(before, tree)) ?? this.#afresh(tree);
    this.#lately = [known, ...this.#lately.filter((one) => one !== before)].slice(0, latelyMax);
    return known.state;
  }

  /** Which of the known ones shares most with the tree, as far as a look tells. */
  #closest(tree: Key): Known | undefined {
    const shares = (known: Known, ...names: readonly string[]): boolean =>
      names.some(
        (name) => childOf(tree, name) !== undefined && childOf(tree, name) === childOf(known.state.tree, name),
      );
    return (
      this.#lately.find((known) => shares(known, rootKey.resources, rootKey.groups)) ??
      this.#lately.find((known) => shares(known, rootKey.resourceTypes, rootKey.runtime))
    );
  }

  /** The whole tree. */
  #afresh(tree: Key): Known {
    const resourceTypes = this.#typesOf(tree);
    const listed = new Map<string, string>();
    let isOdd = [...children(tree, rootKey.resources)].some(({ name }) => !isPlain(name));
    for (const key of children(tree, rootKey.groups)) {
      isOdd ||= !isPlain(key.name);
      for (const id of this.#make.contentsOf(key)) {
        const group = foldId(key.name);
        const before = listed.get(id);
        if (before === undefined) listed.set(id, group);
        else isOdd ||= before !== group;
      }
    }
    const groupOf = new PatchedMap(listed);
    const resources = NamedMap.of(
      [...children(tree, rootKey.resources)].map((key) =>
        this.#namedOf(key, this.#make.readResource(tree, key, groupOf, resourceTypes)),
      ),
    );
    const groups = NamedMap.of(
      [...children(tree, rootKey.groups)].map((key) => this.#namedOf(key, this.#make.readGroup(tree, key, resources))),
    );
    return this.#knownOf(tree, { groups, resources, groupOf: isOdd ? undefined : groupOf }, resourceTypes);
  }

  #knownOf(tree: Key, parts: Omit<Known, "state">, resourceTypes: ReadonlyMap<string, ResourceTypeState>): Known {
    const cluster = reader(tree, "cluster");
    const nodes = [...children(tree, rootKey.nodes)].map((key) => this.#make.readNode(tree, key));
    nodes.sort((a, b) => Number(a.id) - Number(b.id) || (a.id < b.id ? -1 : 1));
    const state: ClusterState = {
      tree,
      cluster: {
        name: textOf(valueOf(tree, rootValue.clusterName)) ?? "",
        instance: textOf(valueOf(tree, rootValue.clusterInstanceId)) ?? "",
        enforcedAntiAffinity: cluster.number("ClusterEnforcedAntiAffinity") === 1,
      },
      nodes: new Map(nodes.map((node) => [node.id, node])),
      groups: parts.groups,
      resources: parts.resources,
      resourceTypes,
    };
    return { ...parts, state };
  }

  #typesOf(tree: Key): ReadonlyMap<string, ResourceTypeState> {
    return new Map(
      [...children(tree, rootKey.resourceTypes)].map((key) => [key.name.toLowerCase(), this.#make.resourceTypeOf(key)]),
    );
  }

  #namedOf<T extends { readonly id: string; readonly name: string }>(key: Key, object: T): Named<T> {
    return { id: object.id, sort: this.#make.sortNameOf(key), name: foldName(object.name), object };
  }

  /** undefined when the whole tree has to be read: other resource types, odd ids, a resource in two groups, too many changes. */
  #after(known: Known, tree: Key): Known | undefined {
    const before = known.state.tree;
    if (known.groupOf === undefined) return undefined;
    if (childOf(before, rootKey.resourceTypes) !== childOf(tree, rootKey.resourceTypes)) return undefined;
    const changedGroups = changedIds(before, tree, rootKey.groups);
    const changedResources = changedIds(before, tree, rootKey.resources);
    if (changedGroups === undefined || changedResources === undefined) return undefined;
    // Of another history: reading all of it is faster.
    if (changedResources.size > manyChanges + known.resources.size / 4) return undefined;
    const listed = this.#listedAfter(known, tree, changedGroups);
    if (listed === undefined) return undefined;
    const groupOf = known.groupOf.with(listed);
    for (const id of listed.keys()) changedResources.add(id);

    const { resourceTypes } = known.state;
    const resourceKeys = childOf(tree, rootKey.resources);
    const resources = known.resources.with(
      this.#changesOf(changedResources, resourceKeys, (key) =>
        this.#make.readResource(tree, key, groupOf, resourceTypes),
      ),
    );
    for (const id of changedResources) {
      for (const group of [known.groupOf.get(id), groupOf.get(id)]) if (group !== undefined) changedGroups.add(group);
    }
    const groups = known.groups.with(
      this.#changesOf(changedGroups, childOf(tree, rootKey.groups), (key) =>
        this.#make.readGroup(tree, key, resources),
      ),
    );
    return this.#knownOf(tree, { groups, resources, groupOf }, resourceTypes);
  }

  #changesOf<T extends { readonly id: string; readonly name: string }>(
    ids: ReadonlySet<string>,
    parent: Key | undefined,
    read: (key: Key) => T,
  ): Map<string, Named<T> | undefined> {
    const changes = new Map<string, Named<T> | undefined>();
    for (const id of ids) {
      const key = parent === undefined ? undefined : childOf(parent, id);
      changes.set(id, key === undefined ? undefined : this.#namedOf(key, read(key)));
    }
    return changes;
  }

  /** What the lists of these groups change in `groupOf`; undefined when a resource would be in two groups. */
  #listedAfter(
    known: Known,
    tree: Key,
    changed: ReadonlySet<string>,
  ): ReadonlyMap<string, string | undefined> | undefined {
    const listed = new Map<string, string | undefined>();
    const [before, after] = [childOf(known.state.tree, rootKey.groups), childOf(tree, rootKey.groups)];
    const added: (readonly [resource: string, group: string])[] = [];
    for (const group of changed) {
      const old = this.#contentsBelow(before, group);
      const now = this.#contentsBelow(after, group);
      if (old.length === now.length && old.every((id, at) => id === now[at])) continue;
      const [was, is] = [new Set(old), new Set(now)];
      for (const id of was) if (!is.has(id)) listed.set(id, undefined);
      for (const id of is) if (!was.has(id)) added.push([id, group]);
    }
    for (const [id, group] of added) {
      const taken = listed.has(id) ? listed.get(id) !== undefined : known.groupOf?.get(id) !== undefined;
      if (taken) return undefined;
      listed.set(id, group);
    }
    return listed;
  }

  #contentsBelow(groups: Key | undefined, id: string): readonly string[] {
    const key = groups === undefined ? undefined : childOf(groups, id);
    return key === undefined ? [] : this.#make.contentsOf(key);
  }
}

/** Whether no other key's name can be the same id. */
function isPlain(name: string): boolean {
  return /^[\x20-\x7e]*$/.test(name) && foldId(name) === name.toLowerCase();
}

/** Folded ids whose key, or whose key below `Runtime`, is another one. undefined when one is odd. */
function changedIds(before: Key, after: Key, root: "Groups" | "Resources"): Set<string> | undefined {
  const changed = new Set<string>();
  for (const path of [root, `${rootKey.runtime}\\${root}`]) {
    const [old, now] = [findKey(before, path), findKey(after, path)];
    if (old === now) continue;
    for (const pair of pairsThatDiffer(old?.children, now?.children, childOrder)) {
      const name = (pair.after ?? pair.before)?.name ?? "";
      if (!isPlain(name)) return undefined;
      changed.add(foldId(name));
    }
  }
  return changed;
}
