/** A world: simulated machines, processes, disks and wires in one real process, under virtual time, from one seed. */
import { OutsideError } from "../base/outside.ts";
import type { Outside, ProgramSpec, Timers } from "../base/outside.ts";
import { Applications } from "./applications.ts";
import { Disk, type PowerLoss } from "./disk.ts";
import { SimDoor } from "./door.ts";
import { openFiles } from "./files.ts";
import type { CallHook, Kernel, Latencies, Range } from "./kernel.ts";
import { newGuid } from "../base/guid.ts";
import { KernelFiles } from "./kernel-files.ts";
import { Machine } from "./machine.ts";
import { Network, type NetworkSettings } from "./network.ts";
import type { SimProcess } from "./process.ts";
import { ProcessTable, type Crash, type Program } from "./processes.ts";
import { randomFrom, type RandomStream } from "./random.ts";
import { Scheduler } from "./scheduler.ts";
import { turns } from "./settle.ts";
import { SimWatchdog } from "./sim-watchdog.ts";
import { Trace } from "./trace.ts";

/** What a world is made of. */
export interface WorldSpec {
  readonly seed: string | number;
  readonly machines: readonly string[];
  /** Mount point → name of a disk that every machine sees there; `{"/quorum": "quorum"}` unless given. */
  readonly shared?: Readonly<Record<string, string>>;
  /** Machines whose kernel shows /proc and, where a number stands, a watchdog that fires after so many milliseconds. */
  readonly kernels?: ReadonlyMap<string, number | undefined>;
  readonly latencies?: Partial<Latencies>;
  readonly network?: Partial<NetworkSettings>;
  /** How far a machine's clocks run fast or slow at most; 0.0002 (200 ppm) unless given. */
  readonly maxDrift?: number;
  /** How far wall clocks are off at first at most, in milliseconds; 500 unless given. */
  readonly maxWallOffset?: number;
  /** How many trace lines stay readable; 100 000 unless given. */
  readonly keepTrace?: number;
}

/** A program that the machine's init keeps running. */
export interface Supervised {
  readonly machine: string;
  readonly node: string;
  readonly spec: ProgramSpec;
  /** From its end (or the machine's boot) to the next start. */
  readonly restartAfter: Range;
}

/** "stalled": no event is left, so nothing will ever happen again. */
export type RunEnd = "reached" | "time" | "stalled";

const usualLatencies: Latencies = {
  file: [0.02, 0.3],
  sync: [0.3, 4],
  frame: [0.05, 1],
  timer: [0, 1],
  start: [5, 40],
  kill: [0.1, 2],
  tied: [0.1, 200],
};

const usualNetwork: NetworkSettings = {
  breaksAfter: [1000, 15_000],
  connectTimeout: [1000, 3000],
  powerLossNoticed: [500, 10_000],
  lateChance: 0,
  late: [10, 800],
};

/** Makes a world at virtual time 0 in which nothing happens yet. */
export function createWorld(spec: WorldSpec): World {
  return new World(spec);
}

/** The world; nothing in it moves except while `run` or `complete` is awaited. */
export class World {
  readonly scheduler: Scheduler = new Scheduler();
  readonly trace: Trace;
  readonly random: RandomStream;
  readonly latencies: Latencies;
  readonly machines: Map<string, Machine> = new Map();
  readonly disks: Map<string, Disk> = new Map();
  readonly network: Network;
  readonly processes: ProcessTable;
  readonly applications: Applications;
  readonly hooks: Set<CallHook> = new Set();
  /** Hears of every machine that stands still, and goes on. */
  readonly freezeObservers: ((machine: Machine) => void)[] = [];
  readonly #kernel: Kernel;
  readonly #latencyRandom: RandomStream;
  readonly #outsides = new Map<string, Opened>();
  /** What init keeps running, with its newest process. */
  readonly #supervised = new Map<Supervised, SimProcess | undefined>();
  #supervising = true;

