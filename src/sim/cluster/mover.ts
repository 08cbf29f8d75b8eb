/** Moves the quorum from place to place while everything runs, and breaks what takes part in it. */
import { Failure } from "../../base/errors.ts";
import { readIfThere } from "../../base/read-if-there.ts";
import { longPermit } from "../../membership/long-permit.ts";
import type { Violation } from "../checkers/events.ts";
import type { CallHook } from "../kernel.ts";
import type { SimProcess } from "../process.ts";
import type { RandomStream } from "../random.ts";
import type { RunningService } from "./cluster.ts";
import type { SimPlace } from "./sim-places.ts";
import type { Workload } from "./workload.ts";
import { dataOf, machine } from "./place.ts";

/** How long one move may take, in virtual milliseconds. */
const limit = 60_000;

/** What a mover's world is like. */
export interface MoverSpec {
  /** Nothing fails in this run: every move succeeds, and no host ends. */
  readonly calm: boolean;
  /** Makes another node unreachable or stand still for a while. */
  readonly disturb: () => void;
}

/** One a cluster, one move at a time. */
export class Mover {
  readonly #workload: Workload;
  readonly #spec: MoverSpec;
  /** Places that a move went back from, or that were left by one that was done: never in force again. */
  readonly #out = new Map<string, string>();
  readonly #violations: Violation[] = [];
  #moved = 0;
  #asked = 0;

  constructor(workload: Workload, spec: MoverSpec) {
    this.#workload = workload;
    this.#spec = spec;
    workload.cluster.hostObservers.push((node, event, fields) => {
      if (spec.calm && event === "host ends" && !workload.over)
        this.#wrong(`the host of node ${node} ends although nothing fails: ${JSON.stringify(fields)}`);
    });
  }

  /** Nothing is to fail. */
  get calm(): boolean {
    return this.#spec.calm;
  }

  async act(random: RandomStream): Promise<void> {
    const { cluster } = this.#workload;
    const on = this.#workload.anyService(random);
    if (on === undefined || !on.isMember()) return;
    const to = cluster.places.fresh(random);
    const from = on.service.quorum.place;
    cluster.world.trace.add(`move of the quorum from ${from} to ${to.place} begins on node ${on.node}`);
    const stop = this.#spec.calm ? undefined : this.#trouble(random, on);
    const outcome = await this.#workload.attempt(() => carryOut(on, to), limit);
    stop?.();
    const said = outcome instanceof Failure ? `${outcome.name} ${outcome.happened} ${outcome.unchanged}` : outcome;
    cluster.world.trace.add(`move to ${to.place}: ${said ?? "failed or is not known"}`);
    this.#asked++;
    if (said === "moved") {
      this.#moved++;
      this.#out.set(from, "it was left");
    } else if (this.#spec.calm)
      this.#wrong(`the move to ${to.place} failed although nothing fails: ${said ?? "no answer"}`);
    // After every other answer either place may be the one.
    if (outcome instanceof Failure && outcome.unchanged.includes("was not moved"))
      this.#out.set(to.place, "its move went back");
  }

  /** What a move that was cut short must have come to, once faults are over. */
  unrest(): string | undefined {
    const { cluster } = this.#workload;
    const services = cluster.services();
    const places = new Set(services.map(({ service }) => service.quorum.place));
    if (places.size > 1) return `nodes are in ${[...places].join(" and ")}`;
    const long = services.find(({ service }) => longPermit(service.database.tree()) !== undefined);
    return long && `node ${long.node} sees permits longer than usual`;
  }

  /** At rest: one place is in force, none that was left or that a move went back from, and nobody has a move under way. */
  async check(): Promise<readonly Violation[]> {
    const { cluster } = this.#workload;
    const { world } = cluster;
    const outside = world.outside(machine, "inspector");
    for (const { node, service } of cluster.services()) {
      const why = this.#out.get(service.quorum.place);
      if (why !== undefined) this.#wrong(`node ${node} is in ${service.quorum.place} although ${why}`);
      const found = await world.complete(readIfThere(outside.files, `${dataOf(node)}/restore/move.json`));
      if (found !== undefined) this.#wrong(`node ${node} has a move under way at rest`);
    }
    if (this.#spec.calm && this.#asked > 0 && this.#moved === 0)
      this.#wrong("no move succeeded although nothing fails");
    return this.#violations;
  }

  #wrong(what: string): void {
    this.#violations.push({ checker: "quorum-moved", at: this.#workload.cluster.world.now, what });
  }

  /** Mostly something that takes part fails, at whatever step. Resolves with what takes the trap away. */
  #trouble(random: RandomStream, on: RunningService): (() => void) | undefined {
    const { world } = this.#workload.cluster;
    const kind = random.pick(["none", "mover dies", "mover stands still", "node dies", "another"] as const);
    const strike = (): void => {
      world.trace.add(`fault in the move: ${kind}`);
      if (kind === "mover dies") world.kill(on.process);
      if (kind === "mover stands still") world.pauseProcess(on.process, random.between(100, 12_000));
      if (kind === "node dies")
        for (const process of world.processes.alive())
          if (process.node === on.node && isOfNode(process)) world.kill(process);
      if (kind === "another") this.#spec.disturb();
    };
    if (kind === "none") return undefined;
    if (random.chance(0.5)) {
      const alarm = world.scheduler.after(random.between(0, 6000), strike);
      return () => alarm.cancel();
    }
    return this.#atStep(random, on.process, strike);
  }

  /** Before one of the steps that the mover makes on disks. */
  #atStep(random: RandomStream, process: SimProcess, strike: () => void): () => void {
    const { hooks, scheduler } = this.#workload.cluster.world;
    let left = random.between(1, 120);
    const hook: CallHook = (caller, { mutates, about }) => {
      if (caller !== process || !mutates || !/\/q\d*\b|move\.json|\/etcd\//.test(about) || --left > 0) return undefined;
      hooks.delete(hook);
      scheduler.after(0, strike);
      return undefined;
    };
    hooks.add(hook);
    return () => void hooks.delete(hook);
  }
}

const isOfNode = ({ name }: SimProcess): boolean => name === "clubar-service" || name === "clubar-host";

/** "moved", or why not; what is no answer of the product is thrown. */
async function carryOut(on: RunningService, to: SimPlace): Promise<"moved" | Failure> {
  try {
    await on.service.moveQuorum.carryOut({ kind: to.kind, place: to.place });
    return "moved";
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}
