/** One run of a cluster from one seed: start, faults and work, healing, rest, judgement. */
import { Failure } from "../../base/errors.ts";
import { OutsideError } from "../../base/outside.ts";
import type { ClusterEvent, Violation } from "../checkers/events.ts";
import { drawPlan, FaultInjector, type FaultKind, type FaultLength, faultLengths, type FaultPlan } from "../faults.ts";
import { randomFrom, type RandomStream } from "../random.ts";
import { type ClusterSpec, SimCluster } from "./cluster.ts";
import { Fencer } from "./fencer.ts";
import { Forcer } from "./forcer.ts";
import { Freezer } from "./freezer.ts";
import { Keeper } from "./keeper.ts";
import { Mover } from "./mover.ts";
import { NodeRestorer } from "./node-restorer.ts";
import { Recoverer } from "./recoverer.ts";
import { Replacer } from "./replacer.ts";
import { checkVersions, comeToRest } from "./rest.ts";
import { Workload } from "./workload.ts";

/** What to run: everything that is not given comes from the seed, so the seed alone names a run. */
export interface RunSpec {
  readonly seed: string | number;
  /** 3 to 5; drawn from the seed unless given. */
  readonly nodes?: number;
  /** Only these kinds of faults; drawn from the seed unless given. */
  readonly faults?: readonly FaultKind[];
  /** How long faults last; drawn from the seed unless given. */
  readonly lasting?: FaultLength;
  /** How often a restore is tried; drawn from the seed unless given. */
  readonly restores?: number;
  /** A person loses checkpoint files and re-creates them. */
  readonly recoveries?: boolean;
  /** Nodes are frozen for shadow copies, and not always thawed. */
  readonly shadows?: boolean;
  /** Restores hold every group; three of them unless `restores` says otherwise. */
  readonly holds?: boolean;
  /** The quorum is lost and formed anew by force; no restores then. */
  readonly forceQuorum?: boolean;
  /** Nodes are restored from VSS sets at their starts, once the whole cluster; no other restores then. */
  readonly nodeRestores?: boolean;
  /** An application depends on a disk, which fails and is replaced. */
  readonly disks?: boolean;
  /** The quorum is an etcd, with faults of its own; no restores then. */
  readonly etcd?: boolean;
  /** The quorum is moved while everything runs; no restores then. */
  readonly moves?: boolean;
  /** Each node has a machine of its own, which stands still, loses power and is fenced; restores only when asked for. */
  readonly fencing?: boolean;
  /** How many trace lines are kept; none unless given. */
  readonly keepTrace?: number;
}

/** What a run found, and what it takes to look into it. */
export interface RunResult {
  readonly seed: string | number;
  readonly nodes: number;
  /** In order of time; empty when every promise was kept. */
  readonly violations: readonly Violation[];
  /** Events by kind that the checkers saw. */
  readonly seen: ReadonlyMap<ClusterEvent["kind"], number>;
  readonly plan: FaultPlan;
  /** Virtual milliseconds. */
  readonly lasted: number;
  /** Same seed and code, same hash. */
  readonly hash: string;
  readonly trace: readonly string[];
}

/** How long everybody works at least, in virtual milliseconds. */
const leastWork = [3000, 12_000] as const;
/** Where each node has a machine of its own. */
const mostMachineFaults = ["freeze-machine", "freeze-machine", "freeze-machine", "kill-node", "power-loss"] as const;
/** The longest time in which faults come, in virtual milliseconds. */
const faultsUntil = 25_000;

/**
 * Runs one seed. Rejections that nobody awaits end a real process, so the caller, who alone can hear of them, hands them
 * in by `unhandled`.
 */
