/** A cluster before its first start: programs, the quorum, and what each node has on its disk. */
import type { Outside } from "../../base/outside.ts";
import { writeNodeRecord } from "../../clusapi/node-record.ts";
import type { Change } from "../../database/change.ts";
import { addDependency } from "../../database/commands/dependency.ts";
import { setFence } from "../../database/commands/fencing.ts";
import { createGroup, onlineGroup } from "../../database/commands/group.ts";
import { addNode } from "../../database/commands/node.ts";
import { createResource } from "../../database/commands/resource.ts";
import { initialDatabase } from "../../database/initial-database.ts";
import { agentFolder } from "../../fencing/fencing.ts";
import { imageOf } from "../../membership/copy-image.ts";
import { firstTag } from "../../quorum/tag.ts";
import { openRegistry } from "../../registry/registry.ts";
import { applyEdits } from "../../tree/edit.ts";
import { fileTime, type Key } from "../../tree/key.ts";
import { sz } from "../../tree/value.ts";
import type { DiskPair, SimCluster } from "./cluster.ts";
import { fenceAgent } from "./fencing-ground.ts";
import { installedPrograms, programName } from "./host-programs.ts";
import { dataOf, diskName, machine, quorumPlace, settingName } from "./place.ts";

/** Everything is durable when it resolves. */
export async function install(cluster: SimCluster): Promise<void> {
  const { world, nodes, identity } = cluster;
  const person = world.outside(machine, "installer");
  const at = (node: string): Outside => world.outside(cluster.machineOf(node), "installer");
  await person.files.makeFolder("/backups");
  if (cluster.ground === undefined) await installPrograms(person, installedPrograms);
  for (const [node, { isLoose }] of cluster.ground ?? []) {
    // Without setpriv nothing is tied to its host.
    const programs = installedPrograms.filter((path) => !isLoose || !path.endsWith("/setpriv"));
    await installPrograms(at(node), [...programs, `${agentFolder}/${fenceAgent}`]);
  }
  const quorum = await cluster.inspect(person);
  const wall = person.clock.wall();
  await quorum.create(identity, imageOf(databaseOf(cluster, wall), firstTag, person.clock.wall()));
  for (const node of nodes) {
    const config = { version: 1, node, name: `n${node}`, cluster: "sim", instance: identity.instance } as const;
    const record = { ...config, quorum: quorumPlace, insist: false, timingFactor: 1 };
    await writeNodeRecord(at(node).files, dataOf(node), record);
  }
  for (const node of nodes) await installSettings(cluster, at(node), node);
  for (const disk of world.disks.values()) disk.syncAll();
  for (const installer of world.find("installer")) world.kill(installer);
}

async function installPrograms({ files }: Outside, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await files.makeFolder(path.slice(0, path.lastIndexOf("/")));
    await (await files.open(path, "create", 0o755)).close();
  }
}

/** Every node has the applications' keys, as an installation of them leaves it. */
async function installSettings({ groups }: SimCluster, outside: Outside, node: string): Promise<void> {
  const registry = await openRegistry(outside, `${dataOf(node)}/registry`);
  const value = sz(settingName, "0");
  await registry.transact(groups.map(({ key }) => ({ kind: "set-value", path: key, value })));
  await registry.close();
}

function databaseOf(cluster: SimCluster, wall: number): Key {
  const { nodes, groups, identity, ground, diskPair } = cluster;
  const time = fileTime(wall);
  let tree = initialDatabase({
    clusterName: "sim",
    instance: identity.instance,
    nodeId: "1",
    nodeName: "n1",
    time,
    newGuid: () => cluster.guid(),
  });
  const apply = (change: Change): void => {
    tree = applyEdits(tree, change.edits, time);
  };
  for (const node of nodes.slice(1)) apply(addNode(tree, { name: `n${node}` }));
  for (const [node, { devices }] of ground ?? []) for (const config of devices) apply(setFence(tree, { node, config }));
  for (const { name, group, resource, key } of groups) {
    const parameters = { CommandLine: `${programName.application} ${name}`, EnvironmentKey: key };
    apply(createGroup(tree, { id: group, name: `group of ${name}` }));
    apply(createResource(tree, { id: resource, name, group, type: "Generic Application", parameters }));
    if (diskPair?.of.group === group) addDisks(() => tree, apply, diskPair);
    apply(onlineGroup(tree, { group }));
  }
  return tree;
}

function addDisks(tree: () => Key, apply: (change: Change) => void, { of, old, fresh }: DiskPair): void {
  for (const [id, name, DiskSignature] of [
    [old, diskName.old, 1],
    [fresh, diskName.fresh, 2],
  ] as const) {
    const parameters = { DiskSignature, MountPoint: `/srv/${name}` };
    apply(createResource(tree(), { id, name, group: of.group, type: "Physical Disk", parameters }));
  }
  apply(addDependency(tree(), { resource: of.resource, dependsOn: old }));
}
