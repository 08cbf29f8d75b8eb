/** One simulated process as its kernel sees it: running, stopped or dead, and what waits for it meanwhile. */
import type { ProcessEnd, ProcessIdentity, SignalName } from "../base/outside.ts";
import type { Machine } from "./machine.ts";
import type { Scheduler } from "./scheduler.ts";

/** A process; its code runs only while it is neither stopped nor dead. */
export class SimProcess {
  readonly name: string;
  readonly machine: Machine;
  /** The cluster node it belongs to; inherited by what it starts. */
  readonly node: string;
  readonly identity: ProcessIdentity;
  readonly parent: SimProcess | undefined;
  /** Door calls made so far. */
  calls = 0;
  end: ProcessEnd | undefined;
  /** What it was started with. */
  environment: Readonly<Record<string, string>> = {};
  /** The kernel kills it when its parent dies. */
  isTied = false;
  onUncaught: (error: unknown) => void = () => undefined;
  /** Runs once, when the process has just died; files, sockets and children hang on it. */
  readonly atDeath: ((powerLost: boolean) => void)[] = [];
  readonly signalHandlers: ((signal: SignalName) => void)[] = [];
  readonly #scheduler: Scheduler;
  readonly #waiting: (() => void)[] = [];
  #draining = false;
  #stopped = false;
  #frozen = false;
  readonly #pauses = new Set<object>();

  constructor(
    name: string,
    machine: Machine,
    node: string,
    identity: ProcessIdentity,
    parent: SimProcess | undefined,
    scheduler: Scheduler,
  ) {
    this.name = name;
    this.machine = machine;
    this.node = node;
    this.identity = identity;
    this.parent = parent;
    this.#scheduler = scheduler;
  }

  /** `n1/service#1004`. */
  get label(): string {
    return `${this.machine.name}/${this.name}#${this.identity.pid}`;
  }

  get alive(): boolean {
    return this.end === undefined;
  }

  get running(): boolean {
    return this.alive && !this.#stopped && !this.#frozen && this.#pauses.size === 0;
  }

  /** Does `run` as soon as the process runs: now, or in order when it continues, or never. */
  whenRunning(run: () => void): void {
    if (!this.alive) return;
    if (this.running && this.#waiting.length === 0) this.#run(run);
    else this.#waiting.push(run);
  }

  /** What a handler of the process throws ends the process, as an uncaught exception does. */
  #run(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.onUncaught(error);
    }
  }

  /** SIGSTOP and SIGCONT. */
  setStopped(stopped: boolean): void {
    this.#stopped = stopped;
    this.#drain();
  }

  /** The whole machine stands still; its processes can be killed meanwhile, as those of a frozen cgroup. */
  setFrozen(frozen: boolean): void {
    this.#frozen = frozen;
    this.#drain();
  }

  /** Stands still for `ms` of virtual time, as a process that the kernel does not schedule. */
  pause(ms: number): void {
    const pause = {};
    this.#pauses.add(pause);
    this.#scheduler.after(ms, () => {
      if (this.#pauses.delete(pause)) this.#drain();
    });
  }

  /** Ends every stop and pause. */
  resume(): void {
    this.#stopped = false;
    this.#pauses.clear();
    this.#drain();
  }

  die(end: ProcessEnd, powerLost: boolean): void {
    if (!this.alive) return;
    this.end = end;
    this.#waiting.length = 0;
    for (const run of this.atDeath.splice(0)) run(powerLost);
  }

  /** One waiting item an event, so that each has its own turn of the process's event loop. */
  #drain(): void {
    if (this.#draining || !this.running || this.#waiting.length === 0) return;
    this.#draining = true;
    this.#scheduler.after(0, () => {
      this.#draining = false;
      if (!this.running) return;
      const run = this.#waiting.shift();
      if (run !== undefined) this.#run(run);
      this.#drain();
    });
  }
}
