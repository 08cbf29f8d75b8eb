/**
 * Crash enumeration: the same work is cut short at every one of its calls that change files, in several ways, and each
 * time what is left is checked.
 */
import type { Files } from "../base/outside.ts";
import type { DataLoss } from "./content.ts";
import { Disk, type NameLoss } from "./disk.ts";
import { openFiles, type Door, type DoorCall } from "./files.ts";
import { randomFrom, type RandomStream } from "./random.ts";

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

/**
 * Runs `run` once to count its changing calls, then again from an empty (or prepared) disk for each call and variant
 * with a crash there; `check` gets what is left and how many changing calls had returned. The calls of a crashed `run`
 * never resolve. `check` may go on working with the files. Whatever `check` throws is thrown, with the crash in front.
 * Returns the number of crashes.
 */
export async function crashPoints(
  run: (files: Files) => Promise<void>,
  check: (filesAfterCrash: Files, done: number, crash: CrashPoint) => Promise<void>,
  options: CrashPointOptions = {},
): Promise<number> {
  const scene = await makeScene(options);
  const counting = new CrashDoor(undefined);
  await run(open(scene, counting).files);
  const calls = counting.made;
  const variants = [...fixedVariants, ...tornVariants(options.tornVariants ?? 3)];
  let crashes = 0;
  for (let call = 0; call < calls; call++) {
    for (const [way, variant] of variants.entries()) {
      if ((way + call) % (options.everyNth ?? 1) !== 0) continue;
      await crashOnce(run, check, options, call, variant);
      crashes++;
    }
  }
  return crashes;
}

async function crashOnce(
  run: (files: Files) => Promise<void>,
  check: (filesAfterCrash: Files, done: number, crash: CrashPoint) => Promise<void>,
  options: CrashPointOptions,
  call: number,
  variant: Variant,
): Promise<void> {
  const random = randomFrom(`${options.seed ?? 1}/${call}/${variant.name}`);
  const disk = await makeScene(options);
  const door = new CrashDoor({ call, cut: variant.cut, random });
  const opened = open(disk, door);
  await Promise.race([run(opened.files), door.crashed]);
  if (!door.hasCrashed)
    throw new Error(`The work made fewer than ${call + 1} changing calls this time: it is not deterministic.`);
  opened.closeAll();
  if (variant.power !== undefined) disk.losePower(variant.power, random);
  const crash = { call, what: door.at, variant: variant.name };
  try {
    await check(open(disk, new CrashDoor(undefined)).files, door.done, crash);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Call ${call} (${crash.what}), ${variant.name}: ${reason}`, { cause });
  }
}

function tornVariants(count: number): Variant[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `power lost after the call, torn ${i}`,
    cut: "after" as const,
    power: { names: "prefix-kept" as const, data: losses[i % losses.length] ?? "sectors-kept" },
  }));
}

async function makeScene(options: CrashPointOptions): Promise<Disk> {
  const disk = new Disk("crash");
  await options.prepare?.(open(disk, new CrashDoor(undefined)).files);
  disk.syncAll();
  return disk;
}

function open(disk: Disk, door: Door): ReturnType<typeof openFiles> {
  return openFiles({ diskOf: () => disk, wall: () => 0, folder: "/" }, door);
}

/** Lets calls through at once, counts the changing ones and cuts everything off at the chosen one. */
class CrashDoor implements Door {
  readonly crashed: Promise<void>;
  hasCrashed = false;
  /** Changing calls that began, and those that returned. */
  made = 0;
  done = 0;
  at = "";
  readonly #plan: { readonly call: number; readonly cut: Variant["cut"]; readonly random: RandomStream } | undefined;
  readonly #crash: () => void;

  constructor(
    plan: { readonly call: number; readonly cut: Variant["cut"]; readonly random: RandomStream } | undefined,
  ) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#plan = plan;
    this.crashed = promise;
    this.#crash = resolve;
  }

  async call<T>(call: DoorCall<T>): Promise<T> {
    if (this.hasCrashed) return never();
    call.enter?.();
    if (call.mutates) {
      const number = this.made++;
      if (this.#plan?.call === number) {
        this.#cut(call);
        return never();
      }
    }
    await Promise.resolve();
    if (this.hasCrashed) return never();
    const result = call.effect();
    if (call.mutates) this.done++;
    return result;
  }

  #cut<T>(call: DoorCall<T>): void {
    this.hasCrashed = true;
    this.at = `${call.name} ${call.about}`;
    try {
      if (this.#plan?.cut === "after") call.effect();
      if (this.#plan?.cut === "half") call.partly?.(this.#plan.random.fraction());
    } catch {
      // The call itself failed: there is nothing to cut short.
    }
    this.#crash();
  }
}

function never(): Promise<never> {
  return new Promise<never>(() => undefined);
}
