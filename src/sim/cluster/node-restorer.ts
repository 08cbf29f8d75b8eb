/** Takes VSS sets of nodes, stages restores from them while the nodes run, and once rolls the cluster back: a person with `clubar vss`. */
import type { Outside } from "../../base/outside.ts";
import { openRestoreDoor } from "../../clusapi/vss/restore-door.ts";
import { finishRestore } from "../../daemon/restore-run.ts";
import { formatTag, parseTag } from "../../quorum/tag.ts";
import type { Registry } from "../../registry/registry.ts";
import { placesIn } from "../../restore/node/record.ts";
import { commitNodeRestore, lastNodeRestore, lastResult, stagedRestore } from "../../restore/restore.ts";
import { backupNode } from "../../vss/cluster/backup.ts";
import type { NodeDoor } from "../../vss/cluster/node-door.ts";
import { readVssSet } from "../../vss/cluster/read-set.ts";
import { restoreVssSet } from "../../vss/cluster/restore.ts";
import { planVssRestore } from "../../vss/cluster/restore-plan.ts";
import type { Violation } from "../checkers/events.ts";
import type { CallHook } from "../kernel.ts";
import type { SimProcess } from "../process.ts";
import type { RandomStream } from "../random.ts";
import type { Restorable, RunningService, SimCluster } from "./cluster.ts";
import { NodeWords } from "./node-words.ts";
import type { ServiceStarts } from "./service-program.ts";
import type { Workload } from "./workload.ts";
import { dataOf, machine } from "./place.ts";

/** How long a command may take, in virtual milliseconds. */
const limit = 30_000;
/** How long the other nodes stay off for a restore of the cluster at most. */
const offLimit = 60_000;

interface NodeSet {
  readonly path: string;
  readonly node: string;
  readonly restorable: Restorable;
}

/** One a cluster. */
export class NodeRestorer implements ServiceStarts {
  readonly #workload: Workload;
  readonly #cluster: SimCluster;
  readonly #words: NodeWords;
  readonly #sets: NodeSet[] = [];
  /** Whether a restore of the cluster may still be tried. */
  #authoritative: boolean;
  /** The node on which a restore of the cluster was certainly decided. */
  #decided: string | undefined;
  /** Nodes that a person keeps off; their services begin when it ends. */
  #off: { readonly nodes: readonly string[]; readonly ends: Promise<void> } | undefined;
  readonly #starts: RandomStream;
  #count = 0;
  #busy = false;

  constructor(workload: Workload, { authoritative }: { readonly authoritative: boolean }) {
    this.#workload = workload;
    this.#cluster = workload.cluster;
    this.#starts = workload.cluster.world.random.stream("starts");
    this.#words = new NodeWords(workload);
    this.#authoritative = authoritative;
    this.#cluster.starts = this;
  }

  start(): void {
    this.#workload.keepAt("node restorer", [100, 1000], (random) => this.act(random));
    this.#workload.keepAt("words", [50, 600], (random) => this.#words.write(random.pick(this.#cluster.nodes)));
  }

