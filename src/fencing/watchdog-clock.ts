/** What the kernel says of a watchdog, and how long a leader waits for one. */
import { readIfThere } from "../base/read-if-there.ts";
import type { Files } from "../base/outside.ts";

/** Where the kernel describes watchdogs: `watchdogN/timeout` in seconds (Documentation/ABI/testing/sysfs-class-watchdog). */
export const watchdogClass = "/sys/class/watchdog";

/** What is known of one. */
export interface WatchdogFacts {
  /** Milliseconds until it resets the machine; undefined: the kernel does not say. */
  readonly timeout: number | undefined;
  /** "iTCO_wdt"; "" when it does not say. */
  readonly identity: string;
  /** It can't be disarmed any more once it was opened. */
  readonly noWayOut: boolean;
}

/** `/dev/watchdog` is the first one. */
export async function watchdogFacts(
  files: Pick<Files, "read">,
  device: string,
  folder: string = watchdogClass,
): Promise<WatchdogFacts> {
  const name = device.replace(/^.*\//, "").replace(/^watchdog$/, "watchdog0");
  const read = async (file: string): Promise<string> => {
    const bytes = await readIfThere(files, `${folder}/${name}/${file}`);
    return bytes === undefined ? "" : new TextDecoder().decode(bytes).trim();
  };
  const seconds = Number(await read("timeout"));
  return {
    timeout: Number.isInteger(seconds) && seconds > 0 ? seconds * 1000 : undefined,
    identity: await read("identity"),
    noWayOut: (await read("nowayout")) === "1",
  };
}

/**
 * How long after the end of a permit a machine has certainly been reset: the last feeding that the host allowed itself may come as late as
 * one whole timeout after the permit ended (it was decided before, and whoever was to do it stood still), and the reset follows a timeout
 * after it. Milliseconds; `slack` as for a permit.
 */
export function resetWait(timeout: number, poll: number): number {
  return 2 * timeout * 1.05 + poll;
}
