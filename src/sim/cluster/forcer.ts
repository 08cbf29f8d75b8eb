/** The quorum's disk comes back empty; a person forms the quorum anew from what the nodes have, as document 005 says. */
import { type OfflineForce, planForceOffline } from "../../clusapi/offline-force-quorum.ts";
import { decodeClusDb } from "../../membership/clusdb-copy.ts";
import { compareTags, formatTag, parseTag, type Tag } from "../../quorum/tag.ts";
import type { Violation } from "../checkers/events.ts";
import type { Disk } from "../disk.ts";
import type { RandomStream } from "../random.ts";
import { dataOf, machine, quorumPlace } from "./place.ts";
import type { Workload } from "./workload.ts";

/** How long looking and forming may take, in virtual milliseconds; afterwards it is asked for again. */
const limit = 60_000;
/** How long all of it may take once faults are over. */
const inAll = 240_000;

/** One a cluster. */
export class Forcer {
  readonly #workload: Workload;
  readonly #random: RandomStream;
  readonly #hold: boolean;
  /** The generation that was lost; undefined before. */
  #lost: number | undefined;
  /** Why it could not be formed the last time. */
  #because = "nobody tried";
  readonly #violations: Violation[] = [];

  constructor(workload: Workload) {
    this.#workload = workload;
    this.#random = workload.cluster.world.random.stream("forcer");
    this.#hold = this.#random.chance(0.5);
  }

  async act(random: RandomStream): Promise<void> {
    // A cluster of the first second, of which no node has a copy yet, can't be formed from one.
    if (this.#lost === undefined && this.#newestCopy() !== undefined && random.chance(0.3)) this.#lose();
    else if (this.#lost !== undefined && !this.#isFormed()) await this.#force(random);
  }

  /** After the last fault: until the quorum is formed. */
  async end(): Promise<readonly Violation[]> {
    const { world } = this.#workload.cluster;
    const until = world.now + inAll;
    while (this.#newestCopy() === undefined && world.now < until) await world.run({ until: world.now + 2000 });
    if (this.#lost === undefined) this.#lose();
    while (!this.#isFormed() && world.now < until) {
      await world.run({ until: world.now + 2000 });
      if (!this.#isFormed()) await world.complete(this.#force(this.#random), 2 * limit + 1000);
    }
    if (!this.#isFormed()) this.#wrong(`it could not be formed: ${this.#because}`);
    return this.#violations;
  }

  #wrong(what: string): void {
    this.#violations.push({ checker: "quorum-forced", at: this.#workload.cluster.world.now, what });
  }

  /** Of what lies on the nodes' disks, past every process. */
  #newestCopy(): Tag | undefined {
    const { cluster } = this.#workload;
    const disk = cluster.world.machine(machine).diskOf("/nodes");
    const tags = cluster.nodes.flatMap((node) => {
      const content = disk.find(`${dataOf(node)}/ClusDb`)?.content;
      const copy = content === undefined ? undefined : decodeClusDb(content.read(0, content.size()));
      return copy === undefined ? [] : [copy.tag];
    });
    return tags.sort(compareTags).at(-1);
  }

  #isFormed(): boolean {
    return this.#lost !== undefined && this.#workload.cluster.generation > this.#lost;
  }

  #lose(): void {
    const { cluster } = this.#workload;
    this.#lost = cluster.generation;
    cluster.world.trace.add("the quorum's disk comes back empty");
    const disk = cluster.world.disk("quorum");
    for (const path of empty(disk, quorumPlace, cluster.world.now))
      cluster.lostByHand.add(path.split("/").slice(-2).join("/"));
    // Another disk: no loss of power brings the old one back.
    disk.syncAll();
  }

  async #force(random: RandomStream): Promise<void> {
    const { cluster } = this.#workload;
    const node = random.pick(cluster.nodes);
    // Every node shares the folder that was emptied, so no unknown node lives under another quorum.
    const asked = { force: true, hold: this.#hold };
    const newest = this.#newestCopy();
    const planned = await this.#workload.attempt(() => this.#plan(node, asked), limit);
    const [first = ""] = planned?.view.lines ?? [];
    const [blocker] = planned?.view.blockers ?? [];
    const tag = parseTag(/, tag (\d+:\d+:\d+)\.$/.exec(first)?.[1] ?? "");
    if (planned === undefined || blocker !== undefined || tag === undefined) {
      this.#because = blocker?.sentence ?? `node ${node} made no plan`;
      return;
    }
    if (newest !== undefined && compareTags(tag, newest) < 0)
      this.#wrong(`node ${node} would form it from ${formatTag(tag)}; a copy of ${formatTag(newest)} is there.`);
    cluster.world.trace.add(`node ${node} forms the quorum: ${first}`);
    // What the plan names is given up: all that is newer than the copy, and what of the settings was in its files.
    cluster.restorable = { kept: tag, settings: [], held: this.#hold ? cluster.groups.map(({ name }) => name) : [] };
    const outcome = await this.#workload.attempt(planned.carryOut, limit);
    cluster.world.trace.add(`forming ${outcome === undefined ? "failed or is not known" : `done: ${outcome.tag}`}`);
    if (outcome === undefined) this.#because = `node ${node} did not carry it out`;
  }

  /** By its service, or by a command beside it when that does not run. */
  async #plan(node: string, asked: { readonly force: boolean; readonly hold: boolean }): Promise<OfflineForce> {
    const { cluster } = this.#workload;
    const { forceQuorum } = cluster.serviceOf(node)?.service ?? {};
    if (forceQuorum === undefined) {
      const outside = cluster.world.outside(machine, `command on ${node}`, node);
      return planForceOffline({ outside, data: dataOf(node) }, asked);
    }
    const view = await forceQuorum.plan(asked);
    return { view, carryOut: () => forceQuorum.carryOut({ ...asked, planId: view.id }) };
  }
}

/** The paths of the files that were there. */
function empty(disk: Disk, folder: string, now: number): string[] {
  return disk.list(folder).flatMap((name) => {
    const path = `${folder}/${name}`;
    const isFolder = disk.find(path)?.kind === "folder";
    const files = isFolder ? empty(disk, path, now) : [path];
    if (isFolder) disk.removeFolder(path, now);
    else disk.unlink(path, now);
    return files;
  });
}
