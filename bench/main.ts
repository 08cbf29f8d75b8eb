/**
 * `npm run bench [-- NAME… --runs N --json]`: ratios, measured in one execution on a machine that does nothing else; medians of several
 * runs. NAME is a bench of the table in benches.ts; without one all of them, except those that take long. --json prints one JSON object
 * instead of the table, --markdown the table as the manual has it. Rows are told as they come; Ctrl-C ends everything that was started.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { benches } from "./benches.ts";
import { leaveNothing } from "./leave.ts";
import type { BenchOptions } from "./options.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    markdown: { type: "boolean", default: false },
    runs: { type: "string", default: "7" },
    "no-peer": { type: "boolean", default: false },
    "peer-runs": { type: "string", default: "3" },
    "peer-resources": { type: "string", default: "200" },
    minutes: { type: "string", default: "10" },
  },
});
const unknown = positionals.filter((name) => !benches.has(name));
if (unknown.length > 0) {
  console.error(
    `There is no bench ${unknown.join(", ")}; benches are ${[...benches.keys()].join(", ")}. Nothing was run.`,
  );
  process.exit(2);
}
const options: BenchOptions = {
  runs: countOf("runs"),
  peer: !values["no-peer"],
  peerRuns: countOf("peer-runs"),
  peerResources: countOf("peer-resources"),
  minutes: countOf("minutes"),
};

const chosen = [...benches].filter(([name, { onlyNamed }]) =>
  positionals.length > 0 ? positionals.includes(name) : onlyNamed !== true,
);
const each = chosen.map(([name, { seconds }]) => `${name} ${lengthOf(seconds(options))}`);
const total = lengthOf(chosen.reduce((sum, [, { seconds }]) => sum + seconds(options), 0));
console.error(`About ${total} on a quiet machine with two cores (${each.join(", ")}). Ctrl-C ends it.`);

const folder = mkdtempSync(join(tmpdir(), "clubar-bench-"));
const setpriv = ["/usr/bin/setpriv", "/bin/setpriv"].find((path) => existsSync(path));
const words = [
  ...(setpriv === undefined ? [] : [setpriv, "--pdeathsig", "KILL"]),
  process.execPath,
  fileURLToPath(new URL("worker.ts", import.meta.url)),
  chosen.map(([name]) => name).join(),
  JSON.stringify(options),
  (["json", "markdown"] as const).find((form) => values[form]) ?? "table",
];
// The slash at the end marks everything that has this environment as ours.
const worker = spawn("env", words, {
  stdio: ["ignore", "inherit", "inherit"],
  detached: true,
  env: { ...process.env, TMPDIR: `${folder}/` },
});
let interrupted = false;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (interrupted) return;
    interrupted = true;
    console.error(`${signal}: ending what was started …`);
    worker.kill("SIGKILL");
  });
}
const [code] = (await once(worker, "exit")) as [number | null];
await leaveNothing(worker.pid ?? 0, folder);
if (interrupted) console.error("Everything that was started has ended; the rows above are what was measured.");
process.exitCode = interrupted ? 130 : (code ?? 1);

function countOf(name: "runs" | "peer-runs" | "peer-resources" | "minutes"): number {
  const count = Number(values[name]);
  if (Number.isInteger(count) && count > 0) return count;
  console.error(`--${name} takes a whole number above 0. Nothing was run.`);
  process.exit(2);
}

function lengthOf(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds / 10) * 10} s` : `${Math.ceil(seconds / 60)} min`;
}
