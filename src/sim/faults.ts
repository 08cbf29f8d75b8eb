/**
 * Faults from a seed, at random times and at random calls, within a budget: when it is spent (or at `heal`) everything
 * is put right again, and from then on the cluster must come to rest by itself. What each kind may hit is in DESIGN.md.
 */
import type { CallFault, CallHook, CallView, Range } from "./kernel.ts";
import type { SimProcess } from "./process.ts";
import type { RandomStream } from "./random.ts";
import type { World } from "./world.ts";

/** Every kind of fault that is drawn for any world; DESIGN.md says what each hits. */
export const faultKinds = [
  "kill",
  "pause",
  "stop",
  "partition",
  "one-way-cut",
  "power-loss",
  "blackout",
  "slow-disk",
  "sync-failure",
  "write-error",
  "full-disk",
  "clock-jump",
  "late-frames",
  "kill-node",
  "stop-node",
  "mute-node",
  "failing-wire",
] as const;

/** One kind of fault; the last one where each node has a machine of its own. */
export type FaultKind = (typeof faultKinds)[number] | "freeze-machine";

/** What goes wrong in one world, how often and for how long. */
export interface FaultPlan {
  /** Kinds to draw from; a kind named twice comes twice as often. */
  readonly kinds: readonly FaultKind[];
  /** Milliseconds between two faults. */
  readonly gap: Range;
  /** How long a fault lasts that has a duration. */
  readonly lasts: Range;
  /** How long a process stands still. */
  readonly pause: Range;
  /** The chance that a call through the door is paused before or after. */
  readonly callPause: number;
  /** The chance that a process is killed at a call. */
  readonly callKill: number;
  /** The chance that a fault comes at a commit: a link, or a rename on the quorum's disk. */
  readonly atCommit: number;
  /** Faults in all, those at calls included; when they are spent the injector heals. */
  readonly budget: number;
  /** Which processes may be paused, stopped and killed one by one. */
  readonly victim: (process: SimProcess) => boolean;
}

/** A plan drawn from a seed: each world gets its own few kinds, since too many at once hide each other. */
export function drawPlan(random: RandomStream, budget: number, victim: FaultPlan["victim"]): FaultPlan {
  const wanted = random.between(2, 6);
  const kinds = new Set<FaultKind>();
  while (kinds.size < wanted) kinds.add(random.pick(faultKinds));
  const longest = random.pick([300, 2000, 8000]);
  const drawn: FaultPlan = {
    kinds: [...kinds],
    gap: [0, random.pick([200, 1000, 4000])],
    lasts: [10, longest],
    pause: [1, random.pick([50, 500, 3000])],
    callPause: random.pick([0, 0.0002, 0.002]),
    callKill: random.pick([0, 0, 0.0005]),
    atCommit: random.pick([0, 0, 0.05]),
    budget,
    victim,
  };
  const length = random.pick(["any", "any", "any", "long", "brink"] as const);
  return length === "any" ? drawn : { ...drawn, ...faultLengths[length] };
}

/** Lengths that the times of the permits make interesting. */
export type FaultLength = "long" | "brink";

/** One fault after the other, with time between them for the cluster to get over it. */
export const faultLengths: Readonly<Record<FaultLength, Pick<FaultPlan, "gap" | "lasts" | "pause">>> = {
  /** They outlast every time of the permits. */
  long: { gap: [200, 2500], lasts: [1000, 5000], pause: [300, 4000] },
  /** About as long as a permit, the wait for a challenge, and what a host gets to kill. */
  brink: { gap: [200, 2500], lasts: [300, 1200], pause: [300, 1200] },
};

type Undo = () => void;

/** Carries a plan out on a world. */
export class FaultInjector {
  /** Faults so far. */
  spent = 0;
  readonly #world: World;
  readonly #plan: FaultPlan;
  readonly #random: RandomStream;
  readonly #undo = new Set<Undo>();
  readonly #usualLateChance: number;
  #active = false;
  #hook: CallHook | undefined;

  constructor(world: World, plan: FaultPlan) {
    this.#world = world;
    this.#plan = plan;
    this.#random = world.random.stream("faults");
    this.#usualLateChance = world.network.settings.lateChance;
  }

  get active(): boolean {
    return this.#active;
  }

