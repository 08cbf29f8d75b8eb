/** A whole cluster in a world: the real services and hosts on one machine, applications, and every report that the checkers need. */
import { createHash } from "node:crypto";
import type { Outside } from "../../base/outside.ts";
import { requestsPath } from "../../database/apply.ts";
import type { ServiceNode } from "../../daemon/service-node.ts";
import type { ClusterIdentity, Quorum } from "../../quorum/quorum.ts";
import { compareTags, firstTag, formatTag, parseTag, type Tag } from "../../quorum/tag.ts";
import { contentDigest } from "../../tree/content.ts";
import { findKey, type Key, valuesOf } from "../../tree/key.ts";
import { textOf } from "../../tree/value.ts";
import type { ApplicationRun } from "../applications.ts";
import { createJudge, type Judge } from "../checkers/all.ts";
import type { EventOf } from "../checkers/events.ts";
import type { SimProcess } from "../process.ts";
import { randomFrom } from "../random.ts";
import { createWorld, type World, type WorldSpec } from "../world.ts";
import { drawGround, fenceAgent, type FencingGround } from "./fencing-ground.ts";
import { addHostPrograms, programName } from "./host-programs.ts";
import { install } from "./install.ts";
import { missingVersions } from "./named-versions.ts";
import { type ServiceStarts, serviceProgram } from "./service-program.ts";
import { dataOf, machine, quorumPlace, settingName } from "./place.ts";
import { PowerSwitch } from "./power-switch.ts";
import { SimDisks } from "./sim-disks.ts";
import { SimEtcd } from "./sim-etcd.ts";
import { sharedDisks, SimPlaces } from "./sim-places.ts";
import { Writers } from "./writers.ts";

/** Which cluster to set up: `nodes` nodes, with `keepTrace` lines of trace kept (none unless given). */
export interface ClusterSpec {
  readonly seed: string | number;
  readonly nodes: number;
  readonly keepTrace?: number;
  /** The first application depends on a disk, and a spare disk lies beside it. */
  readonly disks?: boolean;
  /** The quorum is a simulated etcd instead of a folder. */
  readonly etcd?: boolean;
  /** The quorum is moved while everything runs. */
  readonly moves?: boolean;
  /** Each node has a machine of its own, which can be switched off. */
  readonly fencing?: boolean;
}

/** Two Physical Disk resources in one group: the application depends on the first one. Resources are called as their disks. */
export interface DiskPair {
  readonly disks: SimDisks;
  readonly of: SimGroup;
  readonly old: string;
  readonly fresh: string;
}

/** A group with the resource in it; both are called by the same name. */
export interface SimGroup {
  readonly name: string;
  readonly group: string;
  readonly resource: string;
  /** The registry key with its settings, checkpointed; they are the application's environment. */
  readonly key: string;
}

/** A backup, with what it certainly holds. */
export type Restorable = Pick<EventOf<"restored">, "kept" | "settings" | "held">;

/** A service that runs now. */
export interface RunningService {
  readonly node: string;
  readonly process: SimProcess;
  readonly service: ServiceNode;
  /** Whether it leads or follows a leader now. */
  isMember(): boolean;
}

/** A simulated machine with a formed cluster of real services and hosts; what happens in it is told to the judge. */
export class SimCluster {
  readonly world: World;
  readonly judge: Judge = createJudge();
  readonly nodes: readonly string[];
  readonly groups: readonly SimGroup[];
  readonly identity: ClusterIdentity;
  readonly diskPair: DiskPair | undefined;
  /** The quorum, where it is one. */
  readonly etcd: SimEtcd | undefined;
  /** Where the quorum may be. */
  readonly places: SimPlaces;
  /** Where nodes are fenced. */
  readonly ground: FencingGround | undefined;
  readonly powerSwitch: PowerSwitch;
  /** Called when the newest database has changed. */
  readonly newestObservers: ((tree: Key) => void)[] = [];
  readonly #writers = new Writers(this);
  /** By host, the life that it is of. */
  readonly #lives = new WeakMap<SimProcess, string>();
  /** The newest database. */
  #newestTree: Key | undefined;
  /** Every new generation comes from a move of the quorum, which takes nothing back. */
  readonly #moves: boolean;
  /** Hears every line of the hosts' logs. */
  readonly hostObservers: ((node: string, event: string, fields: Readonly<Record<string, unknown>>) => void)[] = [];
  /** Called when any replica has changed, with its tree. */
  readonly treeObservers: ((tree: Key, tag: Tag, node: string) => void)[] = [];
  /** The highest generation that a replica was seen in. */
  generation: number = firstTag.generation;
  /** The highest tag that a replica was seen at. */
  #newest: Tag = firstTag;
  /** The backup that a restore would put back. */
  restorable: Restorable | undefined;
  /** What else every start of a service does. */
  starts: ServiceStarts | undefined;
  /** Version files that a person deleted by mistake: `{GUID}/0000000n.CPT`. */
  readonly lostByHand: Set<string> = new Set<string>();
  readonly #services = new Map<SimProcess, RunningService>();

