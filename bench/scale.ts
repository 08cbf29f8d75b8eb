/**
 * How a cluster of three nodes does with 0, 1,000 and 50,000 resources. Up to 1,000 they are created through the API as a person's program
 * would; the large cluster is in the quorum when its nodes come, because what counts there is what it costs to live with it.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { NodeProcess } from "../src/daemon/demo/node-process.ts";
import { TestCluster } from "../test/e2e/cluster.ts";
import { waitFor } from "../test/e2e/wait-for.ts";
import { Api, many } from "./api.ts";
import { fillQuorum } from "./large-cluster.ts";
import { type Row, row } from "./measure.ts";
import { useOf } from "./node-use.ts";
import { whatIf } from "./what-if.ts";

const names = ["N1", "N2", "N3"];
const idleMs = 10_000;

/** Figures of Pacemaker 2.1.5 on a machine of this kind, three nodes (reference measurements, not of this execution). */
const peer = {
  create: "Pacemaker 0.56 s",
  settle: "Pacemaker 273–316 s",
  update: "Pacemaker 371 ms (crm_attribute) to 750 ms (cibadmin)",
  idle: "Pacemaker 0.8–0.9 % and 130–390 MiB",
};

/** What was measured so far. */
class Rows {
  readonly all: Row[] = [];

  add(what: string, unit: string, values: readonly number[], note?: string): void {
    this.all.push(row("scale", what, unit, values, note));
  }
}

export async function benchScale(runs: number): Promise<readonly Row[]> {
  const rows = new Rows();
  await small(runs, rows);
  await large(runs, rows);
  return rows.all;
}

async function small(runs: number, rows: Rows): Promise<void> {
  const cluster = new TestCluster("bench-scale", 1);
  try {
    await cluster.form(names);
    await idle(cluster, "0 resources", rows);
    const leader = await cluster.leader();
    const api = new Api(leader.data, 16);
    let begun = performance.now();
    await many(100, 16, async (index) => {
      const group = `Scale ${index}`;
      await api.ask("POST", "/groups", { name: group });
      await api.ask("POST", `/groups/${encodeURIComponent(group)}/offline`);
      for (let each = 0; each < 10; each++)
        await api.ask("POST", "/resources", { name: `${group}.${each}`, group, type: "Generic Application" });
    });
    rows.add("1,000 resources: create all through the API", "ms", [performance.now() - begun], peer.create);
    begun = performance.now();
    rows.add("1,000 resources: settling after creation", "ms", [(await settled(cluster)) - begun], peer.settle);
    const what = "1,000 resources";
    await operations({ cluster, leader, api, runs, rows }, what);
    // Not of the large cluster: the plan of a restore takes minutes with 50,000 resources.
    rows.all.push(await whatIf(cluster, leader, [what, join(cluster.folder, "sets", "0")], runs));
    await idle(cluster, "1,000 resources", rows);
    api.close();
  } finally {
    await cluster.end();
  }
}

async function large(runs: number, rows: Rows): Promise<void> {
  const cluster = new TestCluster("bench-large", 1);
  try {
    const what = "10,000 groups, 50,000 resources";
    const first = await prepared(cluster);
    let begun = performance.now();
    first.start();
    await answers(first, ({ state }) => state === "leader");
    rows.add(`${what}: form (start of the service until it leads)`, "ms", [performance.now() - begun]);
    begun = performance.now();
    rows.add(`${what}: every group placed`, "ms", [(await settled(cluster)) - begun]);
    await calm(first);
    const joined: number[] = [];
    for (const name of names.slice(1)) {
      begun = performance.now();
      const node = await cluster.addNode(name);
      await answers(node, ({ state }) => state === "member");
      joined.push(performance.now() - begun);
      await calm(first);
    }
    rows.add(`${what}: join (command, start and copy)`, "ms", joined);
    await settled(cluster);
    await allUp(first);
    const api = new Api(first.data, 16);
    await operations({ cluster, leader: first, api, runs, rows }, what);
    await idle(cluster, "50,000 resources", rows);
    api.close();
  } finally {
    await cluster.end();
  }
}

/** A first node whose quorum is full before its service starts. */
async function prepared(cluster: TestCluster): Promise<NodeProcess> {
  const first = await cluster.addNode("N1", ["create", "DEMO"]);
  await cluster.leads(first);
  await first.stop();
  await fillQuorum(cluster.quorum, { groups: 10_000, resourcesInEach: 5, online: false });
  return first;
}

