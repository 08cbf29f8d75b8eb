/**
 * Crash enumeration: the same work is cut short at every one of its calls that change files, in several ways, and each
 * time what is left is checked.
 */
import { sha256 } from "../base/digest.ts";
import type { Files } from "../base/outside.ts";
import type { DataLoss } from "./content.ts";
import { Disk, type NameLoss } from "./disk.ts";
import { openFiles, type Door, type DoorCall } from "./files.ts";
import { randomFrom, type RandomStream } from "./random.ts";
import { settle } from "./settle.ts";

/** How a crash enumeration is set up. */
export interface CrashPointOptions {
  /** Same seed, same torn bytes. */
  readonly seed?: string | number;
  /** Makes the scene, which is durable before the work starts; never crashed. */
  readonly prepare?: (files: Files) => Promise<void>;
  /** How many power losses with randomly torn data each call gets besides the fixed ones; 3 unless given. */
  readonly tornVariants?: number;
  /** Each call gets only every nth way to crash, the next call others: for work of very many calls. 1 unless given. */
  readonly everyNth?: number;
  /**
   * What the work has told its callers so far, as JSON. When it is given, crashes at different calls that leave the same disk behind
   * are checked once too if the same was told: `check` may not depend on anything else of the crash.
   */
  readonly told?: () => unknown;
}

/** A crash as it happened: for the message of a failing check. */
export interface CrashPoint {
  /** The call's place among those that change files, from 0. */
  readonly call: number;
  /** Its name and path. */
  readonly what: string;
  readonly variant: string;
}

interface Variant {
  readonly name: string;
  /** How much of the call itself happens. */
  readonly cut: "before" | "half" | "after";
  readonly power: { readonly names: NameLoss; readonly data: DataLoss } | undefined;
}

const fixedVariants: readonly Variant[] = [
  { name: "killed before the call", cut: "before", power: undefined },
  { name: "killed in the call", cut: "half", power: undefined },
  { name: "killed after the call", cut: "after", power: undefined },
  {
    name: "power lost before the call, nothing unsynced kept",
    cut: "before",
    power: { names: "none-kept", data: "none-kept" },
  },
  {
    name: "power lost after the call, nothing unsynced kept",
    cut: "after",
    power: { names: "none-kept", data: "none-kept" },
  },
  {
    name: "power lost after the call, names kept, data lost",
    cut: "after",
    power: { names: "all-kept", data: "none-kept" },
  },
  {
    name: "power lost after the call, data kept, names lost",
    cut: "after",
    power: { names: "none-kept", data: "all-kept" },
  },
  {
    name: "power lost after the call, all names kept, torn sectors",
    cut: "after",
    power: { names: "all-kept", data: "sectors-kept" },
  },
];

const losses: readonly DataLoss[] = ["prefix-kept", "sectors-kept"];

type Run = (files: Files) => Promise<void>;
type Check = (filesAfterCrash: Files, done: number, crash: CrashPoint) => Promise<void>;

/**
 * Runs `run` once undisturbed on an empty (or prepared) disk, then again, where it is held at each of its changing calls: for each
 * variant the crash happens there, `check` gets what is left and how many changing calls had returned, and the disk becomes again
 * what it was. `check` may go on working with the files. Whatever it throws is thrown, with the crash in front. Crashes that leave
 * the same disk behind are checked once. Returns the number of crashes.
 */
export async function crashPoints(run: Run, check: Check, options: CrashPointOptions = {}): Promise<number> {
  const disk = new Disk("crash", "ext4", true);
  const preparing = new CrashDoor();
  await options.prepare?.(open(disk, preparing).files);
  preparing.close();
  disk.syncAll();
  const asPrepared = disk.remember();
  const counting = new CrashDoor(() => Promise.resolve());
  await run(open(disk, counting).files);
  counting.close();
  asPrepared();
  const crashes = new Crashes(disk, check, options);
  const door = new CrashDoor((call) => crashes.at(door, call));
  await Promise.race([run(open(disk, door).files), crashes.failed]);
  if (door.made !== counting.made)
    throw new Error(`The work made ${counting.made} changing calls, then ${door.made}: it is not deterministic.`);
  return crashes.count;
}

