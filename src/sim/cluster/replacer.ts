/** A disk fails; a person has another one take its place, as `clubar recover disk` does, and asks again until it is done. */
import { Failure } from "../../base/errors.ts";
import { offlineGroup, onlineGroup } from "../../database/commands/group.ts";
import { resourceState } from "../../database/schema.ts";
import { readState } from "../../database/state.ts";
import { compareTags, formatTag, type Tag } from "../../quorum/tag.ts";
import { planDiskReplacement, type ReplaceDiskPlan } from "../../recovery/recovery.ts";
import { findValue, type Key } from "../../tree/key.ts";
import { dwordOf, multiSzOf, textOf } from "../../tree/value.ts";
import type { Violation } from "../checkers/events.ts";
import type { RandomStream } from "../random.ts";
import type { DiskPair, RunningService } from "./cluster.ts";
import type { Workload } from "./workload.ts";
import { diskName } from "./place.ts";

/** How long one replacement may take, in virtual milliseconds; afterwards it is asked for again. */
const limit = 10_000;

const asked = { old: diskName.old, with: diskName.fresh };
const before = [[diskName.old], diskName.old, `/srv/${diskName.old}`, `/srv/${diskName.fresh}`, ""];
const after = [[diskName.fresh], `${diskName.old} (lost)`, "", `/srv/${diskName.old}`, diskName.fresh];

/** One a cluster that has disks. */
export class Replacer {
  readonly #workload: Workload;
  readonly #pair: DiskPair;
  /** A person has decided that the disk is to be replaced: it failed, or will. */
  #decided = false;
  /** Where a replacement was acknowledged: whoever is there or later in its generation must have it. */
  #acknowledged: Tag | undefined;
  /** Of the newest database that a replica was seen at. */
  #newest: { readonly tag: Tag; readonly replaced: boolean } | undefined;
  #because = "nobody tried";
  /** Asked again after all faults, it was done. */
  #answeredAlready = false;
  readonly #said = new Set<string>();
  readonly #violations: Violation[] = [];

