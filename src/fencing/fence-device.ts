/** The one thing that all ways to fence a machine have in common. Every implementation passes `test/conformance/fence-device.ts`. */

/** What a device says of the machine. "unknown": it can't tell. */
export interface FenceStatus {
  readonly power: "on" | "off" | "unknown";
  /** One sentence for people. */
  readonly sentence: string;
}

/** One device that can end all that a machine runs. Every call may be made again; it rejects with a `Failure`, or when `signal` ends it. */
export interface FenceDevice {
  readonly kind: "agent" | "watchdog";
  /** For sentences: "fence_ipmilan", "the watchdog of node b". */
  readonly title: string;
  /** Whether the device answers, and what it says. Changes nothing. */
  status(signal: AbortSignal): Promise<FenceStatus>;
  /** Asks for the machine to be off. Resolves when that was accepted; nothing is certain yet. */
  off(signal: AbortSignal): Promise<void>;
  /**
   * Resolves with a sentence when it is certain that nothing runs there any more of what ran when `off` was called; only after that.
   * Rejects when it is not certain.
   */
  confirm(signal: AbortSignal): Promise<string>;
}

/** What can't be tried where there is no machine to switch off; said by the manual and by `clubar fence test`. */
export const notCheckedHere =
  "NOT CHECKED HERE: that the machine is off afterwards. Only `clubar node fence` on a machine that has failed shows that.";
