/** Programs, processes, signals and the ties between parent and child. */
import { OutsideError } from "../base/outside.ts";
import type {
  Child,
  Outside,
  ProcessEnd,
  Processes,
  ProcessIdentity,
  ProgramSpec,
  SignalName,
} from "../base/outside.ts";
import type { SimDoor } from "./door.ts";
import type { Kernel } from "./kernel.ts";
import type { Machine } from "./machine.ts";
import { SimProcess } from "./process.ts";

/** Standard input, standard output and signals of a simulated program. */
export interface Stdio {
  /** Lines of standard input. */
  onLine(handler: (line: string) => void): void;
  /** Standard input ended: nobody holds its other end. */
  onEnd(handler: () => void): void;
  print(line: string, to?: "stdout" | "stderr"): void;
  /** With a handler, SIGTERM, SIGHUP, SIGINT and SIGUSR1 no longer end the process. */
  onSignal(handler: (signal: SignalName) => void): void;
  /** The process as the world sees it. */
  readonly process: SimProcess;
}

/**
 * The main function of a simulated program. The process ends with the returned code (0 unless given) when it resolves,
 * with 1 when it rejects; a program that serves must not return.
 */
export type Program = (
  outside: Outside,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  stdio: Stdio,
) => Promise<number | void>;

/** Set to "1" in a program's environment: the kernel kills it when its parent dies. */
export const tieVariable = "CLUBAR_SIM_DIES_WITH_PARENT";

/** Thrown by `processes.exit`, because a call that never returns must not go on. */
export class ProcessExit extends Error {
  constructor(code: number) {
    super(`The simulated process has exited with ${code}.`);
    this.name = "ProcessExit";
  }
}

/** An uncaught error in a simulated program. */
export interface Crash {
  readonly at: number;
  readonly process: string;
  readonly error: unknown;
}

/** A process's outside and the door behind it. */
export interface Opened {
  readonly outside: Outside;
  readonly door: SimDoor;
}

interface Pipe {
  toChild: ((line: string) => void)[];
  /** Lines that were written before the program read: they wait in the pipe. */
  waiting: string[];
  inputEnded: (() => void)[];
  closed: boolean;
  toParent: ((line: string, from: "stdout" | "stderr") => void)[];
  /** Lines that came before anybody listened. */
  early: [line: string, from: "stdout" | "stderr"][];
}

/** All processes and programs of a world. */
export class ProcessTable {
  /** Every process that ever was, in order of start. */
  readonly all: SimProcess[] = [];
  readonly crashes: Crash[] = [];
  readonly programs: Map<string, Program> = new Map();
  readonly onStart: ((process: SimProcess) => void)[] = [];
  readonly onEnd: ((process: SimProcess) => void)[] = [];
  readonly #kernel: Kernel;
  readonly #open: (process: SimProcess, folder: string) => Opened;
  readonly #nextPid = new Map<Machine, number>();

  constructor(kernel: Kernel, open: (process: SimProcess, folder: string) => Opened) {
    this.#kernel = kernel;
    this.#open = open;
  }

  alive(): SimProcess[] {
    return this.all.filter((process) => process.alive);
  }

  find(machine: Machine, who: ProcessIdentity): SimProcess | undefined {
    return this.all.find(
      (each) => each.machine === machine && each.identity.pid === who.pid && each.identity.started === who.started,
    );
  }