  async act(random: RandomStream): Promise<void> {
    this.#busy = true;
    try {
      if (this.#sets.length === 0 || random.chance(0.4)) await this.#backUp(random);
      else if (this.#authoritative && random.chance(0.2)) await this.#rollBack(random);
      else await this.#restore(random);
    } finally {
      this.#busy = false;
    }
  }

  /** What a real service does before anything of the node is opened. */
  async before(outside: Outside, process: SimProcess): Promise<void> {
    const { node } = process;
    if (this.#off?.nodes.includes(node) === true) await this.#off.ends;
    const { trace } = this.#cluster.world;
    await this.#disturb(outside, process);
    const result = await commitNodeRestore(outside, dataOf(node));
    if (result !== undefined) {
      trace.add(`node ${node}: the restore from ${result.set} is ${result.outcome}`);
      this.#words.ended(node, result);
    }
    // A start that died at the very end had put all in place and told nobody.
    const last = await lastNodeRestore(outside.files, dataOf(node));
    if (last !== undefined && !this.#words.isEnded(last.id)) this.#words.ended(node, last);
    const finished = await finishRestore(outside, dataOf(node));
    if (finished !== undefined) trace.add(`node ${node}: the cluster's restore is ${finished.outcome}`);
  }

  /** Now and then a start dies while it puts files in place. */
  async #disturb({ files }: Outside, process: SimProcess): Promise<void> {
    const { world } = this.#cluster;
    if (this.#workload.over || (await files.stat(placesIn(dataOf(process.node)).plan)) === undefined) return;
    const random = this.#starts;
    if (random.chance(0.3)) world.scheduler.after(random.between(0, 60), () => world.kill(process));
    else if (random.chance(0.4)) this.#dieAtRename(process, random.between(1, 10));
  }

  /** The narrow place: some files are new, the others old. */
  #dieAtRename(process: SimProcess, after: number): void {
    const { world } = this.#cluster;
    const { hooks, scheduler } = world;
    let left = after;
    const hook: CallHook = (by, { name }) => {
      if (by !== process || name !== "files.rename" || --left > 0) return undefined;
      hooks.delete(hook);
      scheduler.after(0, () => world.kill(process));
      return undefined;
    };
    hooks.add(hook);
    process.atDeath.push(() => hooks.delete(hook));
  }

  opened(node: string, registry: Registry): void {
    this.#words.found(node, registry.root());
  }

  /** After the last fault: until nothing is staged any more. */
  async end(): Promise<readonly Violation[]> {
    const { world } = this.#cluster;
    await world.run({ until: world.now + 4 * offLimit, when: () => !this.#busy });
    const until = world.now + 2 * offLimit;
    let waits = await this.#staged();
    while (waits.length > 0 && world.now < until) {
      for (const node of waits) void this.#restart(node);
      await world.run({ until: world.now + 5000 });
      waits = await this.#staged();
    }
    for (const { node, service } of this.#cluster.services()) this.#words.found(node, service.parts.registry.root());
    const left = waits.map((node) => `A restore of node ${node} is still staged.`);
    const wrong = [...left, ...(await this.#unended())].map((what) => ({
      checker: "node-restores",
      at: world.now,
      what,
    }));
    return [...this.#words.violations, ...wrong];
  }

  /** What was decided is carried out, or given up and said so: these runs have no other restore of the cluster. */
  async #unended(): Promise<string[]> {
    const { world } = this.#cluster;
    if (this.#decided === undefined) return [];
    const result = await world.complete(lastResult(world.outside(machine, "inspector").files, dataOf(this.#decided)));
    return result === undefined ? [`Nothing became of the cluster's restore on node ${this.#decided}.`] : [];
  }

  async #staged(): Promise<string[]> {
    const { world, nodes } = this.#cluster;
    const { files } = world.outside(machine, "inspector");
    const found: string[] = [];
    for (const node of nodes)
      if ((await world.complete(stagedRestore(files, dataOf(node)))) !== undefined) found.push(node);
    return found;
  }

  async #backUp(random: RandomStream): Promise<void> {
    const on = this.#workload.anyService(random);
    if (on === undefined) return;
    const { node } = on;
    const path = `/backups/vss-${++this.#count}`;
    const settings = this.#cluster.acknowledgedSettings();
    const range = this.#words.rangeOf(node);
    const { least } = range;
    const done = await this.#command(random, node, (outside) => backupNode({ outside, door: this.#door(on), path }));
    const tag = parseTag(done?.manifest.clusterTag ?? "");
    if (tag === undefined || this.#words.rangeOf(node) !== range) return;
    this.#cluster.world.trace.add(`VSS set ${path} of node ${node} at ${formatTag(tag)}`);
    this.#words.inSet(path, { least, most: range.most });
    this.#sets.push({ path, node, restorable: { kept: tag, settings, held: [] } });
  }

  #door({ node, service }: RunningService): NodeDoor {
    const { name, instance } = service.parts.config;
    return {
      data: dataOf(node),
      nodeClusterState: 19,
      identity: { id: node, name, cluster: { name: "sim", instance } },
      freeze: async (limitMs) => {
        const { id } = await service.freeze(limitMs);
        return { thaw: async () => service.thaw(id) };
      },
      backupCluster: async (path) => {
        const { tag, notChecked } = await service.backup(path);
        return { tag: formatTag(tag), notChecked };
      },
    };
  }

  async #restore(random: RandomStream): Promise<void> {
    const set = random.pick(this.#sets);
    const { trace } = this.#cluster.world;
    const staged = await this.#command(random, set.node, (outside) => stage(outside, set, false));
    trace.add(`restore of node ${set.node} from ${set.path}: ${staged ?? "failed or is not known"}`);
    const next = random.pick(["restart", "restart", "restart", "kill", "leave"]);
    if (next === "restart") await this.#restart(set.node);
    const on = this.#cluster.serviceOf(set.node);
    if (next === "kill" && on !== undefined) this.#cluster.world.kill(on.process);
  }

  async #restart(node: string): Promise<void> {
    const on = this.#cluster.serviceOf(node);
    if (on !== undefined) await this.#workload.attempt(() => on.service.restart(), limit);
  }

  /** Everybody else is stopped first: an authoritative restore stops nobody. */
  async #rollBack(random: RandomStream): Promise<void> {
    const { world, nodes } = this.#cluster;
    const set = random.pick(this.#sets);
    const others = nodes.filter((node) => node !== set.node);
    const { promise: ends, resolve: on } = Promise.withResolvers<void>();
    this.#off = { nodes: others, ends };
    this.#authoritative = false;
    world.trace.add(`the cluster is to go back to ${set.path}: nodes ${others.join()} are stopped`);
    const until = world.now + offLimit;
    try {
      const { generation } = this.#cluster;
      let staged: string | undefined;
      while (staged === undefined && world.now < until) {
        await Promise.all(others.map((node) => this.#stop(node)));
        this.#cluster.restorable = set.restorable;
        staged = await this.#command(random, set.node, (outside) => stage(outside, set, true));
        if (staged === undefined) await this.#workload.sleep(1000);
      }
      if (staged !== undefined) this.#decided = set.node;
      world.trace.add(`authoritative restore of node ${set.node}: ${staged ?? "failed or is not known"}`);
      await this.#restart(set.node);
      while (staged !== undefined && this.#cluster.generation === generation && world.now < until)
        await this.#workload.sleep(500);
    } finally {
      this.#off = undefined;
      on();
    }
  }

  async #stop(node: string): Promise<void> {
    const on = this.#cluster.serviceOf(node);
    if (on !== undefined) await this.#workload.attempt(() => on.service.stop(true), limit);
  }

  /** In a process of its own on the node, which may die at any time. */
  async #command<T>(
    random: RandomStream,
    node: string,
    work: (outside: Outside) => Promise<T>,
  ): Promise<T | undefined> {
    const { world } = this.#cluster;
    const name = `requester ${++this.#count} on ${node}`;
    const outside = world.outside(machine, name, node);
    const end = (): void => {
      for (const process of world.find(name)) world.kill(process);
    };
    if (random.chance(0.2)) world.scheduler.after(random.between(0, 2000), end);
    try {
      return await this.#workload.attempt(() => work(outside), limit);
    } finally {
      end();
    }
  }
}

/** The id under which the restore waits for the service to start. */
async function stage(outside: Outside, { path, node }: NodeSet, authoritative: boolean): Promise<string> {
  const { manifest, files } = await readVssSet(outside, path);
  const savedRecord = files.get("node/node.json");
  const door = await openRestoreDoor(outside, { data: dataOf(node), manifest, savedRecord, later: true });
  const plan = await planVssRestore(outside, door, { path, authoritative });
  return (await restoreVssSet(outside, door, plan)).id;
}
