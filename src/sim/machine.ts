/** A simulated machine: its clocks, its disks, whether its power is on. */
import type { Clock } from "../base/outside.ts";
import type { Disk } from "./disk.ts";
import { KernelFiles } from "./kernel-files.ts";
import type { SimWatchdog } from "./sim-watchdog.ts";
import type { Scheduler } from "./scheduler.ts";

/** 2026-01-01T00:00:00Z: when every world begins. */
export const worldBegins = 1_767_225_600_000;

/** One machine; its boot clock begins again with its power. */
export class Machine {
  readonly name: string;
  readonly clock: Clock;
  /** Longest mount point first; "/" is last. */
  readonly mounts: readonly { readonly at: string; readonly disk: Disk }[];
  powered = true;
  /** Its processes stand still and go on later; the clocks run. */
  frozen = false;
  /** The kernel's name of the time since this boot. */
  bootId = "";
  /** What the kernel shows as files; undefined: nothing. */
  kernelFiles: KernelFiles | undefined;
  watchdog: SimWatchdog | undefined;
  /** Machine milliseconds per virtual millisecond; 1 is a perfect clock. */
  readonly rate: number;
  /** How far wall time is off, in milliseconds; grows by jumps. */
  wallOffset = 0;
  readonly firstPid: number;
  readonly #scheduler: Scheduler;
  #bootedAt: number;

  constructor(
    name: string,
    mounts: readonly { readonly at: string; readonly disk: Disk }[],
    scheduler: Scheduler,
    settings: { readonly rate: number; readonly wallOffset: number; readonly upFor: number; readonly firstPid: number },
  ) {
    this.name = name;
    this.mounts = mounts.toSorted((a, b) => b.at.length - a.at.length);
    this.rate = settings.rate;
    this.wallOffset = settings.wallOffset;
    this.firstPid = settings.firstPid;
    this.#scheduler = scheduler;
    this.#bootedAt = scheduler.now - settings.upFor;
    this.clock = {
      boot: () => (this.#scheduler.now - this.#bootedAt) * this.rate,
      wall: () => worldBegins + Math.floor(this.#scheduler.now * this.rate + this.wallOffset),
    };
  }

  diskOf(path: string): Disk {
    if (this.kernelFiles !== undefined && KernelFiles.has(path)) return this.kernelFiles;
    const mount = this.mounts.find(({ at }) => at === "/" || path === at || path.startsWith(`${at}/`));
    if (mount === undefined) throw new Error(`${this.name} has no file system at ${path}.`);
    return mount.disk;
  }

  /** Names this machine's processes between two losses of power. */
  get table(): string {
    return `${this.name} since ${this.#bootedAt}`;
  }

  /** The boot clock begins again at 0. */
  boot(bootId: string): void {
    this.powered = true;
    this.bootId = bootId;
    this.#bootedAt = this.#scheduler.now;
  }
}