/** The crashes of one work on one disk. */
class Crashes {
  count = 0;
  /** Rejects with what the first failing check threw. */
  readonly failed: Promise<never>;
  readonly #fail: (error: unknown) => void;
  readonly #disk: Disk;
  readonly #check: Check;
  readonly #options: CrashPointOptions;
  readonly #variants: readonly Variant[];
  /** What was checked already: disks as they appear, with what was told. */
  readonly #checked = new Set<string>();

  constructor(disk: Disk, check: Check, options: CrashPointOptions) {
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => undefined);
    this.failed = promise;
    this.#fail = reject;
    this.#disk = disk;
    this.#check = check;
    this.#options = options;
    this.#variants = [...fixedVariants, ...tornVariants(options.tornVariants ?? 3)];
  }

  /** Every way to crash at a call that the door holds. */
  async at(door: CrashDoor, call: DoorCall<unknown>): Promise<void> {
    const { seed = 1, everyNth = 1, told } = this.#options;
    const number = door.made - 1;
    const asItWas = [this.#disk.remember(), call.remember?.()];
    for (const [way, variant] of this.#variants.entries()) {
      if ((way + number) % everyNth !== 0) continue;
      this.count++;
      const random = randomFrom(`${seed}/${number}/${variant.name}`);
      cut(call, variant.cut, random);
      this.#disk.unlockAll();
      if (variant.power !== undefined) this.#disk.losePower(variant.power, random);
      const what = { call: number, what: `${call.name} ${call.about}`, variant: variant.name };
      const known = told === undefined ? number : JSON.stringify(told());
      const state = sha256(new TextEncoder().encode(`${known}\n${this.#disk.appearance()}`));
      if (!this.#checked.has(state)) await this.#checkOne(door.done, what);
      this.#checked.add(state);
      for (const back of asItWas) back?.();
    }
  }

  async #checkOne(done: number, crash: CrashPoint): Promise<void> {
    const door = new CrashDoor();
    try {
      await this.#check(open(this.#disk, door).files, done, crash);
      door.close();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      this.#fail(new Error(`Call ${crash.call} (${crash.what}), ${crash.variant}: ${reason}`, { cause }));
      await never();
    }
  }
}

/** As much of a call as happens before the crash. */
function cut(call: DoorCall<unknown>, howMuch: Variant["cut"], random: RandomStream): void {
  try {
    if (howMuch === "after") call.effect();
    if (howMuch === "half") call.partly?.(random.fraction());
  } catch {
    // The call itself failed: there is nothing to cut short.
  }
}

function tornVariants(count: number): Variant[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `power lost after the call, torn ${i}`,
    cut: "after" as const,
    power: { names: "prefix-kept" as const, data: losses[i % losses.length] ?? "sectors-kept" },
  }));
}

function open(disk: Disk, door: Door): ReturnType<typeof openFiles> {
  return openFiles({ diskOf: () => disk, wall: () => 0, folder: "/" }, door);
}

/**
 * Lets calls through at once and counts the changing ones. With `visit`, that is done before each of these, when all of the work waits
 * for its calls and goes on with none: so the work does the same however long a visit takes.
 */
class CrashDoor implements Door {
  /** Changing calls that began, and those that returned. */
  made = 0;
  done = 0;
  readonly #visit: ((call: DoorCall<unknown>) => Promise<void>) | undefined;
  #held: PromiseWithResolvers<void> | undefined;
  #closed = false;

  constructor(visit?: (call: DoorCall<unknown>) => Promise<void>) {
    this.#visit = visit;
  }

  async call<T>(call: DoorCall<T>): Promise<T> {
    while (this.#held !== undefined) await this.#held.promise;
    if (this.#closed) return never();
    call.enter?.();
    if (call.mutates) {
      this.made++;
      if (this.#visit !== undefined) await this.#hold(() => this.#visit?.(call));
    }
    await Promise.resolve();
    if (this.#held !== undefined) await this.#released();
    if (this.#closed) return never();
    const result = call.effect();
    if (call.mutates) this.done++;
    return result;
  }

  /** What still goes on behind it does nothing more. */
  close(): void {
    this.#closed = true;
  }

  async #released(): Promise<void> {
    while (this.#held !== undefined) await this.#held.promise;
  }

  async #hold(work: () => Promise<void> | undefined): Promise<void> {
    const held = Promise.withResolvers<void>();
    this.#held = held;
    await settle();
    await work();
    this.#held = undefined;
    held.resolve();
  }
}

function never(): Promise<never> {
  return new Promise<never>(() => undefined);
}