  /** A process without a program: whoever made it acts through its door. */
  add(machine: Machine, name: string, node: string, parent: SimProcess | undefined): SimProcess {
    const pid = this.#nextPid.get(machine) ?? machine.firstPid;
    this.#nextPid.set(machine, pid + 1);
    const started = String(Math.floor(machine.clock.boot() / 10));
    const process = new SimProcess(name, machine, node, { pid, started }, parent, this.#kernel.scheduler);
    process.onUncaught = (error) => this.#uncaught(process, error);
    this.all.push(process);
    this.#kernel.trace.add(`${process.label} started`);
    for (const handler of this.onStart) handler(process);
    return process;
  }

  end(process: SimProcess, end: ProcessEnd, powerLost = false): void {
    if (!process.alive) return;
    this.#kernel.trace.add(`${process.label} ended: ${"code" in end ? `code ${end.code}` : end.signal}`);
    process.die(end, powerLost);
    for (const handler of this.onEnd) handler(process);
  }

  /** Starts a program as if by the machine's init. undefined when no such program is known. */
  launch(machine: Machine, node: string, spec: ProgramSpec, parent?: SimProcess): Launched | undefined {
    const found = this.#resolve(spec);
    if (found === undefined) return undefined;
    const process = this.add(machine, found.name, node, parent);
    const pipe: Pipe = { toChild: [], waiting: [], inputEnded: [], closed: false, toParent: [], early: [] };
    process.environment = spec.environment;
    const { outside } = this.#open(process, spec.folder ?? "/");
    if (found.tied && parent !== undefined) this.#tie(process, parent);
    const stdio = this.#stdio(process, pipe, parent);
    this.#kernel.scheduler.after(this.#kernel.draw(this.#kernel.latencies.start), () => {
      process.whenRunning(() => void this.#main(process, found.program(outside, found.args, spec.environment, stdio)));
    });
    return { process, pipe };
  }

  /** The `Processes` of one process. */
  processesOf(process: SimProcess, door: SimDoor): Processes {
    return {
      self: process.identity,
      start: (spec) =>
        door.call({
          name: "processes.start",
          about: [spec.command, ...spec.args].join(" "),
          mutates: false,
          effect: () => this.#startChild(process, spec),
        }),
      signal: (who, signal) =>
        door.call({
          name: `processes.${signal}`,
          about: String(who.pid),
          mutates: false,
          effect: () => this.signal(process.machine, who, signal),
        }),
      isAlive: (who) =>
        door.call({
          name: "processes.isAlive",
          about: String(who.pid),
          mutates: false,
          effect: () => this.find(process.machine, who)?.alive === true,
        }),
      table: process.machine.table,
      hasEnded: (who) =>
        door.call({
          name: "processes.hasEnded",
          about: String(who.pid),
          mutates: false,
          effect: () => this.find(process.machine, who)?.alive !== true,
        }),
      exit: (code) => {
        this.end(process, { code });
        throw new ProcessExit(code);
      },
    };
  }

  signal(machine: Machine, who: ProcessIdentity, signal: SignalName): boolean {
    const target = this.find(machine, who);
    if (target === undefined || !target.alive) return false;
    this.#kernel.trace.add(`${target.label} gets ${signal}`);
    if (signal === "SIGSTOP" || signal === "SIGCONT") target.setStopped(signal === "SIGSTOP");
    else if (signal === "SIGKILL") this.#killSoon(target);
    else {
      target.whenRunning(() => {
        if (target.signalHandlers.length === 0) this.end(target, { signal });
        for (const handler of target.signalHandlers) handler(signal);
      });
    }
    return true;
  }