export async function runSeed(spec: RunSpec, unhandled: () => readonly unknown[] = () => []): Promise<RunResult> {
  const cluster = clusterOf(spec);
  const { world, judge } = cluster;
  const plan = planOf(spec, cluster);
  const workload = new Workload(cluster);
  const injector = new FaultInjector(world, plan);
  const authoritative = spec.forceQuorum !== true;
  const restorer = spec.nodeRestores === true ? new NodeRestorer(workload, { authoritative }) : undefined;
  await cluster.start();
  await world.run({ until: world.now + world.random.stream("calm").between(100, 3000) });
  const restores = restoresOf(spec, world.random);
  const keeper = new Keeper(workload, { restores, holds: spec.holds === true }, () => injector.disturb());
  workload.start(3);
  workload.keepAt("keeper", [300, 3000], (random) => keeper.act(random));
  if (spec.recoveries === true) keepRecovering(workload);
  const freezer = new Freezer(workload);
  if (spec.shadows === true) workload.keepAt("freezer", [200, 2500], (random) => freezer.act(random));
  const forcer = spec.forceQuorum === true ? new Forcer(workload) : undefined;
  if (forcer !== undefined) workload.keepAt("forcer", [500, 4000], (random) => forcer.act(random));
  restorer?.start();
  const replacer = cluster.diskPair && new Replacer(workload, cluster.diskPair);
  if (replacer !== undefined) workload.keepAt("replacer", [300, 3000], (random) => replacer.act(random));
  const fencer = cluster.ground && new Fencer(workload, cluster.ground);
  if (fencer !== undefined) workload.keepAt("fencer", [200, 1500], (random) => fencer.act(random));
  const mover = spec.moves === true ? keepMoving(workload, plan, injector) : undefined;
  injector.start();
  if (mover?.calm !== true) cluster.places.trouble();
  const workUntil = world.now + world.random.stream("work").between(...leastWork);
  await world.run({ until: world.now + faultsUntil, when: () => !injector.active });
  injector.heal();
  if (cluster.etcd !== undefined || mover !== undefined) await world.run({ until: workUntil - 1000 });
  cluster.places.heal();
  cluster.powerSwitch.heal();
  await world.run({ until: Math.max(workUntil, world.now + 1000) });
  workload.stop();
  const forced = (await forcer?.end()) ?? [];
  const restored = (await restorer?.end()) ?? [];
  const why = await comeToRest(cluster, workload, { replacer, mover, fencer });
  const violations = [
    ...judge.finish(),
    ...crashes(cluster),
    ...(await keeper.check()),
    ...(await checkVersions(cluster)),
    ...freezer.violations,
    ...forced,
    ...(replacer?.check() ?? []),
    ...((await mover?.check()) ?? []),
    ...restored,
    ...unhandled().map((error) => broken("unhandled-rejection", world.now, error)),
  ];
  if (why !== undefined)
    violations.push({ checker: "comes-to-rest", at: world.now, what: `The cluster found no rest: ${why}.` });
  return {
    seed: spec.seed,
    nodes: cluster.nodes.length,
    violations,
    seen: judge.seen,
    plan,
    lasted: world.now,
    hash: world.trace.hash(),
    trace: world.trace.lines(),
  };
}

function keepRecovering(workload: Workload): void {
  const recoverer = new Recoverer(workload);
  workload.keepAt("recoverer", [100, 1500], (random) => recoverer.act(random));
}

function keepMoving(workload: Workload, plan: FaultPlan, injector: FaultInjector): Mover {
  const mover = new Mover(workload, { calm: plan.budget === 0, disturb: () => injector.disturb() });
  workload.keepAt("mover", [500, 5000], (random) => mover.act(random));
  return mover;
}

function planOf({ lasting, faults, moves, fencing }: RunSpec, { world, isVictim }: SimCluster): FaultPlan {
  // Only where nothing fails must every move succeed.
  const calm = moves === true && world.random.stream("calm moves").chance(0.2);
  const budget = calm ? 0 : world.random.stream("budget").between(2, 25);
  const drawn = drawPlan(world.random.stream("plan"), budget, isVictim);
  const possible: readonly (FaultLength | undefined)[] = fencing === true ? [undefined, "long", "long", "brink"] : [];
  const lengths = lasting ?? (fencing === true ? world.random.stream("lengths").pick(possible) : undefined);
  // Of a node that comes back soon nothing is unknown for long.
  const machines: readonly FaultKind[] = fencing === true ? [...mostMachineFaults] : [];
  const kinds = faults ?? [...drawn.kinds, ...machines];
  return { ...drawn, ...(lengths === undefined ? {} : faultLengths[lengths]), kinds };
}

function clusterOf({ seed, keepTrace = 0, disks, etcd, moves, fencing, ...spec }: RunSpec): SimCluster {
  const given: Omit<ClusterSpec, "nodes"> = {
    seed,
    keepTrace,
    disks: disks === true,
    etcd: etcd === true,
    moves: moves === true,
    fencing: fencing === true,
  };
  const nodes = spec.nodes ?? randomFrom(seed).stream("nodes").pick([3, 3, 3, 4, 5]);
  return new SimCluster({ ...given, nodes });
}

/** What is given up is known only of one kind of restore at a time. */
function restoresOf(spec: RunSpec, random: RandomStream): number {
  const { restores, holds, forceQuorum, nodeRestores, etcd, moves, fencing } = spec;
  if ([forceQuorum, nodeRestores, etcd, moves].includes(true)) return 0;
  if (fencing === true) return restores ?? 0;
  return restores ?? (holds === true ? 3 : random.stream("restores").pick([0, 0, 1, 2]));
}

/** A program may end because its disk failed; anything else that nobody caught is a mistake in it. */
function crashes(cluster: SimCluster): Violation[] {
  return cluster.world.crashes
    .filter(({ error }) => !(error instanceof Failure) && !(error instanceof OutsideError))
    .map(({ at, process, error }) => ({ ...broken("crash", at, error), what: `${process}: ${textOf(error)}` }));
}

function broken(checker: string, at: number, error: unknown): Violation {
  return { checker, at, what: textOf(error) };
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
