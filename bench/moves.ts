/**
 * Planned moves, from the request to the last start on the target, by the stamps of an agent that does what Pacemaker's agent of the
 * reference measurements does (same shell script, so the same work for both), and with plain programs.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { NodeProcess } from "../src/daemon/demo/node-process.ts";
import { TestCluster } from "../test/e2e/cluster.ts";
import { Api, many } from "./api.ts";
import { type Row, row } from "./measure.ts";
import { StampAgent } from "./stamps.ts";

type Say = (line: string) => void;

/** Pacemaker 2.1.5 on a quiet machine of this kind (reference measurements, not of this execution). */
const peer = {
  one: "Pacemaker 142 ms (110–160), 85 ms of it the command",
  outage: "Pacemaker 32 ms (27–38)",
  group: "Pacemaker 830 ms (727–873)",
  hundred: "Pacemaker 10,502 ms (9,581–11,948)",
};

export async function benchMoves(runs: number, say: Say): Promise<readonly Row[]> {
  const agent = new StampAgent();
  const cluster = new TestCluster("bench-moves", 1);
  try {
    await cluster.form(["N1", "N2", "N3"]);
    const scene = { cluster, agent, api: new Api((await cluster.leader()).data, 16) };
    await create(scene, "One", 1);
    await create(scene, "Ten", 10);
    // Starts of the one would be taken for those of the other.
    await groupsOnline(scene.api, ({ name }) => name === "One" || name === "Ten");
    const rows: Row[] = [];
    rows.push(...(await groupMoves(scene, "One", 1, 4 * runs, [peer.one, peer.outage])));
    say("one resource");
    rows.push(...(await groupMoves(scene, "Ten", 10, runs, [peer.group, "Pacemaker 671 ms (610–720)"])));
    say("a group of ten");
    for (const name of ["One", "Ten"]) await scene.api.ask("POST", `/groups/${name}/offline`);
    await many(100, 8, (index) => create(scene, `Each ${index}`, 1));
    rows.push(...(await drains(scene, Math.min(runs, 5), say)));
    scene.api.close();
    return rows;
  } finally {
    await cluster.end();
    agent.end();
  }
}

interface Scene {
  readonly cluster: TestCluster;
  readonly agent: StampAgent;
  readonly api: Api;
}

/** A group whose resources depend on each other in their order, as those of a Pacemaker group do; resolves when it is online. */
async function create({ api, agent }: Scene, group: string, resources: number): Promise<void> {
  await api.ask("POST", "/groups", { name: group });
  await api.ask("POST", `/groups/${encodeURIComponent(group)}/offline`);
  for (let index = 0; index < resources; index++) {
    const name = `${group}-${index}`;
    const parameters = { OcfAgent: agent.name, log: agent.log };
    await api.ask("POST", "/resources", { name, group, type: "OCF Agent", parameters });
    if (index > 0)
      await api.ask("POST", `/resources/${encodeURIComponent(name)}/depend`, { dependsOn: `${group}-${index - 1}` });
  }
  await api.ask("POST", `/groups/${encodeURIComponent(group)}/online`);
}

interface Group {
  readonly name: string;
  readonly state: string;
  readonly owner: string | null;
  readonly movingTo: string | null;
}

async function groupsOnline(api: Api, names: (group: Group) => boolean, on?: string): Promise<void> {
  const limit = Date.now() + 120_000;
  for (;;) {
    if (Date.now() > limit) throw new Error("the groups are not all online within two minutes");
    const groups = (await api.ask<readonly Group[]>("GET", "/groups")).filter(names);
    const rests = (group: Group): boolean => group.state === "online" && group.movingTo === null;
    if (groups.every((group) => rests(group) && (on === undefined || group.owner === on))) return;
    await sleep(50);
  }
}

async function groupMoves(
  scene: Scene,
  group: string,
  resources: number,
  runs: number,
  [took, outage]: readonly [string, string],
): Promise<readonly Row[]> {
  const { api, agent } = scene;
  const total: number[] = [];
  const away: number[] = [];
  for (let run = 0; run < runs; run++) {
    await groupsOnline(api, ({ name }) => name === group);
    const before = agent.stamps().length;
    const begun = Date.now();
    await api.ask("POST", `/groups/${group}/move`, {});
    const starts = await startsAfter(agent, before, resources);
    const stops = agent
      .stamps()
      .slice(before)
      .filter(({ action }) => action === "stop");
    const last = Math.max(...starts);
    total.push(last - begun);
    away.push(last - Math.min(...stops.map(({ at }) => at)));
  }
  const what = resources === 1 ? "1 resource" : `a group of ${resources}`;
  return [
    row("moves", `${what}: from request to running on the target`, "ms", total, took),
    row("moves", `${what}: first stop to last start`, "ms", away, outage),
  ];
}

/** Times of as many starts as are due; resolves when the last has happened. */
async function startsAfter(agent: StampAgent, before: number, due: number): Promise<readonly number[]> {
  const limit = Date.now() + 120_000;
  for (;;) {
    const starts = agent
      .stamps()
      .slice(before)
      .filter(({ action }) => action === "start");
    if (starts.length >= due) return starts.map(({ at }) => at);
    if (Date.now() > limit) throw new Error(`${starts.length} of ${due} starts within two minutes`);
    await sleep(2);
  }
}

/** A hundred groups of one resource each, all on one node, which is drained. */
async function drains({ cluster, api, agent }: Scene, runs: number, say: Say): Promise<readonly Row[]> {
  const isOne = ({ name }: Group): boolean => name.startsWith("Each ");
  const took: number[] = [];
  await groupsOnline(api, isOne);
  for (let run = 0; run < runs; run++) {
    const node = cluster.nodes[1 + (run % 2)] as NodeProcess;
    await gather(api, isOne, node.name);
    const before = agent.stamps().length;
    const begun = Date.now();
    await api.ask("POST", `/nodes/${node.name}/pause`, { drain: true });
    took.push(Math.max(...(await startsAfter(agent, before, 100))) - begun);
    say(`run ${run + 1} of ${runs}, 100 resources off a node: ${took.at(-1)?.toFixed(0)} ms`);
    await groupsOnline(api, isOne);
    await api.ask("POST", `/nodes/${node.name}/resume`, { failback: "no" });
  }
  return [row("moves", "100 resources off a node: from request to the last one running", "ms", took, peer.hundred)];
}

/** Moves them all to one node. */
async function gather(api: Api, names: (group: Group) => boolean, node: string): Promise<void> {
  for (;;) {
    await groupsOnline(api, names);
    const groups = await api.ask<readonly Group[]>("GET", "/groups");
    const away = groups.filter((group) => names(group) && group.owner !== node);
    if (away.length === 0) return;
    // What was refused, or is not known, is asked for again.
    const move = (name: string): Promise<unknown> =>
      api.ask("POST", `/groups/${encodeURIComponent(name)}/move`, { node }).catch(() => undefined);
    await many(away.length, 16, (index) => move(away[index]?.name ?? ""));
  }
}
