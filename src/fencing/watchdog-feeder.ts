/**
 * The node's own end of its watchdog, in its host: fed only while the host has a permit or runs nothing, disarmed only when nothing runs.
 * Any byte feeds it, and 'V' before the device is closed disarms it (Documentation/watchdog/watchdog-api.rst); no ioctl is needed.
 */
import { fail } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import type { Log } from "../base/log.ts";
import type { FileHandle, Outside } from "../base/outside.ts";
import { watchdogFacts } from "./watchdog-clock.ts";

/** The shortest timeout that leaves a host the time to end its life in order. */
export const shortestTimeout = 2_000;

const feed = new Uint8Array([0]);
const magicClose = new TextEncoder().encode("V");

/** What a feeder works with. */
export interface FeederParts {
  readonly outside: Pick<Outside, "files" | "timers">;
  readonly log: Log;
  /** Absolute path of the device. */
  readonly device: string;
  /** Milliseconds where the kernel does not say it; 0: unknown. */
  readonly timeout: number;
  /** Whether it may be fed at this moment. */
  readonly mayFeed: () => boolean;
  /** Of the kernel's descriptions, for tests. */
  readonly describedIn?: string;
}

/** Of one host. From `arm` on the machine resets itself unless this process goes on, has a permit, or says at the end that all is well. */
export class WatchdogFeeder {
  /** Milliseconds. */
  readonly timeout: number;
  readonly #parts: FeederParts;
  readonly #handle: FileHandle;
  readonly #over = new AbortController();
  readonly #fed: Promise<void>;

  private constructor(parts: FeederParts, handle: FileHandle, timeout: number) {
    this.#parts = parts;
    this.#handle = handle;
    this.timeout = timeout;
    this.#fed = this.#feedForEver();
  }

  /**
   * Opens the device; nothing of an earlier life may be left, because from here on it is fed. FILE_NOT_FOUND, INVALID_PARAMETER: there is
   * no such device, or its timeout is not known or too short; BUSY: another program has it.
   */
  static async arm(parts: FeederParts): Promise<WatchdogFeeder> {
    const { outside, device, log } = parts;
    const kind = (await outside.files.stat(device))?.kind;
    if (kind !== "other") {
      throw fail("FILE_NOT_FOUND", {
        happened: `${device} is ${kind === undefined ? "not here" : "no device"}.`,
        unchanged: "No watchdog was armed.",
        next: "Load the driver of this machine's watchdog, or name the right device: clubar fence add NODE watchdog device=PATH.",
      });
    }
    const facts = await watchdogFacts(outside.files, device, parts.describedIn);
    const timeout = facts.timeout ?? parts.timeout;
    if (timeout < shortestTimeout) {
      throw fail("INVALID_PARAMETER", {
        happened:
          timeout === 0
            ? `The kernel does not say after which time ${device} resets the machine.`
            : `${device} resets the machine after ${timeout} ms, too soon to end applications in order.`,
        unchanged: "No watchdog was armed.",
        next: "Set the driver's timeout to some seconds, or name it: clubar fence add NODE watchdog device=PATH timeout=SECONDS.",
      });
    }
    const handle = await outside.files.open(device, "update").catch((error: unknown) => {
      throw fail("BUSY", {
        happened: `${device} can't be opened: ${failureOf(error).happened}`,
        unchanged: "No watchdog was armed.",
        next: "Another program has it (systemd with RuntimeWatchdogSec, watchdogd?); a watchdog has one user.",
      });
    });
    log.info("watchdog armed", { device, timeout, identity: facts.identity, noWayOut: facts.noWayOut });
    return new WatchdogFeeder(parts, handle, timeout);
  }

  /** Only when nothing runs any more. Where the driver forbids to disarm, the machine resets unless the next host comes in time. */
  async disarm(): Promise<void> {
    this.#over.abort();
    await this.#fed;
    await this.#handle.write(magicClose).catch((error: unknown) => this.#tell(error));
    await this.#handle.close().catch((error: unknown) => this.#tell(error));
  }

  async #feedForEver(): Promise<void> {
    const { outside, mayFeed } = this.#parts;
    let isTold = false;
    while (!this.#over.signal.aborted) {
      if (mayFeed()) {
        const trouble = await this.#handle.write(feed).then(
          () => undefined,
          (error: unknown) => error,
        );
        if (trouble !== undefined && !isTold) this.#tell(trouble);
        isTold = trouble !== undefined;
      }
      await outside.timers.sleep(Math.min(1_000, this.timeout / 4), this.#over.signal);
    }
  }

  #tell(error: unknown): void {
    this.#parts.log.error("the watchdog could not be written", { device: this.#parts.device, error });
  }
}