  /** Death follows SIGKILL soon, not at once: who needs to know must ask. */
  #killSoon(target: SimProcess): void {
    const { kill, tied } = this.#kernel.latencies;
    const delay = this.#kernel.draw(target.isTied ? tied : kill);
    this.#kernel.scheduler.after(delay, () => this.end(target, { signal: "SIGKILL" }));
  }

  #tie(process: SimProcess, parent: SimProcess): void {
    process.isTied = true;
    parent.atDeath.push((powerLost) => {
      if (!powerLost) this.#killSoon(process);
    });
  }

  #startChild(parent: SimProcess, spec: ProgramSpec): Child {
    const launched = this.launch(parent.machine, parent.node, spec, parent);
    if (launched === undefined) throw new OutsideError("ENOENT", spec.command);
    const { process, pipe } = launched;
    const ended = new Promise<ProcessEnd>((resolve) => {
      process.atDeath.push(() => {
        const end = process.end;
        if (end !== undefined) this.#afterFrame(() => parent.whenRunning(() => resolve(end)));
      });
    });
    if (spec.input === true) {
      parent.atDeath.push(() => {
        this.#afterFrame(() => process.whenRunning(() => closeInput(pipe)));
      });
    }
    return {
      identity: process.identity,
      onLine: (handler) => {
        if (spec.output !== "lines") return;
        pipe.toParent.push(handler);
        for (const [line, from] of pipe.early.splice(0)) handler(line, from);
      },
      ended,
      tell: (line) => {
        if (spec.input !== true) return;
        parent.whenRunning(() => {
          this.#afterFrame(() => process.whenRunning(() => tellChild(pipe, line)));
        });
      },
      endInput: () => {
        if (spec.input !== true) return;
        parent.whenRunning(() => {
          this.#afterFrame(() => process.whenRunning(() => closeInput(pipe)));
        });
      },
    };
  }

  #stdio(process: SimProcess, pipe: Pipe, parent: SimProcess | undefined): Stdio {
    return {
      onLine: (handler) => {
        pipe.toChild.push(handler);
        for (const line of pipe.waiting.splice(0)) process.whenRunning(() => handler(line));
      },
      onEnd: (handler) => {
        pipe.inputEnded.push(handler);
        if (pipe.closed) process.whenRunning(handler);
      },
      print: (line, to = "stdout") =>
        process.whenRunning(() => {
          this.#kernel.trace.add(`${process.label} prints ${line}`);
          if (parent === undefined) return;
          this.#afterFrame(() => parent.whenRunning(() => tellParent(pipe, line, to)));
        }),
      onSignal: (handler) => void process.signalHandlers.push(handler),
      process,
    };
  }

  async #main(process: SimProcess, main: Promise<number | void>): Promise<void> {
    try {
      const code = await main;
      process.whenRunning(() => this.end(process, { code: code ?? 0 }));
    } catch (error) {
      this.#uncaught(process, error);
    }
  }

  #uncaught(process: SimProcess, error: unknown): void {
    if (error instanceof ProcessExit || !process.alive) return;
    this.crashes.push({ at: this.#kernel.scheduler.now, process: process.label, error });
    this.#kernel.trace.add(`${process.label} crashed: ${error instanceof Error ? error.message : String(error)}`);
    this.end(process, { code: 1 });
  }

  /** Pipes are ordered; a constant delay keeps them so. */
  #afterFrame(run: () => void): void {
    this.#kernel.scheduler.after(this.#kernel.latencies.frame[0], run);
  }

  /** The first word of the command line that names a program; wrappers before it say whether it is tied to its parent. */
  #resolve(spec: ProgramSpec): { name: string; program: Program; args: readonly string[]; tied: boolean } | undefined {
    const words = [spec.command, ...spec.args];
    for (const [i, word] of words.entries()) {
      const base = word.slice(word.lastIndexOf("/") + 1);
      for (const name of [word, base, base.replace(/\.(m?[jt]s)$/, "")]) {
        const program = this.programs.get(name);
        if (program === undefined) continue;
        const wrapped = words
          .slice(0, i)
          .some((each) => each.startsWith("--pdeathsig") || each.startsWith("--kill-child"));
        return { name, program, args: words.slice(i + 1), tied: wrapped || spec.environment[tieVariable] === "1" };
      }
    }
    return undefined;
  }
}

function tellChild(pipe: Pipe, line: string): void {
  if (pipe.toChild.length === 0) pipe.waiting.push(line);
  for (const handler of pipe.toChild) handler(line);
}

function closeInput(pipe: Pipe): void {
  pipe.closed = true;
  for (const handler of pipe.inputEnded) handler();
}

function tellParent(pipe: Pipe, line: string, from: "stdout" | "stderr"): void {
  if (pipe.toParent.length === 0) pipe.early.push([line, from]);
  for (const handler of pipe.toParent) handler(line, from);
}

/** A started program and its pipes. */
export interface Launched {
  readonly process: SimProcess;
  readonly pipe: Pipe;
}
