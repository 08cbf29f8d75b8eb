/** A cluster of one node whose database has many groups and resources from the start, and folders for more nodes. */
import { openOutside } from "../src/base/outside-node.ts";
import { newGuid } from "../src/base/guid.ts";
import { freshGroupRuntime } from "../src/database/initial-database.ts";
import { imageOf, replay } from "../src/membership/copy-image.ts";
import { openDiskQuorum } from "../src/quorum/disk/quorum.ts";
import { buildKey, childrenOf, childOf, type Key, valuesOf, withChild } from "../src/tree/key.ts";
import { dword, multiSz, sz } from "../src/tree/value.ts";

const outside = openOutside();
const guid = (): string => newGuid(outside.random);

/** What a database is filled with. */
export interface Filling {
  readonly groups: number;
  readonly resourcesInEach: number;
  /** Whether the groups are to be online. */
  readonly online: boolean;
}

/** Adds groups to the cluster in this quorum folder, whose nodes must not run: as if its leader had taken them in before it ended. */
export async function fillQuorum(place: string, filling: Filling): Promise<void> {
  const quorum = await openDiskQuorum(outside, place);
  const claim = await quorum.leader();
  const who = { node: "1", incarnation: guid(), endpoint: "none", hostEndpoint: "none" };
  const leadership = await quorum.claim(claim?.epoch ?? 0, who);
  if (leadership === undefined) throw new Error(`somebody leads the cluster in ${place}`);
  await leadership.takeOver((found) => {
    const { tree, tag } = replay(found);
    return imageOf(filled(tree, filling), { ...tag, epoch: leadership.epoch }, outside.clock.wall());
  });
  await leadership.resign();
}

/** The tree with the groups `Scale 0`, … and their resources `Scale 0.0`, … of the type Generic Application. */
export function filled(tree: Key, { groups, resourcesInEach, online }: Filling): Key {
  const time = tree.lastWritten;
  const [groupKeys, runtimeKeys, resourceKeys]: [Key[], Key[], Key[]] = [[], [], []];
  for (let group = 0; group < groups; group++) {
    const id = guid();
    const contains: string[] = [];
    for (let index = 0; index < resourcesInEach; index++) {
      const resource = guid();
      contains.push(resource);
      const parameters = buildKey({
        name: "Parameters",
        lastWritten: time,
        values: [multiSz("CommandLine", ["/usr/bin/sleep", "infinity"])],
      });
      const depends = index === 0 ? [] : [multiSz("DependsOn", [contains[index - 1] ?? ""])];
      const values = [sz("Name", `Scale ${group}.${index}`), sz("Type", "Generic Application"), ...depends];
      resourceKeys.push(buildKey({ name: resource, lastWritten: time, values, children: [parameters] }));
    }
    const values = [
      sz("Name", `Scale ${group}`),
      dword("PersistentState", online ? 1 : 0),
      multiSz("Contains", contains),
    ];
    groupKeys.push(buildKey({ name: id, lastWritten: time, values }));
    runtimeKeys.push(buildKey({ name: id, lastWritten: time, values: freshGroupRuntime() }));
  }
  const runtime = childOf(tree, "Runtime") ?? buildKey({ name: "Runtime", lastWritten: time });
  const added = [
    withMore(tree, "Groups", groupKeys),
    withMore(tree, "Resources", resourceKeys),
    withChild(runtime, withMore(runtime, "Groups", runtimeKeys)),
  ];
  return added.reduce(withChild, tree);
}

function withMore(parent: Key, name: string, children: readonly Key[]): Key {
  const before = childOf(parent, name);
  const { lastWritten } = parent;
  const values = before === undefined ? [] : [...valuesOf(before)];
  const kept = before === undefined ? [] : [...childrenOf(before)];
  return buildKey({ name, lastWritten, values, children: [...kept, ...children] });
}