  constructor(workload: Workload, pair: DiskPair) {
    this.#workload = workload;
    this.#pair = pair;
    workload.cluster.treeObservers.push((tree, tag, node) => this.#look(tree, tag, node));
  }

  async act(random: RandomStream): Promise<void> {
    if (!this.#decided && random.chance(0.3)) this.#decide(random);
    else if (this.#decided && (!this.#isReplaced() || random.chance(0.2))) await this.#replace(random);
  }

  /** What is not yet as it should be in the end, by this database: a restore that ended late may have brought the old state back. */
  unrest(tree: Key): string | undefined {
    if (stateOf(tree, this.#pair) === "after" && this.#answeredAlready) return undefined;
    return `the disk is not replaced (${this.#because})`;
  }

  /** After the last fault: one more try. Resolves with whether it was done before, which it must be in the end. */
  async mend(random: RandomStream): Promise<boolean> {
    if (!this.#decided) this.#decide(random);
    if ((await this.#replace(random)) !== "already") return false;
    this.#answeredAlready = true;
    return true;
  }

  /** At rest: every replica has the new state, the new disk is mounted once and the old one is not. */
  check(): readonly Violation[] {
    const { cluster } = this.#workload;
    for (const { node, service } of cluster.services()) {
      const tree = service.database.tree();
      if (stateOf(tree, this.#pair) !== "after") this.#wrong(`node ${node} rests with ${this.#described(tree)}.`);
      const old = readState(tree).resources.get(this.#pair.old);
      if (old?.persistentState !== 0) this.#wrong(`On node ${node} the lost disk is to be online.`);
    }
    const mounted = [diskName.old, diskName.fresh].map((name) => cluster.world.applications.running(name).length);
    if (mounted.join() !== "0,1")
      this.#wrong(`In the end the old and the new disk are mounted ${mounted.join()} times.`);
    return this.#violations;
  }

  #wrong(what: string): void {
    if (this.#said.has(what)) return;
    this.#said.add(what);
    this.#violations.push({ checker: "disk-replaced", at: this.#workload.cluster.world.now, what });
  }

  #isReplaced(): boolean {
    return this.#newest?.replaced === true;
  }

  /** Mostly because it is gone; now and then a person replaces a disk that is still good. */
  #decide(random: RandomStream): void {
    this.#decided = true;
    const { world } = this.#workload.cluster;
    if (random.chance(0.25)) return;
    world.trace.add(`${diskName.old} fails`);
    this.#pair.disks.pull(diskName.old);
    // Otherwise the next look finds it gone.
    if (random.chance(0.5)) for (const process of world.applications.processesOf(diskName.old)) world.kill(process);
  }

  /** A replica changed: it has the old state or the new one, and the new one wherever it was acknowledged. */
  #look(tree: Key, tag: Tag, node: string): void {
    const state = stateOf(tree, this.#pair);
    if (state === "none") return;
    if (state === "between") this.#wrong(`Node ${node} at ${formatTag(tag)} has ${this.#described(tree)}.`);
    const told = this.#acknowledged;
    if (state !== "after" && told?.generation === tag.generation && compareTags(tag, told) >= 0)
      this.#wrong(`Node ${node} at ${formatTag(tag)} has lost what was acknowledged at ${formatTag(told)}.`);
    if (state === "after") this.#lookAtOld(tree, node);
    if (this.#newest !== undefined && compareTags(tag, this.#newest.tag) <= 0) return;
    // A disk that is replaced while it is mounted, or while its dependant runs, loses what they write.
    if (state === "after" && !this.#isReplaced() && this.#newest?.tag.generation === tag.generation) {
      const { applications } = this.#workload.cluster.world;
      const used = [diskName.old, this.#pair.of.name].filter((name) => applications.running(name).length > 0);
      if (used.length > 0) this.#wrong(`The disk is replaced at ${formatTag(tag)} while ${used.join(", ")} runs.`);
    }
    this.#newest = { tag, replaced: state === "after" };
  }

  #lookAtOld(tree: Key, node: string): void {
    const path = `Runtime\\Resources\\${this.#pair.old}`;
    const state = dwordOf(findValue(tree, path, "State"));
    if (state === resourceState.online || state === resourceState.onlinePending)
      this.#wrong(`Node ${node} has the replaced disk online (state ${state}).`);
  }

  #described(tree: Key): string {
    return `the disks ${JSON.stringify(found(tree, this.#pair))}`;
  }

  /** What the service's API does: a plan first, then the change, planned anew on the tree that it changes. */
  async #replace(random: RandomStream): Promise<ReplaceDiskPlan["result"] | undefined> {
    const on = this.#workload.anyService(random);
    if (on === undefined || stateOf(on.service.database.tree(), this.#pair) === "none") return undefined;
    const planned = this.#plan(on);
    if (planned === "in use") await this.#free(random);
    if (planned === undefined || planned === "in use") return undefined;
    if (planned.result === "already") {
      await this.#bringOnline(random);
      return "already";
    }
    const { service } = on;
    // Somebody else brings the group online at the same moment: the replacement comes before that, or not at all.
    if (random.chance(0.4)) {
      const { group } = this.#pair.of;
      void this.#workload.change(random, (tree) => onlineGroup(tree, { group }));
      await this.#workload.sleep(random.between(0, 10));
    }
    const tag = await this.#workload.attempt(
      () =>
        service.change(
          (tree) =>
            planDiskReplacement(tree, asked, service.quorum.place).change ?? {
              conditions: [],
              edits: [],
              because: "It is replaced already.",
            },
        ),
      limit,
    );
    if (tag === undefined) this.#because = `node ${on.node} did not carry it out`;
    else if (this.#acknowledged?.generation !== tag.generation) this.#acknowledged = tag;
    this.#workload.cluster.world.trace.add(`replacement ${tag === undefined ? "failed or is not known" : "done"}`);
    return undefined;
  }

  #plan({ node, service }: RunningService): ReplaceDiskPlan | "in use" | undefined {
    try {
      return planDiskReplacement(service.database.tree(), asked, service.quorum.place).plan;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#because = `node ${node}: ${error.happened}`;
      if (error.name === "RESOURCE_ONLINE") return "in use";
      this.#wrong(`Node ${node} refused to plan it: ${error.name} ${error.happened}`);
      return undefined;
    }
  }

  /** What the refusal says: the group goes offline first. */
  async #free(random: RandomStream): Promise<void> {
    await this.#workload.change(random, (tree) => offlineGroup(tree, { group: this.#pair.of.group }));
  }

  async #bringOnline(random: RandomStream): Promise<void> {
    const { group } = this.#pair.of;
    const on = this.#workload.anyService(random);
    const found = on && readState(on.service.database.tree()).groups.get(group);
    if (found?.wanted === false) await this.#workload.change(random, (tree) => onlineGroup(tree, { group }));
  }
}

/** Names for ids, so that a sentence can be read; "" for what is not there. */
function found(tree: Key, { of, old, fresh }: DiskPair): unknown[] {
  const nameOf = (id: string): string => (id === old ? diskName.old : id === fresh ? diskName.fresh : id);
  const text = (path: string, name: string): string => textOf(findValue(tree, `Resources\\${path}`, name)) ?? "";
  return [
    multiSzOf(findValue(tree, `Resources\\${of.resource}`, "DependsOn"))?.map(nameOf),
    text(old, "Name"),
    text(`${old}\\Parameters`, "MountPoint"),
    text(`${fresh}\\Parameters`, "MountPoint"),
    nameOf(text(old, "ReplacedBy")),
  ];
}

function stateOf(tree: Key, pair: DiskPair): "before" | "after" | "between" | "none" {
  if (findValue(tree, `Resources\\${pair.of.resource}`, "Name") === undefined) return "none";
  const is = JSON.stringify(found(tree, pair));
  return is === JSON.stringify(before) ? "before" : is === JSON.stringify(after) ? "after" : "between";
}
