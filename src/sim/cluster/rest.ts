/** The end of a run: a person puts in order what faults left, the cluster comes to rest, and what it rests at is reported. */
import { sha256 } from "../../base/digest.ts";
import { fileKind } from "../../checkpoint/names.ts";
import { onlineGroup } from "../../database/commands/group.ts";
import { resumeNode } from "../../database/commands/node.ts";
import { nodeState, resourceState } from "../../database/schema.ts";
import { type ClusterState, readState } from "../../database/state.ts";
import { versionFile, versionFolder } from "../../quorum/rules.ts";
import { formatTag } from "../../quorum/tag.ts";
import { type Difference, diff } from "../../tree/diff.ts";
import { findKey, valuesOf } from "../../tree/key.ts";
import { type DiskPair, digestOf, type SimCluster } from "./cluster.ts";
import type { Fencer } from "./fencer.ts";
import type { Mover } from "./mover.ts";
import type { Replacer } from "./replacer.ts";
import type { Violation } from "../checkers/events.ts";
import { type Workload, workloadPath } from "./workload.ts";
import { machine } from "./place.ts";

/** How long everything must stay as it is, and how long that may take to come, in virtual milliseconds. */
const quiet = 1500;
const limit = 120_000;

/** Waits for rest after everything was healed, then tells the checkers what is there. Undefined, or why there was no rest. */
export async function comeToRest(
  cluster: SimCluster,
  workload: Workload,
  {
    replacer,
    mover,
    fencer,
  }: {
    readonly replacer: Replacer | undefined;
    readonly mover: Mover | undefined;
    readonly fencer: Fencer | undefined;
  },
): Promise<string | undefined> {
  const { world } = cluster;
  const random = world.random.stream("end");
  const until = world.now + limit;
  let still = world.now;
  let before = "";
  let why: string | undefined = "";
  while (world.now < until) {
    await world.run({ until: world.now + 250 });
    fencer?.mend();
    why = unrest(cluster, replacer) ?? mover?.unrest();
    const now =
      why ??
      cluster
        .services()
        .map(({ service }) => formatTag(service.database.tag()))
        .join(" ");
    if (now !== before || why !== undefined) still = world.now;
    before = now;
    if (world.now - still >= quiet) break;
    if (why !== undefined && random.chance(0.2)) void tidyUp(cluster, workload, replacer);
  }
  report(cluster);
  return why;
}

/** What is not yet as it should be at rest. */
function unrest(cluster: SimCluster, replacer: Replacer | undefined): string | undefined {
  for (const node of cluster.nodes) {
    const running = cluster.serviceOf(node);
    if (running === undefined) return `node ${node} has no service`;
    if (!running.isMember()) return `node ${node} is no member`;
    const state = readState(running.service.database.tree());
    for (const other of state.nodes.values()) {
      if (other.state !== nodeState.up || other.paused)
        return `node ${node} sees ${other.name} in state ${other.state}`;
    }
    const idle = cluster.groups.find(({ group }) => !isOnline(state, group, cluster.diskPair));
    const lost = replacer?.unrest(state.tree);
    if (lost !== undefined) return `node ${node}: ${lost}`;
    if (idle !== undefined) return `node ${node} sees ${idle.name} offline`;
  }
  const missing = cluster.groups.find(({ name }) => cluster.world.applications.running(name).length !== 1);
  return missing && `${missing.name} runs ${cluster.world.applications.running(missing.name).length} times`;
}

/** A disk that was replaced stays offline in its group. */
function isOnline(state: ClusterState, id: string, disks: DiskPair | undefined): boolean {
  const group = state.groups.get(id);
  if (group?.wanted !== true || group.failed !== undefined) return false;
  const wanted = group.resources.filter((resource) => resource !== disks?.old);
  return wanted.every((resource) => state.resources.get(resource)?.state === resourceState.online);
}

/** As a person does after a bad day: paused nodes go on, groups that were given up or stopped are tried again. */
async function tidyUp(cluster: SimCluster, workload: Workload, replacer: Replacer | undefined): Promise<void> {
  const random = cluster.world.random.stream(`tidy up ${cluster.world.now}`);
  const on = workload.anyService(random);
  if (on === undefined) return;
  const state = readState(on.service.database.tree());
  for (const node of state.nodes.values()) {
    if (node.paused) await workload.change(random, (tree) => resumeNode(tree, { node: node.id }));
  }
  if (replacer !== undefined && !(await replacer.mend(random))) return;
  for (const { group } of cluster.groups) {
    if (state.groups.get(group)?.held !== undefined) await workload.release(random, group);
    const found = state.groups.get(group);
    if (found !== undefined && (!found.wanted || found.failed !== undefined || found.state === 2)) {
      await workload.change(random, (tree) => onlineGroup(tree, { group }));
    }
  }
}

function describe(difference: Difference): string {
  return `${difference.kind} ${difference.path} ${"name" in difference ? difference.name : ""}`;
}

function report(cluster: SimCluster): void {
  const { judge, world } = cluster;
  const at = world.now;
  const first = cluster.services()[0]?.service.database.tree();
  for (const { node, service } of cluster.services()) {
    const tree = service.database.tree();
    for (const difference of diff(first, tree)) world.trace.add(`node ${node} ${describe(difference)}`);
    judge.see({ kind: "replica-at-rest", at, node, tag: service.database.tag(), digest: digestOf(tree) });
  }
  for (const { name } of cluster.groups) {
    judge.see({
      kind: "resource-at-rest",
      at,
      resource: name,
      wanted: true,
      online: world.applications.running(name).length === 1,
    });
  }
  const leader = cluster.services().find(({ service }) => service.database.isLeader());
  if (leader === undefined) return;
  const kept = findKey(leader.service.database.tree(), workloadPath);
  judge.see({
    kind: "final-database",
    at,
    requestIds: kept === undefined ? [] : [...valuesOf(kept)].map((value) => value.name),
  });
}

/** Every version that the database at rest names has its file, and the file is what the database says. */
export async function checkVersions(cluster: SimCluster): Promise<Violation[]> {
  const { world, groups } = cluster;
  const found: Violation[] = [];
  const leader = cluster.services().find(({ service }) => service.database.isLeader());
  if (leader === undefined) return found;
  const quorum = await world.complete(
    cluster.inspect(world.outside(machine, "inspector"), leader.service.quorum.place),
  );
  const { checkpoints } = leader.service;
  for (const { name, resource } of groups) {
    const kept = checkpoints.list(resource).flatMap(({ kind, path }) => checkpoints.history(resource, kind, path));
    for (const { kind, number, fileDigest } of kept) {
      const version = { resource, kind: fileKind(kind), number };
      if (cluster.lostByHand.has(`${versionFolder(resource)}/${versionFile(version)}`)) continue;
      const bytes = await world.complete(quorum.versions.read(version).catch(() => undefined));
      const what = bytes === undefined ? "lost" : sha256(bytes) === fileDigest ? "" : "damaged";
      if (what !== "")
        found.push({ checker: "versions-whole", at: world.now, what: `Version ${number} of ${name} is ${what}.` });
    }
  }
  return found;
}
