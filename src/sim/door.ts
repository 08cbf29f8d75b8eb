/**
 * The door of one simulated process. Every call through it is a place where the process may stand still, fail or die:
 * before the kernel sees the call, while it is under way, and after it took effect.
 */
import { OutsideError } from "../base/outside.ts";
import type { Door, DoorCall } from "./files.ts";
import type { CallFault, Kernel, Range } from "./kernel.ts";
import type { SimProcess } from "./process.ts";

interface UnderWay {
  readonly call: DoorCall<unknown>;
}

/** Carries the calls of one process to its kernel. */
export class SimDoor implements Door {
  readonly #process: SimProcess;
  readonly #kernel: Kernel;
  readonly #underWay = new Set<UnderWay>();

  constructor(process: SimProcess, kernel: Kernel) {
    this.#process = process;
    this.#kernel = kernel;
    process.atDeath.push((powerLost) => this.#die(powerLost));
  }

  call<T>(call: DoorCall<T>, latency: Range = this.#latencyOf(call)): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const process = this.#process;
    if (!process.alive) return promise;
    process.calls++;
    const fault = this.#fault(call);
    if (fault.pauseBefore !== undefined) this.#pause(call, "before", fault.pauseBefore);
    process.whenRunning(() => {
      call.enter?.();
      const underWay = { call };
      this.#underWay.add(underWay);
      this.#kernel.scheduler.after(this.#kernel.draw(latency) + (fault.delay ?? 0), () => {
        if (!this.#underWay.delete(underWay)) return;
        this.#happen(call, fault, resolve, reject);
      });
    });
    return promise;
  }

  #happen<T>(call: DoorCall<T>, fault: CallFault, resolve: (value: T) => void, reject: (error: unknown) => void): void {
    const process = this.#process;
    if (fault.kill === "before") return this.#kernel.kill(process, { signal: "SIGKILL" });
    let answer: () => void;
    let note = "";
    try {
      if (fault.error !== undefined) this.#breakCall(call, fault.error);
      const value = call.effect();
      answer = () => resolve(value);
    } catch (error) {
      note = ` → ${error instanceof OutsideError ? error.code : String(error)}`;
      answer = () => reject(error);
    }
    this.#kernel.trace.add(`${process.label} ${call.name} ${call.about}${note}`);
    if (fault.kill === "after") return this.#kernel.kill(process, { signal: "SIGKILL" });
    if (fault.pauseAfter !== undefined) this.#pause(call, "after", fault.pauseAfter);
    process.whenRunning(answer);
  }

  #breakCall<T>(call: DoorCall<T>, code: string): never {
    const share = this.#kernel.random.fraction();
    call.broken?.(share);
    throw new OutsideError(code, `${call.name} ${call.about} (injected)`);
  }

  #fault<T>(call: DoorCall<T>): CallFault {
    const view = { name: call.name, about: call.about, mutates: call.mutates, disk: call.disk?.name };
    let all: CallFault = {};
    for (const hook of this.#kernel.hooks) all = { ...all, ...hook(this.#process, view) };
    return all;
  }

  #pause<T>(call: DoorCall<T>, when: string, ms: number): void {
    this.#kernel.trace.add(`${this.#process.label} paused ${Math.round(ms)} ms ${when} ${call.name} ${call.about}`);
    this.#process.pause(ms);
  }

  /** A call under way when its process dies is finished, cut short or never made by the kernel before the process is gone. */
  #die(powerLost: boolean): void {
    const calls = [...this.#underWay];
    this.#underWay.clear();
    if (powerLost) return;
    for (const { call } of calls) {
      const share = call.mutates ? this.#kernel.random.fraction() * 3 : 0;
      try {
        if (share > 2) call.effect();
        else if (share > 1) call.partly?.(share - 1);
      } catch {
        // It would have failed; nobody is left to hear of it.
      }
    }
  }

  #latencyOf<T>(call: DoorCall<T>): Range {
    const { latencies } = this.#kernel;
    return call.name === "files.sync" || call.name === "files.syncFolder" ? latencies.sync : latencies.file;
  }
}
