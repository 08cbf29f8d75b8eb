/** Deletes checkpoint files by mistake and re-creates them from what is live: a person with document 003 in hand. */
import { recoverySource } from "../../api/recovery-source.ts";
import { readRecords } from "../../checkpoint/records.ts";
import { recreate } from "../../recovery/recovery.ts";
import { versionFile, versionFolder, generationName } from "../../quorum/rules.ts";
import type { RandomStream } from "../random.ts";
import { quorumPlace } from "./place.ts";
import type { Workload } from "./workload.ts";

/** How long a re-creation may take, in virtual milliseconds. */
const limit = 30_000;

/** One a cluster. */
export class Recoverer {
  readonly #workload: Workload;

  constructor(workload: Workload) {
    this.#workload = workload;
  }

  async act(random: RandomStream): Promise<void> {
    if (random.chance(0.4)) this.#lose(random);
    else await this.#recreate(random);
  }

  #lose(random: RandomStream): void {
    const { cluster } = this.#workload;
    const on = this.#workload.anyService(random);
    const { resource, name } = random.pick(cluster.groups);
    if (on === undefined) return;
    const [current] = readRecords(on.service.database.tree(), resource)?.current ?? [];
    if (current === undefined) return;
    const file = `${versionFolder(resource)}/${versionFile({ number: current.number, kind: "CPT" })}`;
    const of = { generation: on.service.database.tag().generation, lineage: on.service.database.replica.lineage() };
    const path = `${quorumPlace}/generation/${generationName(of)}/${file}`;
    const disk = cluster.world.disk("quorum");
    if (disk.find(path) === undefined) return;
    cluster.lostByHand.add(file);
    disk.unlink(path, cluster.world.now);
    cluster.world.trace.add(`a person deletes version ${current.number} of ${name}`);
  }

  async #recreate(random: RandomStream): Promise<void> {
    const { cluster } = this.#workload;
    const on = this.#workload.anyService(random);
    const { resource } = random.pick(cluster.groups);
    if (on === undefined) return;
    const all = random.chance(0.3);
    // Whoever does not look first leaves out what may be older.
    const request = { ...(all ? {} : { resources: [resource] }), deleteFirst: random.chance(0.4), newestOnly: true };
    const report = await this.#workload.attempt(
      () => recreate(recoverySource(on.service), request, () => undefined),
      limit,
    );
    const { reCreated = 0, same = 0, failed = 0 } = report?.counts ?? {};
    cluster.world.trace.add(`re-creation: ${reCreated} re-created, ${same} the same, ${failed} failed`);
  }
}