  start(): void {
    this.#active = true;
    this.#hook = (process, call) => {
      this.#atCommit(call);
      return this.#atCall(process);
    };
    this.#world.hooks.add(this.#hook);
    this.#next();
  }

  /** One fault more, whatever was spent: somebody is cut off or stands still, and comes back by itself. */
  disturb(): void {
    const undo = this.#inject(this.#random.pick(["stop", "stop-node", "partition", "mute-node"]));
    if (undo !== undefined) this.#undoLater(undo);
  }

  /** Ends every fault that lasts, continues, connects and powers on everything; nothing more is injected. */
  heal(): void {
    this.#active = false;
    if (this.#hook !== undefined) this.#world.hooks.delete(this.#hook);
    for (const undo of this.#undo) undo();
    this.#undo.clear();
    this.#world.heal();
  }

  #next(): void {
    this.#world.scheduler.after(this.#draw(this.#plan.gap), () => {
      if (!this.#active) return;
      if (this.spent >= this.#plan.budget) return this.heal();
      this.#strike();
      this.#next();
    });
  }

  #strike(): void {
    this.spent++;
    const kind = this.#random.pick(this.#plan.kinds);
    const undo = this.#inject(kind);
    if (undo !== undefined) this.#undoLater(undo);
  }

  #undoLater(undo: Undo): void {
    this.#undo.add(undo);
    this.#world.scheduler.after(this.#draw(this.#plan.lasts), () => {
      if (this.#undo.delete(undo)) undo();
    });
  }

  /** What is linked or renamed there decides: who leads, what a checkpoint is, which generation is in force. */
  #atCommit({ name, disk }: CallView): void {
    const commits = name === "files.link" || (name === "files.rename" && disk === "quorum");
    if (!commits || this.spent >= this.#plan.budget || !this.#random.chance(this.#plan.atCommit)) return;
    this.#world.trace.add("fault at a commit");
    // After the call was made, not in the middle of its being looked at.
    this.#world.scheduler.after(0, () => {
      if (this.#active) this.#strike();
    });
  }

  #atCall(process: SimProcess): CallFault | undefined {
    const { callPause, callKill, budget, victim, pause } = this.#plan;
    if (this.spent >= budget || !victim(process)) return undefined;
    if (this.#random.chance(callKill)) {
      this.spent++;
      return { kill: this.#random.pick(["before", "after"] as const) };
    }
    if (!this.#random.chance(callPause)) return undefined;
    this.spent++;
    const ms = this.#draw(pause);
    return this.#random.chance(0.5) ? { pauseBefore: ms } : { pauseAfter: ms };
  }

  #inject(kind: FaultKind): Undo | undefined {
    switch (kind) {
      case "kill":
        return this.#onVictim((process) => this.#world.kill(process));
      case "pause":
        return this.#onVictim((process) => this.#world.pauseProcess(process, this.#draw(this.#plan.pause)));
      case "stop":
        return this.#onVictim((process) => {
          process.setStopped(true);
          return () => process.setStopped(false);
        });
      case "partition":
      case "one-way-cut":
        return this.#cut(kind === "partition");
      case "mute-node":
        return this.#mute();
      case "failing-wire":
        return this.#failingWire();
      case "power-loss":
        return this.#powerLoss([this.#random.pick([...this.#world.machines.keys()])]);
      case "freeze-machine":
        return this.#freeze(this.#oneNode().machine);
      case "blackout":
        return this.#powerLoss([...this.#world.machines.keys()]);
      case "full-disk":
        return this.#fullDisk();
      case "clock-jump":
        this.#world.jumpWallClock(
          this.#random.pick([...this.#world.machines.keys()]),
          this.#random.between(-86_400_000, 86_400_000),
        );
        return undefined;
      case "late-frames":
        return this.#lateFrames();
      case "kill-node":
        return this.#onNode((process) => this.#world.kill(process));
      case "stop-node":
        return this.#onNode((process) => {
          process.setStopped(true);
          return () => process.setStopped(false);
        });
      default:
        return this.#troubledDisk(kind);
    }
  }

  #onVictim(hit: (process: SimProcess) => Undo | void): Undo | undefined {
    const victims = this.#world.processes.alive().filter((process) => this.#plan.victim(process));
    if (victims.length === 0) return undefined;
    const victim = this.#random.pick(victims);
    this.#world.trace.add(`fault hits ${victim.label}`);
    return hit(victim) ?? undefined;
  }

  /** All victims of one node at the same instant. */
  #onNode(hit: (process: SimProcess) => Undo | void): Undo | undefined {
    const victims = this.#world.processes.alive().filter((process) => this.#plan.victim(process));
    if (victims.length === 0) return undefined;
    const { node } = this.#random.pick(victims);
    this.#world.trace.add(`fault hits node ${node}`);
    return all(victims.filter((process) => process.node === node).map((process) => hit(process)));
  }

  /** Between two nodes, machines or processes of the cluster. */
  #cut(both: boolean): Undo | undefined {
    const parties = [...new Set(this.#world.processes.alive().flatMap((each) => [each.node, each.machine.name]))];
    if (parties.length < 2) return undefined;
    const a = this.#random.pick(parties);
    const others = parties.filter((each) => each !== a);
    const b = this.#random.pick(others);
    return both ? this.#world.network.partition(a, b) : this.#world.network.cut(a, b);
  }

  /** What a node says reaches no other one; it still hears them. */
  #mute(): Undo | undefined {
    const { node, others } = this.#oneNode();
    return all(others.map((other) => this.#world.network.cut(node, other)));
  }

  /** A node hears all others late, and after a while none of them hears it any more. */
  #failingWire(): Undo | undefined {
    const { node, others } = this.#oneNode();
    const { network, scheduler } = this.#world;
    const late = this.#draw([50, 1000]);
    const undo = others.map((other) => network.slow(other, node, late));
    const silent = scheduler.after(this.#draw([0, 1000]), () => {
      undo.push(...others.map((other) => network.cut(node, other)));
    });
    return () => {
      silent.cancel();
      all(undo)();
    };
  }

  #oneNode(): { readonly node: string; readonly machine: string | undefined; readonly others: readonly string[] } {
    const victims = this.#world.processes.alive().filter(this.#plan.victim);
    const nodes = [...new Set(victims.map((each) => each.node))];
    const node = nodes.length === 0 ? "" : this.#random.pick(nodes);
    const machine = victims.find((each) => each.node === node)?.machine.name;
    return { node, machine, others: nodes.filter((each) => each !== node) };
  }

  #powerLoss(machines: readonly string[]): Undo {
    for (const name of machines) this.#world.powerOff(name);
    return () => {
      for (const name of machines) this.#world.powerOn(name);
    };
  }

  #freeze(machine: string | undefined): Undo | undefined {
    if (machine === undefined) return undefined;
    this.#world.freeze(machine);
    // Mostly longer than it takes the others to find it silent and to wait for the end of its permit.
    if (this.#random.chance(0.4)) return () => this.#world.thaw(machine);
    this.#world.scheduler.after(this.#draw([1500, 8000]), () => this.#world.thaw(machine));
    return undefined;
  }

  #fullDisk(): Undo {
    const disk = this.#random.pick([...this.#world.disks.values()]);
    this.#world.trace.add(`disk ${disk.name} is full`);
    disk.full = true;
    return () => {
      disk.full = false;
    };
  }

  #lateFrames(): Undo {
    const { network } = this.#world;
    network.settings = { ...network.settings, lateChance: 0.4 };
    this.#world.trace.add("frames are late");
    return () => {
      network.settings = { ...network.settings, lateChance: this.#usualLateChance };
    };
  }

  #troubledDisk(kind: FaultKind): Undo {
    const disk = this.#random.pick([...this.#world.disks.keys()]);
    const slowest = this.#random.pick([20, 80, 400]);
    this.#world.trace.add(`disk ${disk} has trouble: ${kind}`);
    const hook: CallHook = (_process, call) => {
      if (call.disk !== disk) return undefined;
      if (kind === "slow-disk") return { delay: this.#draw([0, slowest]) };
      const struck = kind === "sync-failure" ? /\.sync(Folder)?$/ : /\.write$/;
      return struck.test(call.name) && this.#random.chance(0.3) ? { error: "EIO" } : undefined;
    };
    this.#world.hooks.add(hook);
    return () => {
      this.#world.hooks.delete(hook);
      this.#world.trace.add(`disk ${disk} is well again`);
    };
  }

  #draw(range: Range): number {
    return range[0] + this.#random.fraction() * (range[1] - range[0]);
  }
}

function all(undo: readonly (Undo | void)[]): Undo {
  return () => {
    for (const each of undo) each?.();
  };
}
