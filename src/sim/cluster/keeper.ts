/** Takes backups now and then, and once in a while puts the cluster back to one of them: what a keeper of the cluster does. */
import { formatTag } from "../../quorum/tag.ts";
import { verifyBackup } from "../../backup/backup.ts";
import { Failure } from "../../base/errors.ts";
import type { Violation } from "../checkers/events.ts";
import type { CallHook } from "../kernel.ts";
import type { RandomStream } from "../random.ts";
import { machine, quorumPlace } from "./place.ts";
import type { Workload } from "./workload.ts";

/** How long a backup and a restore may take, in virtual milliseconds. */
const backupLimit = 20_000;
const restoreLimit = 90_000;

/** One keeper a cluster. */
export class Keeper {
  readonly #workload: Workload;
  /** Restores still to be tried. */
  #restores: number;
  /** Whether a restore holds every group. */
  readonly #holds: boolean;
  /** Places where a backup was reported to be finished. */
  readonly #places = new Set<string>();
  #restoring: string | undefined;
  /** Makes a node unreachable or stand still for a while. */
  readonly #disturb: () => void;

  constructor(
    workload: Workload,
    { restores, holds }: { readonly restores: number; readonly holds: boolean },
    disturb: () => void,
  ) {
    this.#workload = workload;
    this.#restores = restores;
    this.#holds = holds;
    this.#disturb = disturb;
  }

  async act(random: RandomStream): Promise<void> {
    if (this.#places.size > 0 && this.#restores > 0 && random.chance(0.5)) await this.#restore(random);
    else await this.#backUp(random);
  }

  async #backUp(random: RandomStream): Promise<void> {
    const { cluster } = this.#workload;
    const on = this.#workload.anyService(random);
    if (on === undefined) return;
    // The set that is restored stays as it is, so that what a restore gives up is known.
    const place = `/backups/${random.pick(["a", "b", "c"])}`;
    if (place === this.#restoring) return;
    const settings = cluster.acknowledgedSettings();
    const result = await this.#workload.attempt(() => on.service.backup(place), backupLimit);
    if (result === undefined) return;
    cluster.world.trace.add(`backup ${place} at ${formatTag(result.tag)} by node ${result.node}`);
    this.#places.add(place);
    if (this.#restoring === undefined && this.#restores > 0) {
      this.#restoring = place;
      cluster.restorable = {
        kept: result.tag,
        settings,
        held: this.#holds ? cluster.groups.map(({ name }) => name) : [],
      };
    }
  }

  async #restore(random: RandomStream): Promise<void> {
    const { cluster } = this.#workload;
    const on = this.#workload.anyService(random);
    const path = this.#restoring;
    if (on === undefined || path === undefined) return;
    this.#restores--;
    cluster.world.trace.add(`restore of ${path} begins on node ${on.node}`);
    if (random.chance(0.4)) this.#disturb();
    if (random.chance(0.6)) this.#disturbSwitch();
    // Otherwise groups whose settings are newer than the set's wait for a person.
    const usual = random.chance(0.7) ? { hold: false } : {};
    const how = this.#holds ? { hold: true } : usual;
    const outcome = await this.#workload.attempt(() => on.service.restore({ path, force: true, ...how }), restoreLimit);
    cluster.world.trace.add(
      `restore of ${path} ${outcome === undefined ? "failed or is not known" : `done at ${outcome.tag}`}`,
    );
  }

  /** Somebody does not hear of the new generation when it comes in force: what he runs ends with his permit. */
  #disturbSwitch(): void {
    const { hooks, scheduler } = this.#workload.cluster.world;
    const hook: CallHook = (_process, { name, about }) => {
      if (name !== "files.rename" || !about.endsWith(` → ${quorumPlace}/current`)) return undefined;
      hooks.delete(hook);
      scheduler.after(0, () => this.#disturb());
      return undefined;
    };
    hooks.add(hook);
  }

  /** A place where a backup was finished once holds a whole one ever after, whatever happened there since. */
  async check(): Promise<Violation[]> {
    const { cluster } = this.#workload;
    const outside = cluster.world.outside(machine, "inspector");
    const found: Violation[] = [];
    for (const place of this.#places) {
      const verified = verifyBackup(outside, place).then(
        ({ lines }) =>
          lines.filter(({ result }) => result === "DAMAGED").map(({ what, detail }) => `${what} ${detail}`),
        (error: unknown) => [error instanceof Failure ? error.message : String(error)],
      );
      const what = (await cluster.world.complete(verified)).join("; ");
      if (what !== "") found.push({ checker: "backups-whole", at: cluster.world.now, what: `${place}: ${what}` });
    }
    return found;
  }
}
