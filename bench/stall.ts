/**
 * The permit path during a backup of a million keys: for how long the counter that the leader's host writes into the quorum stands still,
 * watched from outside, idle and while the checkpoint of the keys is captured and backed up.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openOutside } from "../src/base/outside-node.ts";
import { writeHive } from "../src/hive/index.ts";
import { directoryTiming } from "../src/membership/timing.ts";
import { openDiskQuorum } from "../src/quorum/disk/quorum.ts";
import type { Quorum } from "../src/quorum/quorum.ts";
import { TestApp } from "../test/e2e/app.ts";
import { TestCluster } from "../test/e2e/cluster.ts";
import { type Row, row } from "./measure.ts";
import { manyKeys } from "./many-keys.ts";

/** In one checkpoint: the service reads and writes a hive in one go, and meanwhile answers nobody. */
const keys = 1_000_000;
const idleMs = 5000;

export async function benchStall(runs: number, say: (line: string) => void): Promise<readonly Row[]> {
  const cluster = new TestCluster("bench-stall", 1);
  try {
    await cluster.form(["N1", "N2", "N3"]);
    const app = new TestApp(cluster);
    await app.create();
    const owner = await cluster.owner("App");
    const hive = join(cluster.folder, "million.hive");
    writeFileSync(hive, writeHive(manyKeys("Million", keys, 0), { time: 1n }));
    say(`made a hive of ${keys} keys`);
    const quorum = await openDiskQuorum(openOutside(), cluster.quorum);
    await cluster.run(owner, "reg", "load", "HKLM\\MILLION", hive);
    say("loaded it");
    const add = (): Promise<string> => cluster.run(owner, "checkpoint", "add", "App", "--registry", "MILLION");
    const capture = await longestStandstill(quorum, add);
    say(`captured it: ${capture.toFixed(0)} ms`);
    const before = await cluster.status();
    const idle: number[] = [];
    const during: number[] = [];
    const took: number[] = [];
    for (let run = 0; run < runs; run++) {
      idle.push(await longestStandstill(quorum, () => sleep(idleMs)));
      const begun = performance.now();
      const set = join(cluster.folder, "sets", String(run));
      mkdirSync(join(cluster.folder, "sets"), { recursive: true });
      during.push(await longestStandstill(quorum, () => cluster.run(owner, "backup", "DEMO", set)));
      took.push(performance.now() - begun);
      say(`run ${run + 1} of ${runs}: ${during.at(-1)?.toFixed(0)} ms`);
    }
    const after = await cluster.status();
    const lives = (status: typeof before): string => (status?.nodes ?? []).map(({ incarnation }) => incarnation).join();
    const same = lives(before) === lives(after) ? "no node lost its permit" : "A NODE LOST ITS PERMIT";
    app.check();
    const limit = `a permit lasts ${directoryTiming(1).permit} ms; ${same}`;
    return [
      row("stall", "counter standing still, idle", "ms", idle),
      row("stall", `the same during a backup of ${keys} keys`, "ms", during, limit),
      row("stall", "the same while they are captured", "ms", [capture]),
      row("stall", "that backup, command's start included", "ms", took),
    ];
  } finally {
    await cluster.end();
  }
}

/** The longest time in milliseconds between two changes of the leader's counter while `work` runs. */
async function longestStandstill(quorum: Quorum, work: () => Promise<unknown>): Promise<number> {
  let working = true;
  const done = work().then(
    () => (working = false),
    (error: unknown) => {
      working = false;
      throw error;
    },
  );
  done.catch(() => undefined);
  let longest = 0;
  let seen = "";
  let since = performance.now();
  while (working) {
    const epoch = (await quorum.leader())?.epoch ?? 0;
    const now = `${epoch}:${await quorum.counter(epoch)}`;
    const at = performance.now();
    longest = Math.max(longest, at - since);
    if (now !== seen) {
      seen = now;
      since = at;
    }
    await sleep(5);
  }
  await done;
  return longest;
}
