/** What the parts of a world share. */
import type { SimProcess } from "./process.ts";
import type { RandomStream } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Trace } from "./trace.ts";

/** A call about to be made; what a fault hook sees. */
export interface CallView {
  readonly name: string;
  readonly about: string;
  readonly mutates: boolean;
  /** The name of the disk it is about. */
  readonly disk: string | undefined;
}

/** What a fault hook does to one call. */
export interface CallFault {
  /** The process stands still before the kernel sees the call. */
  readonly pauseBefore?: number;
  /** The process stands still after the call took effect, before it learns of that. */
  readonly pauseAfter?: number;
  /** The call takes this much longer. */
  readonly delay?: number;
  /** The call fails with this POSIX code: a write may have been cut short, a sync has dropped the dirty pages. */
  readonly error?: string;
  /** The process is killed just before or just after the call takes effect. */
  readonly kill?: "before" | "after";
}

/** Looks at every call before it is made; what several hooks want is put together, the later one wins. */
export type CallHook = (process: SimProcess, call: CallView) => CallFault | undefined;

/** Milliseconds, lowest and highest. */
export type Range = readonly [low: number, high: number];

/** How long things take, in milliseconds. */
export interface Latencies {
  /** A file call. */
  readonly file: Range;
  /** fsync of a file or folder. */
  readonly sync: Range;
  /** A frame from one process to another. */
  readonly frame: Range;
  /** How much later than asked a sleep ends. */
  readonly timer: Range;
  /** From `start` to the program's first instruction. */
  readonly start: Range;
  /** From SIGKILL to the process being gone. */
  readonly kill: Range;
  /** The same for one that is tied to its parent, an application: it may be in a call that the kernel lets finish. */
  readonly tied: Range;
}

/** What every part of a world needs of it. */
export interface Kernel {
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly random: RandomStream;
  readonly latencies: Latencies;
  readonly hooks: Set<CallHook>;
  /** A number of milliseconds out of a range. */
  draw(range: Range): number;
  kill(process: SimProcess, end: { readonly code: number } | { readonly signal: string }): void;
}
