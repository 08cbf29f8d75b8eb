/** The leader's end of another node's watchdog: nothing is asked, but after a known time the machine has reset itself. */
import { fail } from "../base/errors.ts";
import type { Outside } from "../base/outside.ts";
import type { FenceDevice, FenceStatus } from "./fence-device.ts";
import { resetWait } from "./watchdog-clock.ts";

/** Of one life of one node. */
export interface WatchdogParts {
  readonly outside: Pick<Outside, "clock" | "timers">;
  /** Name of the node. */
  readonly node: string;
  /** Milliseconds that the watchdog of this life was armed with; undefined: none was. */
  readonly timeout: number | undefined;
  /** Milliseconds between two looks of a host at its permit. */
  readonly poll: number;
}

/** `off` begins the wait, `confirm` ends it. The life's permit must be over when `off` is called. */
export class WatchdogDevice implements FenceDevice {
  readonly kind = "watchdog";
  readonly title: string;
  readonly #parts: WatchdogParts;
  #until: number | undefined;

  constructor(parts: WatchdogParts) {
    this.#parts = parts;
    this.title = `the watchdog of node ${parts.node}`;
  }

  async status(): Promise<FenceStatus> {
    const timeout = this.#armed();
    const wait = Math.ceil(resetWait(timeout, this.#parts.poll) / 1000);
    return {
      power: "unknown",
      sentence: `${this.title} is armed with ${timeout / 1000} s: within ${wait} s of its permit's end the machine is reset.`,
    };
  }

  async off(): Promise<void> {
    this.#until = this.#parts.outside.clock.boot() + resetWait(this.#armed(), this.#parts.poll);
  }

  async confirm(signal: AbortSignal): Promise<string> {
    const { clock, timers } = this.#parts.outside;
    const until = this.#until;
    if (until === undefined) throw this.#uncertain("nobody has waited for it");
    while (clock.boot() < until) {
      if (signal.aborted) throw this.#uncertain("the wait was broken off");
      await timers.sleep(until - clock.boot(), signal);
    }
    return `${this.title} was not fed for the full time, so the machine has reset itself.`;
  }

  #armed(): number {
    const { timeout } = this.#parts;
    if (timeout !== undefined) return timeout;
    throw this.#uncertain("this life of the node armed none");
  }

  #uncertain(why: string): Error {
    return fail("INVALID_STATE", {
      happened: `Of ${this.title} nothing follows: ${why}.`,
      unchanged: "The machine counts as running.",
    });
  }
}
