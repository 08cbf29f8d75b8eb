/** What people and programs ask of a cluster under test, and what they were told. Every actor draws from its own stream. */
import { Failure } from "../../base/errors.ts";
import { OutsideError } from "../../base/outside.ts";
import { moveGroup, offlineGroup, onlineGroup, releaseGroups } from "../../database/commands/group.ts";
import { pauseNode, resumeNode } from "../../database/commands/node.ts";
import type { Change } from "../../database/change.ts";
import type { SubmitResult, Update } from "../../database/update.ts";
import type { Key } from "../../tree/key.ts";
import { dword } from "../../tree/value.ts";
import type { RandomStream } from "../random.ts";
import { SettingWriter } from "./setting-writer.ts";
import type { RunningService, SimCluster } from "./cluster.ts";

/** Where the updates of clients leave their traces, in the order in which they were applied. */
export const workloadPath = "Workload";

/** One actor: does one thing, or nothing; called again after a while. */
export type Actor = (random: RandomStream) => Promise<void>;

/** What people and clients do to a cluster while faults come: independent actors, each after pauses drawn from the seed. */
export class Workload {
  readonly cluster: SimCluster;
  /** How many times rarer than usual updates and settings come: in a quiet cluster a leader hears of little. */
  readonly #rarer: number;
  #over = false;

  constructor(cluster: SimCluster) {
    this.cluster = cluster;
    const pace = cluster.world.random.stream("pace").pick([1, 1, 1, 15]);
    this.#rarer = cluster.etcd?.isBrink === true ? 15 : pace;
  }

  get over(): boolean {
    return this.#over;
  }

  /** Begins; `clients` send updates, one person looks after groups and nodes. */
  start(clients: number): void {
    const pause = (low: number, high: number): readonly [number, number] => [low * this.#rarer, high * this.#rarer];
    for (let i = 1; i <= clients; i++) this.keepAt(`client ${i}`, pause(20, 400), (random) => this.#sendUpdate(random));
    for (const group of this.cluster.groups) {
      const settings = new SettingWriter(this, group);
      this.keepAt(`settings of ${group.name}`, pause(20, 1500), (random) => settings.act(random));
    }
    this.keepAt("person", [200, 2500], (random) => this.#administer(random));
  }

  /** Nothing new is begun; retries stop. */
  stop(): void {
    this.#over = true;
  }

  /** Lets an actor act again and again, with pauses in milliseconds. */
  keepAt(name: string, pause: readonly [number, number], act: Actor): void {
    const random = this.cluster.world.random.stream(name);
    void (async () => {
      while (!this.#over) {
        await this.sleep(random.between(...pause));
        if (!this.#over) await act(random);
      }
    })();
  }

  /** People and their programs sit elsewhere: no fault hits them, and their clocks are right. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.cluster.world.scheduler.after(ms, resolve));
  }

  /** A service that runs, of any node. */
  anyService(random: RandomStream): RunningService | undefined {
    const all = this.cluster.services();
    return all.length === 0 ? undefined : random.pick(all);
  }

  /** The outcome of work inside a node; undefined when it failed as nodes fail, or gave no answer in time. */
  async attempt<T>(work: () => Promise<T>, limit: number): Promise<T | undefined> {
    const late = Promise.withResolvers<undefined>();
    const alarm = this.cluster.world.scheduler.after(limit, () => late.resolve(undefined));
    try {
      return await Promise.race([work(), late.promise]);
    } catch (error) {
      if (error instanceof Failure || error instanceof OutsideError) return undefined;
      throw error;
    } finally {
      alarm.cancel();
    }
  }

  /** A change as a person makes it, on any node. */
  async change(random: RandomStream, build: (tree: Key) => Change): Promise<void> {
    const on = this.anyService(random);
    if (on !== undefined) await this.attempt(() => on.service.change(build), 5_000);
  }

  /** What a restore held may come online again. */
  async release(random: RandomStream, group: string): Promise<void> {
    this.cluster.releaseAsked(group);
    await this.change(random, (tree) => releaseGroups(tree, { group }));
  }

  async #sendUpdate(random: RandomStream): Promise<void> {
    const { judge, world } = this.cluster;
    const update = this.#drawUpdate(random);
    const { requestId } = update;
    judge.see({ kind: "update-submitted", at: world.now, requestId });
    const generation = this.cluster.generation;
    // A restore drops request ids: a retry across one could apply again, so nobody retries across it.
    while (!this.#over && this.cluster.generation === generation) {
      const result = await this.#sendOnce(random, update);
      if (result.outcome === "applied")
        judge.see({ kind: "update-acknowledged", at: world.now, requestId, tag: result.tag });
      if (result.outcome === "refused") judge.see({ kind: "update-refused", at: world.now, requestId });
      if (result.outcome !== "unknown") return;
      await this.sleep(random.between(10, 200));
    }
  }

  async #sendOnce(random: RandomStream, update: Update): Promise<SubmitResult> {
    const on = this.anyService(random);
    if (on === undefined) return { outcome: "unknown" };
    const answer = await this.attempt(() => on.service.database.submit(update, random.pick([100, 1000, 5000])), 6_000);
    return answer ?? { outcome: "unknown" };
  }

  /** Some only apply when nobody took the same place before: a retry that came twice would be refused. */
  #drawUpdate(random: RandomStream): Update {
    const requestId = this.cluster.guid();
    const place = `${workloadPath}\\Places\\${random.between(1, 60)}`;
    const picky = random.chance(0.3);
    return {
      requestId,
      because: "A client asked for it.",
      conditions: picky ? [{ kind: "key-absent", path: place }] : [],
      edits: [
        { kind: "set-value", path: workloadPath, value: dword(requestId, 1) },
        ...(picky ? [{ kind: "create-key", path: place } as const] : []),
      ],
    };
  }

  async #administer(random: RandomStream): Promise<void> {
    const { groups, nodes } = this.cluster;
    const group = random.pick(groups).group;
    const node = random.pick(nodes);
    const release = (tree: Key): Change => releaseGroups(tree, { group });
    const builds: readonly ((tree: Key) => Change)[] = [
      (tree) => moveGroup(tree, { group }),
      (tree) => moveGroup(tree, { group, node }),
      (tree) => offlineGroup(tree, { group }),
      (tree) => onlineGroup(tree, { group }),
      (tree) => onlineGroup(tree, { group }),
      release,
      (tree) => pauseNode(tree, { node, drain: true }),
      (tree) => resumeNode(tree, { node }),
      (tree) => resumeNode(tree, { node, failback: "now" }),
    ];
    const build = random.pick(builds);
    if (build === release) this.cluster.releaseAsked(group);
    await this.change(random, build);
  }
}
