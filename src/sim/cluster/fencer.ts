/**
 * The administrator of a cluster that is fenced: switches machines on again, confirms that nodes are down whose machine is off, and asks
 * for nodes to be fenced. Tells the judge what still ran of a life when the database first had it as confirmed.
 */
import { wantFence } from "../../database/commands/fencing.ts";
import { confirmNodeDown } from "../../database/commands/node.ts";
import { nodeState, runtimeNodePath } from "../../database/schema.ts";
import { type NodeState, readState } from "../../database/state.ts";
import { fail } from "../../base/errors.ts";
import { findValue, type Key } from "../../tree/key.ts";
import { textOf } from "../../tree/value.ts";
import type { RandomStream } from "../random.ts";
import type { FencingGround } from "./fencing-ground.ts";
import type { Workload } from "./workload.ts";

/** One a cluster that is fenced. */
export class Fencer {
  readonly #workload: Workload;
  readonly #ground: FencingGround;
  /** By node, the life that was confirmed last. */
  readonly #confirmed = new Map<string, string>();

  constructor(workload: Workload, ground: FencingGround) {
    this.#workload = workload;
    this.#ground = ground;
    workload.cluster.newestObservers.push((tree) => {
      for (const node of workload.cluster.nodes) this.#look(tree, node);
    });
  }

  async act(random: RandomStream): Promise<void> {
    const { cluster } = this.#workload;
    if (random.chance(0.1)) this.#switchOn(random.pick(cluster.nodes));
    const on = this.#workload.anyService(random);
    const nodes = on === undefined ? [] : [...readState(on.service.database.tree()).nodes.values()];
    const down = nodes.find(({ state, confirmedDown }) => state === nodeState.down && !confirmedDown);
    if (down !== undefined && !this.#isOn(down.id)) await this.#confirm(random, down);
    else if (down !== undefined && random.chance(0.2)) await this.#fence(random, down);
  }

  /** In the end every machine is on. */
  mend(): void {
    for (const node of this.#workload.cluster.nodes) this.#switchOn(node);
  }

  #isOn(node: string): boolean {
    return this.#workload.cluster.world.machine(this.#machineOf(node)).powered;
  }

  #switchOn(node: string): void {
    this.#workload.cluster.world.powerOn(this.#machineOf(node));
  }

  #machineOf(node: string): string {
    return this.#ground.get(node)?.machine ?? "";
  }

  /** A person who stands before the machine sees that it is off, and says so in that moment. */
  #confirm(random: RandomStream, { id, name }: NodeState): Promise<void> {
    return this.#workload.change(random, (tree) => {
      if (this.#isOn(id)) throw fail("INVALID_STATE", { happened: `The machine of ${name} is on again.` });
      return confirmNodeDown(tree, { node: id, repeatedName: name, who: "a person" });
    });
  }

  #fence(random: RandomStream, { id }: NodeState): Promise<void> {
    const { world } = this.#workload.cluster;
    const attempt = this.#workload.cluster.guid();
    return this.#workload.change(random, (tree) =>
      wantFence(tree, { node: id, who: "a person", attempt, wall: world.now }),
    );
  }

  #look(tree: Key, node: string): void {
    const { cluster } = this.#workload;
    const incarnation = textOf(findValue(tree, runtimeNodePath(node), "ConfirmedDown"));
    if (incarnation === undefined || this.#confirmed.get(node) === incarnation) return;
    this.#confirmed.set(node, incarnation);
    const running = cluster.groups.filter(({ name }) => cluster.livesOf(name).includes(incarnation));
    const names = running.map(({ name }) => name);
    cluster.judge.see({ kind: "life-confirmed", at: cluster.world.now, node, incarnation, running: names });
  }
}