  constructor(spec: WorldSpec) {
    this.trace = new Trace(() => this.scheduler.now, spec.keepTrace ?? 100_000);
    this.random = randomFrom(spec.seed);
    this.#latencyRandom = this.random.stream("latency");
    this.latencies = { ...usualLatencies, ...spec.latencies };
    this.#kernel = {
      scheduler: this.scheduler,
      trace: this.trace,
      random: this.random.stream("kernel"),
      latencies: this.latencies,
      hooks: this.hooks,
      draw: (range) => range[0] + this.#latencyRandom.fraction() * (range[1] - range[0]),
      kill: (process, end) => this.processes.end(process, end),
    };
    this.network = new Network(this.#kernel, { ...usualNetwork, ...spec.network });
    this.processes = new ProcessTable(this.#kernel, (process, folder) => this.#open(process, folder));
    this.applications = new Applications(() => this.scheduler.now);
    for (const name of spec.machines) this.#addMachine(name, spec);
    this.processes.onStart.push((process) => process.setFrozen(process.machine.frozen));
  }

  get now(): number {
    return this.scheduler.now;
  }

  /** Uncaught errors of simulated programs so far. */
  get crashes(): readonly Crash[] {
    return this.processes.crashes;
  }

  /** Makes a program known by the name of its command. */
  program(name: string, main: Program): void {
    this.processes.programs.set(name, main);
  }

  /** A process of the caller's own, made at the first call; `node` is the process's name unless given. */
  outside(machine: string, name: string, node: string = name): Outside {
    const key = `${machine}/${name}`;
    const known = this.#outsides.get(key);
    if (known?.process.alive === true) return known.outside;
    const process = this.processes.add(this.machine(machine), name, node, undefined);
    const opened = { process, ...this.#open(process, "/") };
    this.#outsides.set(key, opened);
    return opened.outside;
  }

  machine(name: string): Machine {
    const machine = this.machines.get(name);
    if (machine === undefined) throw new Error(`The world has no machine ${name}.`);
    return machine;
  }

  disk(name: string): Disk {
    const disk = this.disks.get(name);
    if (disk === undefined)
      throw new Error(`The world has no disk ${name}; it has ${[...this.disks.keys()].join(", ")}.`);
    return disk;
  }

  /** Processes by name (`service`) or label prefix (`m1/service`) that live now, oldest first. */
  find(name: string, node?: string): SimProcess[] {
    return this.processes
      .alive()
      .filter(
        (each) =>
          (each.name === name || each.label.startsWith(`${name}#`)) && (node === undefined || each.node === node),
      );
  }

  /** Starts the program now and again whenever it ended, until `stopSupervising`. */
  supervise(supervised: Supervised): void {
    this.#supervised.set(supervised, undefined);
    this.#restart(supervised, 0);
  }

  stopSupervising(): void {
    this.#supervising = false;
  }

  /**
   * Runs until virtual time `until` (it is that time then) or until `when` holds, looked at after every event.
   * Without `until`, a `when` that never comes true runs for ever unless the world stalls.
   */
  run(goal: { readonly until?: number; readonly when?: () => boolean }): Promise<RunEnd> {
    const until = goal.until ?? Number.POSITIVE_INFINITY;
    return turns(() => {
      if (goal.when?.() === true) return "reached";
      const next = this.scheduler.next();
      if (next !== undefined && next <= until) return this.scheduler.step();
      if (until === Number.POSITIVE_INFINITY) return "stalled";
      this.scheduler.now = Math.max(until, this.scheduler.now);
      return next === undefined && goal.when !== undefined ? "stalled" : "time";
    });
  }

  /** Runs until the promise settles; fails when it takes longer than `limit` virtual milliseconds. */
  async complete<T>(promise: Promise<T>, limit: number = 60_000): Promise<T> {
    let settled = false;
    const outcome = promise.finally(() => {
      settled = true;
    });
    outcome.catch(() => undefined);
    const end = await this.run({ until: this.now + limit, when: () => settled });
    if (end !== "reached") throw new Error(`Not settled after ${limit} virtual milliseconds (${end}).`);
    return outcome;
  }

  /** SIGKILL at this instant. */
  kill(process: SimProcess): void {
    this.processes.end(process, { signal: "SIGKILL" });
  }

  /** The process stands still, as at any point of its code, for `ms`. */
  pauseProcess(process: SimProcess, ms: number): void {
    this.trace.add(`${process.label} paused ${Math.round(ms)} ms`);
    process.pause(ms);
  }

  /**
   * The machine goes dark: its processes are gone at once and nothing in flight happens. A disk loses what was not
   * synced when no machine with power is left that mounts it, because the others hold the same pages in memory.
   */
  powerOff(name: string, loss?: PowerLoss): void {
    const machine = this.machine(name);
    if (!machine.powered) return;
    this.trace.add(`${name} loses power`);
    machine.powered = false;
    machine.frozen = false;
    for (const process of this.processes.alive()) {
      if (process.machine === machine) this.processes.end(process, { signal: "power loss" }, true);
    }
    machine.watchdog?.reset();
    for (const { disk } of machine.mounts) if (!this.#isMounted(disk)) this.#loseDisk(disk, loss);
  }

  powerOn(name: string): void {
    const machine = this.machine(name);
    if (machine.powered) return;
    machine.boot(this.#newBootId(machine));
    this.trace.add(`${name} boots`);
    for (const each of this.#supervised.keys())
      if (each.machine === name) this.#restart(each, this.#kernel.draw(each.restartAfter));
  }

  /** Every process of the machine stands still until `thaw`; what was on its way in its kernel goes on. */
  freeze(name: string): void {
    this.#setFrozen(this.machine(name), true);
  }

  thaw(name: string): void {
    this.#setFrozen(this.machine(name), false);
  }

  jumpWallClock(name: string, byMs: number): void {
    this.trace.add(`${name} wall clock jumps ${byMs} ms`);
    this.machine(name).wallOffset += byMs;
  }

  /** Continues everything stopped, heals wires and disks, powers everything on. Hooks stay until their owner removes them. */
  heal(): void {
    this.trace.add("healed");
    this.network.heal();
    for (const disk of this.disks.values()) disk.full = false;
    for (const name of this.machines.keys()) this.thaw(name);
    for (const process of this.processes.alive()) process.resume();
    for (const machine of this.machines.values()) this.powerOn(machine.name);
  }

  #setFrozen(machine: Machine, frozen: boolean): void {
    if (!machine.powered || machine.frozen === frozen) return;
    this.trace.add(`${machine.name} ${frozen ? "stands still" : "goes on"}`);
    machine.frozen = frozen;
    for (const observe of this.freezeObservers) observe(machine);
    for (const process of this.processes.alive()) if (process.machine === machine) process.setFrozen(frozen);
  }

  #newBootId({ name }: Machine): string {
    return newGuid(this.random.stream(`boot id of ${name} at ${this.now}`));
  }

  /** The kernel of a machine whose watchdog has fired begins anew. */
  #reset(name: string): void {
    this.trace.add(`the watchdog of ${name} fires`);
    this.powerOff(name);
    this.scheduler.after(this.#kernel.random.between(300, 2000), () => this.powerOn(name));
  }

  #addKernelFiles(machine: Machine, kernels: ReadonlyMap<string, number | undefined>): void {
    const { name } = machine;
    if (!kernels.has(name)) return;
    machine.bootId = this.#newBootId(machine);
    const timeout = kernels.get(name);
    const device = timeout && new SimWatchdog(timeout, this.scheduler, () => this.#reset(name));
    if (device) machine.watchdog = device;
    machine.kernelFiles = new KernelFiles(name, {
      processes: () => this.processes.alive().filter((process) => process.machine === machine),
      bootId: () => machine.bootId,
      watchdog: device ? { timeout: device.timeout, device } : undefined,
    });
  }

  #isMounted(disk: Disk): boolean {
    return [...this.machines.values()].some((each) => each.powered && each.mounts.some((mount) => mount.disk === disk));
  }

  #loseDisk(disk: Disk, loss: PowerLoss | undefined): void {
    const random = this.#kernel.random;
    const chosen: PowerLoss = loss ?? {
      names: random.pick(["none-kept", "all-kept", "prefix-kept"] as const),
      data: random.pick(["none-kept", "all-kept", "prefix-kept", "sectors-kept"] as const),
    };
    this.trace.add(`disk ${disk.name}: names ${chosen.names}, data ${chosen.data}`);
    disk.losePower(chosen, random);
  }

  #restart(supervised: Supervised, after: number): void {
    const machine = this.machine(supervised.machine);
    this.scheduler.after(after, () => {
      if (!this.#supervising || !machine.powered || this.#supervised.get(supervised)?.alive === true) return;
      const launched = this.processes.launch(machine, supervised.node, supervised.spec);
      if (launched === undefined) throw new OutsideError("ENOENT", supervised.spec.command);
      this.#supervised.set(supervised, launched.process);
      launched.process.atDeath.push(() => {
        if (machine.powered) this.#restart(supervised, this.#kernel.draw(supervised.restartAfter));
      });
    });
  }

  #addMachine(name: string, spec: WorldSpec): void {
    const random = this.random.stream(`machine ${name}`);
    const mounts = [{ at: "/", disk: this.#addDisk(`root of ${name}`, []) }];
    for (const [at, disk] of Object.entries(spec.shared ?? { "/quorum": "quorum" })) {
      mounts.push({ at, disk: this.disks.get(disk) ?? this.#addDisk(disk, [at]) });
    }
    const spread = (most: number): number => (random.fraction() * 2 - 1) * most;
    const machine = new Machine(name, mounts, this.scheduler, {
      rate: 1 + spread(spec.maxDrift ?? 0.0002),
      wallOffset: spread(spec.maxWallOffset ?? 500),
      upFor: random.fraction() * 1_000_000,
      firstPid: 1000 + this.machines.size * 1_000_000,
    });
    this.machines.set(name, machine);
    if (spec.kernels !== undefined) this.#addKernelFiles(machine, spec.kernels);
  }

  #addDisk(name: string, folders: readonly string[]): Disk {
    const disk = new Disk(name);
    for (const folder of folders) disk.makeFolder(folder, 0);
    disk.syncAll();
    this.disks.set(name, disk);
    return disk;
  }

  #open(process: SimProcess, folder: string): { outside: Outside; door: SimDoor } {
    const { machine } = process;
    const door = new SimDoor(process, this.#kernel);
    const view = { diskOf: (path: string) => machine.diskOf(path), wall: () => machine.clock.wall(), folder };
    const opened = openFiles(view, door);
    process.atDeath.push(() => opened.closeAll());
    const random = this.random.stream(`random of ${process.label} ${process.identity.started}`);
    const outside: Outside = {
      clock: machine.clock,
      timers: this.#timersOf(process, door),
      random: { bytes: (count) => random.bytes(count) },
      files: opened.files,
      net: this.network.netOf(process, door, folder),
      processes: this.processes.processesOf(process, door),
    };
    return { outside, door };
  }

  #timersOf(process: SimProcess, door: SimDoor): Timers {
    return {
      sleep: async (ms, signal) => {
        const { promise: aborted, resolve } = Promise.withResolvers<void>();
        const stop = (): void => void this.scheduler.after(0, () => process.whenRunning(resolve));
        if (signal?.aborted === true) {
          stop();
          return aborted;
        }
        signal?.addEventListener("abort", stop, { once: true });
        const [least, most] = this.latencies.timer;
        const virtual = Math.max(0.01, ms) / process.machine.rate;
        const call = { name: "timers.sleep", about: String(ms), mutates: false, effect: () => undefined };
        await Promise.race([door.call(call, [virtual + least, virtual + most]), aborted]);
        signal?.removeEventListener("abort", stop);
      },
    };
  }
}

interface Opened {
  readonly outside: Outside;
  readonly process: SimProcess;
}
