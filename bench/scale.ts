/**
 * How a cluster of three nodes does with 0, 1,000 and 50,000 resources. Up to 1,000 they are created through the API as a person's program
 * would; the large cluster is in the quorum when its nodes come, because what counts there is what it costs to live with it.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { StatusView } from "../src/api/status-view.ts";
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
  whatIf: "Pacemaker 769 ms (crm_simulate)",
  idle: "Pacemaker 0.8–0.9 % and 130–390 MiB",
};

type Say = (line: string) => void;

export async function benchScale(runs: number, say: Say): Promise<readonly Row[]> {
  return [...(await small(runs, say)), ...(await large(runs, say))];
}

async function small(runs: number, say: Say): Promise<readonly Row[]> {
  const cluster = new TestCluster("bench-scale", 1);
  const rows: Row[] = [];
  try {
    await cluster.form(names);
    rows.push(...(await idle(cluster, 0)));
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
    rows.push(
      row("scale", "1,000 resources: create all through the API", "ms", [performance.now() - begun], peer.create),
    );
    begun = performance.now();
    rows.push(
      row("scale", "1,000 resources: settling after creation", "ms", [(await settled(cluster)) - begun], peer.settle),
    );
    say("1,000 resources created and settled");
    rows.push(...(await operations(cluster, leader, api, "1,000 resources", runs)));
    rows.push(...(await idle(cluster, 1000)));
    api.close();
  } finally {
    await cluster.end();
  }
  return rows;
}

async function large(runs: number, say: Say): Promise<readonly Row[]> {
  const cluster = new TestCluster("bench-large", 1);
  const rows: Row[] = [];
  try {
    const what = "10,000 groups, 50,000 resources";
    const first = await prepared(cluster);
    let begun = performance.now();
    first.start();
    await answers(first, ({ state }) => state === "leader");
    rows.push(row("scale", `${what}: form (start of the service until it leads)`, "ms", [performance.now() - begun]));
    begun = performance.now();
    rows.push(row("scale", `${what}: every group placed`, "ms", [(await settled(cluster)) - begun]));
    say("the large cluster is formed");
    const joined: number[] = [];
    for (const name of names.slice(1)) {
      begun = performance.now();
      const node = await cluster.addNode(name);
      await answers(node, ({ state }) => state === "member");
      joined.push(performance.now() - begun);
    }
    rows.push(row("scale", `${what}: join (command, start and copy)`, "ms", joined));
    await settled(cluster);
    await allUp(first);
    say("two nodes have joined");
    const leader = first;
    const api = new Api(leader.data, 16);
    rows.push(...(await operations(cluster, leader, api, what, runs)));
    say("operations done");
    rows.push(...(await idle(cluster, 50_000)));
    api.close();
  } finally {
    await cluster.end();
  }
  return rows;
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

async function operations(
  cluster: TestCluster,
  leader: NodeProcess,
  api: Api,
  what: string,
  runs: number,
): Promise<readonly Row[]> {
  const update = async (index: number): Promise<void> => {
    await api.ask("PATCH", "/groups/Scale%205", { properties: { Description: `update ${index}` } });
  };
  const updates = await many(10 * runs, 1, update);
  const commands: number[] = [];
  const moves: number[] = [];
  const backups: number[] = [];
  const statuses: number[] = [];
  mkdirSync(join(cluster.folder, "sets"), { recursive: true });
  for (let run = 0; run < runs; run++) {
    commands.push(await timed(() => cluster.run(leader, "group", "set", "Scale 6", `Description=${run}`)));
    moves.push(await timed(() => move(api, "Scale 7")));
    statuses.push(await timed(() => api.ask<StatusView>("GET", "/status")));
    const set = join(cluster.folder, "sets", `${run}`);
    backups.push(await timed(() => api.ask("POST", "/backup", { path: set })));
  }
  return [
    row("scale", `${what}: one update`, "ms", updates, peer.update),
    row("scale", `${what}: one update by command, its start included`, "ms", commands, peer.update),
    row("scale", `${what}: one decision (move of a stopped group, asked until owned)`, "ms", moves),
    row("scale", `${what}: the whole status`, "ms", statuses),
    row("scale", `${what}: backup`, "ms", backups),
    await whatIf(cluster, leader, [what, join(cluster.folder, "sets", "0")], runs),
  ];
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

async function idle(cluster: TestCluster, resources: number): Promise<readonly Row[]> {
  await waitFor("the files are written", () => sleep(3000).then(() => true), 10_000);
  const uses = await Promise.all(
    cluster.nodes.map((node) =>
      useOf(
        cluster.own.scan().filter(({ command }) => command.includes(node.data)),
        idleMs,
      ),
    ),
  );
  const what = `idle node with ${resources.toLocaleString("en")} resources`;
  return [
    row(
      "scale",
      `${what}: processor`,
      "% of a core",
      uses.map(({ cpu }) => cpu),
      peer.idle,
    ),
    row(
      "scale",
      `${what}: memory`,
      "MiB",
      uses.map(({ memory }) => memory),
      peer.idle,
    ),
  ];
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

const yes = (): boolean => true;
const no = (): boolean => false;
