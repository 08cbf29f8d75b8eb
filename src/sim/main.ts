/**
 * `npm run sim -- --seeds N [--from S] | --only S,S… [--nodes 3|4|5] [--faults KIND,KIND…] [--long | --brink] [--restores N]
 * [--recoveries] [--shadows] [--holds] [--force-quorum] [--disks] [--quorum etcd] [--moves] [--node-restores] [--fencing] [--trace]
 * [--stop]`: runs seeds one after the other and ends with 1 when one fails. A line for each failing seed, a summary at the end; `--long`
 * and `--brink` say how long faults last (faults.ts), `--trace` prints every event, `--stop` ends at the first failure.
 */
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { type RunResult, type RunSpec, runSeed } from "./cluster/run.ts";
import { type FaultKind, faultKinds } from "./faults.ts";
import { ProcessExit } from "./processes.ts";
import type { Watched } from "./watchdog.ts";

/** A seed that makes no progress for so long spins: in milliseconds of processor time. */
const spinLimit = 120_000;

/** With the same faults: all that was asked for but which seeds, and what is said of them. */
function replay(seed: number | "SEED"): string {
  const others = process.argv
    .slice(2)
    .join(" ")
    .replaceAll(/--(?:(?:seeds|from|only)[ =]\S+|trace\b|stop\b) ?/g, "");
  return `replay: npm run sim -- --only ${seed} ${others.trim()} --trace`.replace("  ", " ");
}

await main();

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string", default: "20" },
      from: { type: "string", default: "1" },
      only: { type: "string" },
      nodes: { type: "string" },
      faults: { type: "string" },
      restores: { type: "string" },
      recoveries: { type: "boolean", default: false },
      shadows: { type: "boolean", default: false },
      holds: { type: "boolean", default: false },
      "force-quorum": { type: "boolean", default: false },
      disks: { type: "boolean", default: false },
      quorum: { type: "string", default: "directory" },
      moves: { type: "boolean", default: false },
      "node-restores": { type: "boolean", default: false },
      fencing: { type: "boolean", default: false },
      long: { type: "boolean", default: false },
      brink: { type: "boolean", default: false },
      trace: { type: "boolean", default: false },
      stop: { type: "boolean", default: false },
    },
  });
  let unhandled: unknown[] = [];
  process.on("unhandledRejection", (error) => {
    // A simulated process that has exited says so to its own main, where nobody listens any more.
    if (!(error instanceof ProcessExit)) unhandled.push(error);
  });
  const current = new SharedArrayBuffer(4);
  const spins = "spins: the code no longer waits for anything, or never rests";
  const message = `seed SEED: ${spins} | ${replay("SEED")}\n0 passed, 1 failed\n`;
  const watched: Watched = { current, message, limit: spinLimit };
  const watchdog = new Worker(new URL("watchdog.ts", import.meta.url), { workerData: watched });
  const from = Number(values.from);
  let passed = 0;
  let failed = 0;
  const given = values.only?.split(",").map(Number);
  for (const seed of given ?? Array.from({ length: Number(values.seeds) }, (_, i) => from + i)) {
    unhandled = [];
    Atomics.store(new Int32Array(current), 0, seed);
    const spec: RunSpec = {
      seed,
      ...(values.long ? { lasting: "long" } : values.brink ? { lasting: "brink" } : {}),
      keepTrace: values.trace ? 1_000_000 : 0,
      ...(values.nodes === undefined ? {} : { nodes: Number(values.nodes) }),
      ...(values.faults === undefined ? {} : { faults: faultsOf(values.faults) }),
      ...(values.recoveries ? { recoveries: true } : {}),
      ...(values.shadows ? { shadows: true } : {}),
      ...(values.holds ? { holds: true } : {}),
      ...(values["force-quorum"] ? { forceQuorum: true } : {}),
      ...(values.disks ? { disks: true } : {}),
      ...(values.quorum === "etcd" ? { etcd: true } : {}),
      ...(values.moves ? { moves: true } : {}),
      ...(values["node-restores"] ? { nodeRestores: true } : {}),
      ...(values.fencing ? { fencing: true } : {}),
      ...(values.restores === undefined ? {} : { restores: Number(values.restores) }),
    };
    const result = await runSeed(spec, () => unhandled);
    if (values.trace) process.stdout.write(`${result.trace.join("\n")}\n`);
    if (result.violations.length === 0) passed++;
    else failed++;
    if (result.violations.length > 0) process.stdout.write(failureOf(seed, result));
    if (failed > 0 && values.stop) break;
  }
  await watchdog.terminate();
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  process.exitCode = failed === 0 ? 0 : 1;
}

function faultsOf(text: string): FaultKind[] {
  const kinds = text.split(",");
  const known: readonly string[] = [...faultKinds, "freeze-machine"];
  const unknown = kinds.find((kind) => !known.includes(kind));
  if (unknown !== undefined) throw new Error(`There is no fault "${unknown}"; there are: ${known.join(", ")}.`);
  return kinds as FaultKind[];
}

function failureOf(seed: number, { nodes, violations, plan }: RunResult): string {
  const checkers = [...new Set(violations.map((each) => each.checker))].join(", ");
  const first = violations[0];
  const faults = plan.kinds.join(" ");
  return `seed ${seed}, ${nodes} nodes: ${checkers} (${faults}): at ${first?.at.toFixed(0)} ms ${first?.what} | ${replay(seed)}\n`;
}