/** Resolves when the node says so of itself. What it says is short, so that asking costs it nothing, however large the cluster is. */
async function answers(node: NodeProcess, isThere: (self: { readonly state: string }) => boolean): Promise<void> {
  const api = new Api(node.data);
  const self = (): Promise<boolean> =>
    api.ask<{ readonly state: string }>("GET", "/status/self").then(isThere, () => false);
  await waitFor(`${node.name} is there`, self, 240_000);
  api.close();
}

/** When a node answers at once, again and again: what follows a large change is done. */
async function calm(node: NodeProcess): Promise<void> {
  const api = new Api(node.data);
  let inTime = 0;
  const look = async (): Promise<boolean> => {
    const took = await timed(() => api.ask("GET", "/status/self").catch(() => undefined));
    inTime = took < 500 ? inTime + 1 : 0;
    await sleep(100);
    return inTime >= 10;
  };
  await waitFor(`${node.name} is calm`, look, 240_000);
  api.close();
}

async function allUp(node: NodeProcess): Promise<void> {
  const api = new Api(node.data);
  const look = async (): Promise<boolean> => {
    const nodes = await api.ask<readonly { readonly state: string }[]>("GET", "/nodes").catch(() => []);
    return nodes.length === names.length && nodes.every(({ state }) => state === "up");
  };
  await waitFor("every node is up", look, 240_000);
  api.close();
}

/** When the database stands still; the time of its last change. */
async function settled(cluster: TestCluster, quietMs = 1500): Promise<number> {
  const api = new Api(cluster.nodes[0]?.data ?? "");
  let tag = "";
  let since = performance.now();
  for (;;) {
    const now = (await api.ask<{ readonly tag: string }>("GET", "/cluster")).tag;
    if (now !== tag) [tag, since] = [now, performance.now()];
    if (performance.now() - since > quietMs) break;
    await sleep(20);
  }
  api.close();
  return since;
}

interface Asked {
  readonly cluster: TestCluster;
  readonly leader: NodeProcess;
  readonly api: Api;
  readonly runs: number;
  readonly rows: Rows;
}

async function operations({ cluster, leader, api, runs, rows }: Asked, what: string): Promise<void> {
  const update = async (index: number): Promise<void> => {
    await api.ask("PATCH", "/groups/Scale%205", { properties: { Description: `update ${index}` } });
  };
  const each = async (work: (run: number) => Promise<unknown>): Promise<readonly number[]> => {
    const took: number[] = [];
    for (let run = 0; run < runs; run++) took.push(await timed(() => work(run)));
    return took;
  };
  const sets = join(cluster.folder, "sets");
  mkdirSync(sets, { recursive: true });
  rows.add(`${what}: one update`, "ms", await many(10 * runs, 1, update), peer.update);
  const set = await each((run) => cluster.run(leader, "group", "set", "Scale 6", `Description=${run}`));
  rows.add(`${what}: one update by command, its start included`, "ms", set, peer.update);
  const moves = await each(() => move(api, "Scale 7"));
  rows.add(`${what}: one decision (move of a stopped group, asked until owned)`, "ms", moves);
  const page = await each(() => api.ask("GET", "/status?groups=50"));
  rows.add(`${what}: status as the page asks for it`, "ms", page);
  const shown = await each(() => cluster.run(leader, "status"));
  rows.add(`${what}: clubar status, its start included`, "ms", shown);
  rows.add(`${what}: the whole status`, "ms", await each(() => api.ask("GET", "/status")));
  const backups = await each((run) => api.ask("POST", "/backup", { path: join(sets, `${run}`) }));
  rows.add(`${what}: backup`, "ms", backups);
}

async function move(api: Api, group: string): Promise<void> {
  const path = `/groups/${encodeURIComponent(group)}`;
  const ask = (): Promise<{ readonly owner: string | null; readonly movingTo: string | null }> => api.ask("GET", path);
  const { owner } = await ask();
  // On a busy machine the others may just be joining again.
  const begun = (): Promise<boolean> => api.ask("POST", `${path}/move`, {}).then(yes, no);
  while (!(await begun())) await sleep(20);
  for (let now = await ask(); now.owner === owner || now.movingTo !== null; now = await ask()) await sleep(2);
}

async function idle(cluster: TestCluster, resources: string, rows: Rows): Promise<void> {
  await sleep(3000);
  const uses = await Promise.all(
    cluster.nodes.map((node) =>
      useOf(
        cluster.own.scan().filter(({ command }) => command.includes(node.data)),
        idleMs,
      ),
    ),
  );
  const what = `idle node with ${resources}`;
  const [cpu, memory] = [uses.map((use) => use.cpu), uses.map((use) => use.memory)];
  rows.add(`${what}: processor`, "% of a core", cpu, peer.idle);
  rows.add(`${what}: memory`, "MiB", memory, peer.idle);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

const yes = (): boolean => true;
const no = (): boolean => false;
