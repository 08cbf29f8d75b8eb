/**
 * Tells a service that hangs from one that is busy. A service says nothing while it reads or writes a large hive in one go; as long as
 * its process makes progress on a processor it is not taken for lost before a much later limit. A stopped process makes none.
 */
import type { Outside, ProcessIdentity } from "../base/outside.ts";
import type { Timing } from "../membership/timing.ts";
import { processorTime } from "../monitor/process-table.ts";

/** Of one service, as its host sees it. */
export class ServicePulse {
  readonly #outside: Pick<Outside, "clock" | "files" | "timers">;
  readonly #service: ProcessIdentity;
  readonly #timing: Timing;
  #heardAt: number;
  #used = -1;
  #progressAt: number;

  constructor(outside: Pick<Outside, "clock" | "files" | "timers">, service: ProcessIdentity, timing: Timing) {
    this.#outside = outside;
    this.#service = service;
    this.#timing = timing;
    this.#heardAt = outside.clock.boot();
    this.#progressAt = this.#heardAt;
  }

  /** The service said something. */
  heard(): void {
    this.#heardAt = this.#outside.clock.boot();
  }

  /** Resolves when the service is to be taken for lost, or when `isOver` says that it no longer matters. */
  async untilLost(isOver: () => boolean): Promise<void> {
    const { timers } = this.#outside;
    const { poll, serviceHung } = this.#timing;
    while (!isOver()) {
      await this.#look();
      if (this.#isSilent()) {
        // What it said while this process itself stood still is heard first.
        await timers.sleep(poll);
        await this.#look();
        if (this.#isSilent()) return;
      }
      await timers.sleep(Math.max(poll, serviceHung / 4));
    }
  }

  /** Silent and without progress for too long, or silent for much too long. */
  #isSilent(): boolean {
    const now = this.#outside.clock.boot();
    const { serviceHung, serviceBusy } = this.#timing;
    const silent = now - this.#heardAt;
    return silent >= serviceBusy || (silent >= serviceHung && now - this.#progressAt >= serviceHung / 2);
  }

  async #look(): Promise<void> {
    const used = await processorTime(this.#outside.files, this.#service);
    if (used === undefined || used === this.#used) return;
    this.#used = used;
    this.#progressAt = this.#outside.clock.boot();
  }
}
