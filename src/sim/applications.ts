/**
 * Fake applications: a program that records when it ran where, and that can be made to fail or hang. Overlaps are seen
 * in virtual time, which no simulated clock can bend.
 */
import type { SimProcess } from "./process.ts";
import type { Program, Stdio } from "./processes.ts";
import type { Outside } from "../base/outside.ts";

/** One life of an application. */
export interface ApplicationRun {
  /** From 1, in order of start. */
  readonly run: number;
  readonly resource: string;
  readonly node: string;
  readonly machine: string;
  readonly process: string;
  /** Virtual milliseconds of its first instruction. */
  readonly started: number;
  /** Virtual milliseconds of its death; undefined while it runs. */
  ended: number | undefined;
}

/** How an application behaves; nothing given: it runs until it is told to stop. */
export interface ApplicationBehaviour {
  /** Exits with this code before it does anything. */
  readonly exitsAtOnce?: number;
  /** Exits with code 1 after this many milliseconds. */
  readonly failsAfter?: number;
  /** SIGTERM does not end it. */
  readonly ignoresTerm?: boolean;
  /** Takes this long after SIGTERM to end. */
  readonly stopsSlowly?: number;
}

/** How the fake application learns what it is and what it does first. */
export interface ApplicationOptions {
  /** Which resource a start is for; the first argument unless given. */
  readonly resourceOf?: (args: readonly string[], environment: Readonly<Record<string, string>>) => string;
  /** Runs in the application itself as it starts: reads its settings, tells a checker. */
  readonly atStart?: (
    run: ApplicationRun,
    outside: Outside,
    environment: Readonly<Record<string, string>>,
  ) => Promise<void>;
}

/** All applications of a world and every run they had. */
export class Applications {
  readonly runs: ApplicationRun[] = [];
  /** Called when a run starts and when it ends. */
  readonly observers: ((run: ApplicationRun, what: "started" | "ended") => void)[] = [];
  readonly #now: () => number;
  readonly #behaviours = new Map<string, ApplicationBehaviour>();
  readonly #processes = new Map<ApplicationRun, SimProcess>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** How every later start of the resource's application behaves. */
  behave(resource: string, behaviour: ApplicationBehaviour): void {
    this.#behaviours.set(resource, behaviour);
  }

  running(resource: string): ApplicationRun[] {
    return this.runs.filter((run) => run.resource === resource && run.ended === undefined);
  }

  /** The processes that run it now. */
  processesOf(resource: string): SimProcess[] {
    return this.running(resource).flatMap((run) => this.#processes.get(run) ?? []);
  }

  /** Makes it stand still: alive, holding what it holds, answering nothing. */
  hang(resource: string): void {
    for (const process of this.processesOf(resource)) process.setStopped(true);
  }

  program(options: ApplicationOptions = {}): Program {
    return async (outside, args, environment, stdio) => {
      const resource = options.resourceOf?.(args, environment) ?? args[0] ?? "";
      const behaviour = this.#behaviours.get(resource) ?? {};
      if (behaviour.exitsAtOnce !== undefined) return behaviour.exitsAtOnce;
      const run = this.#begin(resource, stdio.process);
      await options.atStart?.(run, outside, environment);
      stdio.print(`running ${resource}`);
      return live(outside, behaviour, stdio);
    };
  }

  #begin(resource: string, process: SimProcess): ApplicationRun {
    const run: ApplicationRun = {
      run: this.runs.length + 1,
      resource,
      node: process.node,
      machine: process.machine.name,
      process: process.label,
      started: this.#now(),
      ended: undefined,
    };
    this.runs.push(run);
    this.#processes.set(run, process);
    for (const observer of this.observers) observer(run, "started");
    process.atDeath.push(() => {
      run.ended = this.#now();
      this.#processes.delete(run);
      for (const observer of this.observers) observer(run, "ended");
    });
    return run;
  }
}

function live(outside: Outside, behaviour: ApplicationBehaviour, stdio: Stdio): Promise<number> {
  return new Promise((resolve) => {
    stdio.onSignal((signal) => {
      if (signal !== "SIGTERM" && signal !== "SIGINT") return;
      if (behaviour.ignoresTerm === true) return;
      void outside.timers.sleep(behaviour.stopsSlowly ?? 0).then(() => resolve(0));
    });
    if (behaviour.failsAfter !== undefined) void outside.timers.sleep(behaviour.failsAfter).then(() => resolve(1));
  });
}
