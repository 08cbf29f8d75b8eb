/**
 * A simulated watchdog (Documentation/watchdog/watchdog-api.rst): opening it arms it, every byte feeds it, `V` before the close disarms it.
 * Its clock runs while the machine stands still, as that of a board does.
 */
import { OutsideError } from "../base/outside.ts";
import type { Device } from "./disk.ts";
import type { Scheduled, Scheduler } from "./scheduler.ts";

const magic = "V".charCodeAt(0);

/** Of one machine. */
export class SimWatchdog implements Device {
  /** Milliseconds. */
  readonly timeout: number;
  readonly #scheduler: Scheduler;
  readonly #fires: () => void;
  #isOpen = false;
  #isDisarmed = false;
  #alarm: Scheduled | undefined;

  constructor(timeout: number, scheduler: Scheduler, fires: () => void) {
    this.timeout = timeout;
    this.#scheduler = scheduler;
    this.#fires = fires;
  }

  open(): void {
    if (this.#isOpen) throw new OutsideError("EBUSY", "the watchdog is open");
    this.#isOpen = true;
    this.#isDisarmed = false;
    this.#feed();
  }

  write(bytes: Uint8Array): void {
    this.#isDisarmed = bytes.includes(magic);
    this.#feed();
  }

  close(): void {
    this.#isOpen = false;
    if (this.#isDisarmed) this.#alarm?.cancel();
  }

  /** The machine has no power, or gets it again: nobody has armed it. */
  reset(): void {
    this.#isOpen = false;
    this.#alarm?.cancel();
  }

  #feed(): void {
    this.#alarm?.cancel();
    this.#alarm = this.#scheduler.after(this.timeout, this.#fires);
  }
}
