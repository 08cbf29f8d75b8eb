/**
 * A cluster whose parts lag behind each other as badly as they can: every node sees its own old copy of the database, updates lie
 * around for any time before they are ordered, hosts take any time for a step, nodes die and come back. What really runs is known here,
 * so two owners at a time are seen at once.
 */
import { holds } from "../../src/database/apply.ts";
import type { Change } from "../../src/database/change.ts";
import { drainStatus, nodeState, runtimeNodePath } from "../../src/database/schema.ts";
import { type ClusterState, readState } from "../../src/database/state.ts";
import { decide } from "../../src/failover/decide.ts";
import { closeDifference, type OwnerAction } from "../../src/failover/owner.ts";
import { nodeFacts } from "../../src/failover/leader-loop.ts";
import { applyEdits, type Edit } from "../../src/tree/edit.ts";
import { fileTime, type Key } from "../../src/tree/key.ts";
import { dword, sz } from "../../src/tree/value.ts";
import { ModelHost } from "./model-host.ts";
import type { Scenario } from "./scenario.ts";

interface WorldNode {
  readonly id: string;
  alive: boolean;
  life: number;
  /** Which of the trees it sees. */
  copy: number;
  host: ModelHost;
}

export class World {
  readonly trees: Key[];
  readonly nodes: readonly WorldNode[];
  readonly #waiting: Change[] = [];
  /** Everything that happened, for the message of a failing test. */
  readonly story: string[] = [];
  now: number;

  constructor(scenario: Scenario) {
    this.trees = [scenario.tree];
    this.now = scenario.now;
    const ids = [...readState(scenario.tree).nodes.keys()];
    this.nodes = ids.map((id) => ({ id, alive: true, life: 0, copy: 0, host: new ModelHost() }));
  }

  get tree(): Key {
    return this.trees.at(-1) as Key;
  }

  state(): ClusterState {
    return readState(this.tree);
  }

  /** The leader decides on a copy that is `lag` updates old; its updates are ordered at once or later. */
  lead(lag: number, late: boolean): void {
    const state = readState(this.trees[Math.max(0, this.trees.length - 1 - lag)] as Key);
    for (const action of decide({ state, nodes: nodeFacts(state, 1), now: this.now, hour: 12 })) {
      if (action.update !== undefined) this.submit(action.update, late);
    }
  }

  /** A node closes its difference by its own copy. */
  own(node: WorldNode, late: boolean): void {
    if (!node.alive) return;
    const state = readState(this.trees[node.copy] as Key);
    node.host.forgetOlder(state, node.id);
    const input = { state, me: node.id, incarnation: lifeName(node), running: node.host.running, nowBoot: this.now };
    for (const action of closeDifference(input)) {
      if ("update" in action) this.submit(action.update, late);
      else this.#step(node, state, action);
    }
  }

  #step(node: WorldNode, state: ClusterState, action: OwnerAction): void {
    if (action.kind === "wake" || "update" in action) return;
    if (action.kind === "online") this.#checkOrder(node, state, action.resource);
    this.story.push(`node ${node.id} (copy ${node.copy}): ${action.kind} ${action.resource}: ${action.because}`);
    node.host.begin(state, action, this.now);
  }

  #checkOrder(node: WorldNode, state: ClusterState, resource: string): void {
    for (const provider of state.resources.get(resource)?.dependsOn ?? []) {
      if (node.host.running.get(provider)?.phase !== "online")
        throw new Error(`${resource} comes online before ${provider}`);
    }
  }

  submit(change: Change, late = false): void {
    if (late) this.#waiting.push(change);
    else this.#order(change);
  }

  /** Some update that was lying around is ordered now. */
  deliver(which: number): void {
    const [change] = this.#waiting.splice(which % Math.max(1, this.#waiting.length), 1);
    if (change !== undefined) this.#order(change);
  }

  #order(change: Change): void {
    const broken = change.conditions.some((condition) => !holds(this.tree, condition));
    this.story.push(`${broken ? "refused" : `update ${this.trees.length}`}: ${change.because}`);
    if (!broken) this.trees.push(applyEdits(this.tree, change.edits, fileTime(this.now)));
  }

  #record(edits: readonly Edit[], what: string): void {
    this.story.push(`update ${this.trees.length}: ${what}`);
    this.trees.push(applyEdits(this.tree, edits, fileTime(this.now)));
  }

  catchUp(node: WorldNode, by: number): void {
    node.copy = Math.min(this.trees.length - 1, node.copy + by);
  }

  /** The service dies; its host kills everything. Only now may the leader record it as down. */
  crash(node: WorldNode): void {
    if (!node.alive) return;
    node.alive = false;
    node.host = new ModelHost();
    this.story.push(`node ${node.id} dies`);
  }

  /** Membership records that a dead node is down; `because` as membership writes it. */
  recordDown(node: WorldNode, because: "proof" | "waited"): void {
    if (node.alive || this.state().nodes.get(node.id)?.state === nodeState.down) return;
    const path = runtimeNodePath(node.id);
    const values = [dword("State", nodeState.down), sz("DownBecause", because)];
    this.#record(
      values.map((value) => ({ kind: "set-value", path, value })),
      `node ${node.id} is down (${because})`,
    );
  }

  /** A new life joins; the copy it starts with is `lag` updates older than its join. */
  restart(node: WorldNode, lag = 0): void {
    if (node.alive) return;
    node.alive = true;
    node.life += 1;
    const path = runtimeNodePath(node.id);
    const values = [dword("State", nodeState.up), sz("Incarnation", lifeName(node)), dword("Epoch", 1)];
    this.#record(
      values.map((value) => ({ kind: "set-value", path, value })),
      `node ${node.id} joins in life ${node.life}`,
    );
    node.copy = Math.max(0, this.trees.length - 1 - lag);
  }

  /** Throws when something runs in two places. */
  check(): void {
    const where = new Map<string, string>();
    for (const node of this.nodes) {
      for (const [resource, entry] of node.host.running) {
        if (entry.phase === "offline" || entry.phase === "failed") continue;
        const other = where.get(resource);
        if (other !== undefined) throw new Error(`${resource} runs on nodes ${other} and ${node.id}`);
        where.set(resource, node.id);
      }
    }
  }

  /** Everything catches up, every step ends well, until nothing changes; answers the rounds that took. */
  settle(): number {
    for (let round = 1; round <= 60; round += 1) {
      const before = this.tree;
      while (this.#waiting.length > 0) this.deliver(0);
      this.lead(0, false);
      for (const node of this.nodes) {
        this.catchUp(node, Number.POSITIVE_INFINITY);
        for (const resource of node.host.pending()) node.host.finish(resource, this.now);
        this.own(node, false);
        this.check();
      }
      this.now += 60_000;
      const busy = this.nodes.some((node) => node.host.pending().length > 0);
      if (before === this.tree && !busy) return round;
    }
    throw new Error("it never comes to rest");
  }

  /** What is not as it should be once everything is at rest. */
  unrest(): string[] {
    const state = this.state();
    const found: string[] = [];
    for (const group of state.groups.values()) {
      if (group.moveTo !== undefined) found.push(`${group.name} still moves`);
      if (group.owner === undefined) found.push(`${group.name} has no owner`);
    }
    for (const node of state.nodes.values())
      if (node.drainStatus === drainStatus.inProgress) found.push(`${node.name} still drains`);
    return found;
  }
}

function lifeName(node: WorldNode): string {
  return node.life === 0 ? `life-${node.id}` : `life-${node.id}-${node.life}`;
}
