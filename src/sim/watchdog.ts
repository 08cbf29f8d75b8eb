/** A thread that ends the whole process when a seed spins: code that never waits on its door can't be stopped from inside. */
import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";

/** What the thread is started with. */
export interface Watched {
  /** The seed that runs now. */
  readonly current: SharedArrayBuffer;
  /**
   * What is printed for a seed that makes no progress for so long; SEED stands for its number. In milliseconds of processor time, because
   * on a busy machine a seed waits long for its turn.
   */
  readonly message: string;
  readonly limit: number;
}

const { current, message, limit } = workerData as Watched;
const running = new Int32Array(current);
let since = used();
for (let seed = 0; ; ) {
  await new Promise((resolve) => setTimeout(resolve, 1000));
  if (Atomics.load(running, 0) !== seed) {
    seed = Atomics.load(running, 0);
    since = used();
  }
  if (used() - since < limit) continue;
  writeSync(1, message.replaceAll("SEED", String(seed)));
  process.kill(process.pid, "SIGKILL");
}

function used(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
