/** Freezes nodes for shadow copies while everything else goes on, copies their hives and ClusDb, and often dies before the thaw. */
import { Failure } from "../../base/errors.ts";
import { readHive } from "../../hive/index.ts";
import { hivesAtRest, readHiveAtRest } from "../../registry/hive-at-rest.ts";
import type { Violation } from "../checkers/events.ts";
import type { RandomStream } from "../random.ts";
import type { RunningService } from "./cluster.ts";
import type { Workload } from "./workload.ts";

/** How long a freeze and what goes with it may take, in virtual milliseconds. */
const limit = 20_000;

/** One a cluster. */
export class Freezer {
  readonly violations: Violation[] = [];
  readonly #workload: Workload;

  constructor(workload: Workload) {
    this.#workload = workload;
  }

  async act(random: RandomStream): Promise<void> {
    const { cluster } = this.#workload;
    const on = this.#workload.anyService(random);
    if (on === undefined) return;
    const lasts = random.pick([500, 3000, 20_000, 60_000]);
    const frozen = await this.#workload.attempt(() => on.service.freeze(lasts), limit);
    if (frozen === undefined) return;
    await this.#workload.sleep(random.between(0, Math.min(2000, lasts)));
    const damage = await this.#workload.attempt(() => copy(on), limit);
    if (random.chance(0.4)) {
      cluster.world.trace.add(`a requester dies and leaves node ${on.service.node.name} frozen`);
      return;
    }
    const thawed = await this.#workload.attempt(async () => on.service.thaw(frozen.id), limit);
    cluster.world.trace.add(`thaw of node ${on.service.node.name}: ${thawed?.kept === true ? "kept" : "not kept"}`);
    if (thawed?.kept !== true || damage === undefined || damage === "") return;
    this.violations.push({
      checker: "shadow-copies",
      at: cluster.world.now,
      what: `What stood was not whole: ${damage}`,
    });
  }
}

/** What is damaged in a copy; "" when nothing is. A disk that refuses is no damage. */
async function copy({ service }: RunningService): Promise<string> {
  const { files } = service.parts.outside;
  const folder = `${service.data}/registry`;
  try {
    readHive(await files.read(`${service.data}/ClusDb`));
    for (const name of await hivesAtRest(files, folder)) await readHiveAtRest(files, folder, name);
    return "";
  } catch (error) {
    const damaged = error instanceof Failure && ["CLUSTERLOG_CORRUPT", "HIVE_CORRUPT"].includes(error.name);
    if (damaged) return error.happened;
    throw error;
  }
}
