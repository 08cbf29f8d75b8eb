/** The real outside, on Node.js and Linux. Its parts stand beside it in `outside-node-*.ts`. */
import { randomFillSync } from "node:crypto";
import { openFiles } from "./outside-node-files.ts";
import { bootTime } from "./outside-node-kernel.ts";
import { openNet } from "./outside-node-net.ts";
import { openProcesses } from "./outside-node-processes.ts";
import type { Outside } from "./outside.ts";

const longestTimer = 0x7fffffff;

/** Opens the machine's clock, timers, random numbers, files, sockets and processes. */
export function openOutside(): Outside {
  return {
    clock: { wall: () => Date.now(), boot: bootTime },
    timers: { sleep },
    random: { bytes: (count) => randomFillSync(new Uint8Array(count)) },
    files: openFiles(),
    net: openNet(),
    processes: openProcesses(),
  };
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const wake = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, Math.min(Math.max(ms, 0), longestTimer));
    signal?.addEventListener("abort", wake, { once: true });
  });
}
