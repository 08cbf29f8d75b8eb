/** Changes one application's checkpointed setting on the node that runs it, again and again, and says what was acknowledged. */
import { runtimeGroupPath } from "../../database/schema.ts";
import { foldId } from "../../database/schema.ts";
import { readState } from "../../database/state.ts";
import { findValue } from "../../tree/key.ts";
import { dwordOf, sz } from "../../tree/value.ts";
import type { RandomStream } from "../random.ts";
import type { RunningService, SimGroup } from "./cluster.ts";
import type { Workload } from "./workload.ts";
import { settingName } from "./place.ts";

/** The only writer of its setting. */
export class SettingWriter {
  readonly #workload: Workload;
  readonly #group: SimGroup;
  #value = 0;

  constructor(workload: Workload, group: SimGroup) {
    this.#workload = workload;
    this.#group = group;
  }

  async act(random: RandomStream): Promise<void> {
    const on = this.#workload.cluster.services().find((each) => this.#online(each) !== undefined);
    if (on === undefined || this.#isCheckpointed(on)) await this.#write(on);
    else await this.#addCheckpoint(random);
  }

  /** From any node. */
  async #addCheckpoint(random: RandomStream): Promise<void> {
    const on = this.#workload.anyService(random);
    const { resource, key } = this.#group;
    await this.#workload.attempt(
      async () => on?.service.atOwner({ call: "add", resource, kind: "registry", path: key }),
      5_000,
    );
  }

  async #write(on: RunningService | undefined): Promise<void> {
    const { cluster } = this.#workload;
    const { name, key } = this.#group;
    if (on === undefined) return;
    const run = this.#online(on);
    const about = { resource: name, setting: settingName, value: ++this.#value };
    cluster.judge.see({ kind: "setting-written", at: cluster.world.now, ...about });
    const value = sz(settingName, String(this.#value));
    const { generation } = cluster;
    if (!isIn(on, generation)) return;
    const change = (): Promise<{ readonly pending: readonly string[] }> =>
      on.service.changeRegistry((registry) => registry.transact([{ kind: "set-value", path: key, value }]));
    const answer = await this.#workload.attempt(change, 10_000);
    // Only of a checkpoint of a resource that is online an answer means that a version is committed.
    if (answer === undefined || answer.pending.includes(key) || this.#online(on) !== run || !this.#isCheckpointed(on))
      return;
    if (cluster.generation === generation && isIn(on, generation)) cluster.settingAcknowledged(about);
  }

  /** As the node's own copy says; a restore may have taken it away. */
  #isCheckpointed({ service }: RunningService): boolean {
    return service.checkpoints.list(this.#group.resource).length > 0;
  }

  /** Which run of the resource is online there, as text; undefined: none. */
  #online({ service }: RunningService): string | undefined {
    const id = foldId(this.#group.resource);
    const running = service.life()?.owner.running().get(id);
    if (running?.phase !== "online") return undefined;
    const tree = service.database.tree();
    const group = readState(tree).resources.get(id)?.group ?? "";
    return `${running.since} ${dwordOf(findValue(tree, runtimeGroupPath(group), "OwnershipGeneration"))}`;
  }
}

/** A node that has not heard of a restore yet acknowledges what the restore gives up. */
function isIn({ service }: RunningService, generation: number): boolean {
  return service.database.tag().generation === generation;
}