  constructor(spec: ClusterSpec) {
    this.#moves = spec.moves === true;
    this.nodes = Array.from({ length: spec.nodes }, (_, i) => String(i + 1));
    if (spec.fencing === true) this.ground = drawGround(randomFrom(spec.seed).stream("fencing"), this.nodes);
    const shared = this.#moves ? { shared: sharedDisks } : {};
    const worldSpec = { seed: spec.seed, machines: [machine], keepTrace: spec.keepTrace ?? 0, ...shared };
    this.world = createWorld({ ...worldSpec, ...(this.ground && worldOn(machine, this.ground)) });
    this.powerSwitch = new PowerSwitch(this.world);
    this.world.program(fenceAgent, this.powerSwitch.agent);
    this.identity = { name: "sim", instance: this.guid(), generation: firstTag.generation, lineage: this.guid() };
    this.groups = Array.from({ length: 3 }, (_, i) => ({
      name: `app${i + 1}`,
      group: this.guid(),
      resource: this.guid(),
      key: `SOFTWARE\\app${i + 1}`,
    }));
    this.etcd = spec.etcd === true ? new SimEtcd(this.world) : undefined;
    this.places = new SimPlaces(this.world, this.etcd);
    const where = { openQuorum: this.places.open, ...(this.#moves ? { places: this.places } : {}) };
    const [of] = this.groups;
    const { applications } = this.world;
    if (spec.disks === true && of !== undefined)
      this.diskPair = { disks: new SimDisks(2), of, old: this.guid(), fresh: this.guid() };
    addHostPrograms(
      this.world,
      applications.program({ atStart: async (run, _outside, environment) => this.#found(run, environment) }),
      {
        ...where,
        ...(this.diskPair && { disks: this.diskPair.disks }),
        ...(this.ground && { isReal: true }),
        began: (process, { incarnation }) => this.#lives.set(process, incarnation),
        heard: (process, event, fields) => {
          for (const observe of this.hostObservers) observe(process.node, event, fields);
        },
      },
    );
    this.world.program(
      programName.service,
      serviceProgram(
        this.world,
        {
          opened: (service, stdio) => this.#opened(service, stdio.process),
          starts: () => this.starts,
          logged: (stdio, event, fields) => this.#heard(stdio.process, event, fields),
        },
        where,
      ),
    );
    this.world.freezeObservers.push(({ name, frozen }) => this.#frozen(name, frozen));
    applications.observers.push((run, what) => {
      const { resource, node } = run;
      this.judge.see({
        kind: what === "started" ? "application-started" : "application-ended",
        at: this.world.now,
        run: run.run,
        resource,
        node,
      });
    });
  }

  /** A GUID from the seed. */
  guid(): string {
    const bytes = this.world.random.stream(`guid ${this.#guids++}`).bytes(16);
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  }

  /** Installs the machine, creates the cluster and starts every node's service under a supervisor. */
  async start(): Promise<void> {
    const { world } = this;
    await world.complete(install(this));
    // Of what a killed host left, nothing is known for as long as its node stays away.
    const isSlow = this.ground !== undefined && world.random.stream("restarts").chance(0.5);
    const restartAfter = isSlow ? ([50, 6000] as const) : ([50, 400] as const);
    for (const node of this.nodes) {
      const spec = { command: programName.service, args: [dataOf(node)], environment: {}, output: "none" } as const;
      world.supervise({ machine: this.machineOf(node), node, spec, restartAfter });
    }
  }

  /** Services that run, in order of their nodes. */
  services(): RunningService[] {
    return [...this.#services.values()]
      .filter(({ process }) => process.alive)
      .sort((a, b) => Number(a.node) - Number(b.node));
  }

  /** The running service of a node. */
  serviceOf(node: string): RunningService | undefined {
    return this.services().find((each) => each.node === node);
  }

  /** The quorum in a place, past every fault. */
  inspect(outside: Outside, place: string = quorumPlace): Promise<Quorum> {
    return this.places.open(outside, undefined, place);
  }

  /**
   * Whether faults may hit this process by itself: services and hosts. A guard only where nothing rests on it, because what a loose node
   * runs is free by a proof or a confirmation alone.
   */
  readonly isVictim = ({ name, node }: SimProcess): boolean =>
    name === programName.service ||
    name === programName.host ||
    (name === programName.guard && this.ground?.get(node)?.isLoose === true);

  /** Where a node is. */
  machineOf(node: string): string {
    return this.ground?.get(node)?.machine ?? machine;
  }

  /** The lives of nodes of which something of this application runs. */
  livesOf(name: string): string[] {
    const processes = this.world.applications.processesOf(name);
    return processes.flatMap(({ parent }) => (parent && this.#lives.get(parent)) ?? []);
  }

  releaseAsked(group: string): void {
    const asked = this.groups.find((each) => each.group === group);
    if (asked !== undefined) this.judge.see({ kind: "release-asked", at: this.world.now, resource: asked.name });
  }

  settingAcknowledged(about: Restorable["settings"][number]): void {
    this.judge.see({ kind: "setting-acknowledged", at: this.world.now, ...about });
    this.#acknowledged.set(about.resource, about);
  }

  /** What of each setting is acknowledged. */
  acknowledgedSettings(): Restorable["settings"] {
    return [...this.#acknowledged.values()];
  }

  #guids = 0;
  #acknowledged = new Map<string, Restorable["settings"][number]>();

  #opened(service: ServiceNode, process: SimProcess): void {
    const { node } = process;
    this.#writers.listen(node, service);
    this.#services.set(process, {
      node,
      process,
      service,
      isMember: () => service.database.life()?.isMember() ?? false,
    });
    process.atDeath.push(() => this.#services.delete(process));
    const incarnation = process.label;
    let known = service.database.tag();
    service.database.replica.onChange((tree, _before, tag) => {
      const at = this.world.now;
      if (tag.generation > this.generation) this.#renewed(tag.generation);
      for (const observe of this.treeObservers) observe(tree, tag, node);
      if (compareTags(tag, this.#newest) > 0) this.#advanced(service, node, tree, tag);
      const next = tag.generation === known.generation && tag.sequence === known.sequence + 1;
      const requestId = next ? requestAt(tree, tag) : undefined;
      if (requestId !== undefined) this.judge.see({ kind: "update-applied", at, node, incarnation, requestId, tag });
      else if (tag.sequence !== known.sequence || tag.generation !== known.generation)
        this.judge.see({ kind: "replica-reset", at, node, incarnation, tag });
      known = tag;
    });
  }

  /** Only of the newest database: what an older one names may be deleted in a newer one, and gone. */
  #advanced({ database, quorum }: ServiceNode, node: string, tree: Key, tag: Tag): void {
    const [before, last] = [this.#newestTree, this.#newest];
    [this.#newestTree, this.#newest] = [tree, tag];
    for (const observe of this.newestObservers) observe(tree);
    const isNext = last.generation === tag.generation && last.sequence + 1 === tag.sequence;
    if (before !== undefined && isNext) this.#writers.applied(requestAt(tree, tag) ?? "", before, tree);
    const of = { generation: tag.generation, lineage: database.replica.lineage() };
    const find = (path: string): boolean => this.places.has(quorum.place, path);
    const missing = missingVersions(find, quorum.place, tree, of).filter(
      (path) => ![...this.lostByHand].some((file) => path.endsWith(file)),
    );
    this.judge.see({ kind: "versions-named", at: this.world.now, node, missing });
  }

  /** Of a loose node nobody else runs it before the machine is certainly off. */
  #frozen(name: string, frozen: boolean): void {
    const kind = frozen ? "application-frozen" : "application-thawed";
    const there = this.world.applications.runs.filter((run) => run.ended === undefined && run.machine === name);
    for (const { node, run } of there)
      if (this.ground?.get(node)?.isLoose !== true) this.judge.see({ kind, at: this.world.now, run });
  }

  /** What an application finds in its environment as it starts. */
  #found({ resource, node }: ApplicationRun, environment: Readonly<Record<string, string>>): void {
    const value = Number(environment[settingName] ?? 0);
    this.judge.see({ kind: "setting-found", at: this.world.now, resource, node, setting: settingName, value });
  }

  #renewed(generation: number): void {
    this.generation = generation;
    if (this.#moves) return;
    const restorable = this.restorable ?? { kept: firstTag, settings: [] };
    this.judge.see({ kind: "restored", at: this.world.now, generation, ...restorable });
    this.#acknowledged = new Map(restorable.settings.map((each) => [each.resource, each]));
  }

  #heard(process: SimProcess, event: string, fields: Readonly<Record<string, unknown>>): void {
    const tag = event === "leading" ? parseTag(String(fields["tag"])) : undefined;
    if (tag === undefined) return;
    this.judge.see({ kind: "leader-started", at: this.world.now, node: process.node, incarnation: process.label, tag });
  }
}

/** Machines of their own, and the person's; all of them see the quorum and the backups. */
function worldOn(person: string, ground: FencingGround): Pick<WorldSpec, "machines" | "shared" | "kernels"> {
  const nodes = [...ground.values()];
  return {
    machines: [person, ...nodes.map((one) => one.machine)],
    shared: { "/quorum": "quorum", "/backups": "backups" },
    kernels: new Map(nodes.map((one) => [one.machine, one.watchdog])),
  };
}

/** The request that made this tag, by the database's own bookkeeping. */
export function requestAt(tree: Key, tag: Tag): string | undefined {
  const text = formatTag(tag);
  const requests = findKey(tree, requestsPath);
  const all = requests === undefined ? [] : [...valuesOf(requests)];
  return all.findLast((value) => textOf(value) === text)?.name;
}

/** What a replica holds, times left out. */
export function digestOf(tree: Key): string {
  return contentDigest(tree, (chunks) => {
    const hash = createHash("sha256");
    for (const chunk of chunks) hash.update(chunk);
    return hash.digest("hex");
  });
}
