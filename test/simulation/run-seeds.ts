/** Runs seeds of the simulated cluster in a process of its own, as a person does with `npm run sim`. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../src/sim/main.ts", import.meta.url));

/** What the run printed and how it ended. */
export interface SeedRun {
  readonly code: number | null;
  readonly output: string;
}

export function runSeeds(...args: readonly string[]): Promise<SeedRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}
