// Finds the Node this project runs on and moves a script over to it. Parses on Node 18: it runs before anything is installed.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The lowest major version of Node that runs the sources unbuilt. */
export const wantedMajor = 24;

/** The project's root folder. */
export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

const installedNode = join(root, "node_modules/.bin/node");

/** Whether the running Node is new enough. */
export function isNewEnough() {
  return Number(process.versions.node.split(".")[0]) >= wantedMajor;
}

/** The path of a Node that is new enough (the installed one first), or undefined. */
export function findNode() {
  if (existsSync(installedNode)) return installedNode;
  return isNewEnough() ? process.execPath : undefined;
}

/**
 * Runs a program with this process's standard streams and passes on SIGTERM, SIGHUP and SIGINT.
 * Resolves with its exit code, or 128 + the signal's number.
 */
export function runThrough(command, args, options = {}) {
  const child = spawn(command, args, { stdio: "inherit", ...options });
  const forward = (signal) => {
    // A terminal sends Ctrl-C to the whole foreground group, so the child has it already.
    if (signal === "SIGINT" && process.stdin.isTTY) return;
    child.kill(signal);
  };
  const signals = ["SIGTERM", "SIGHUP", "SIGINT"];
  for (const signal of signals) process.on(signal, forward);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      for (const name of signals) process.off(name, forward);
      resolve(signal === null ? code : 128 + constants.signals[signal]);
    });
  });
}

/** Starts a tool of this folder again on the installed Node when the running one is too old; otherwise does nothing. */
export async function moveToNewNode(scriptUrl) {
  if (isNewEnough()) return;
  const node = findNode();
  if (node === undefined) {
    console.error(
      `This needs Node ${wantedMajor} or newer; this is ${process.version}. Nothing was run. Run "npm install" first.`,
    );
    process.exit(13);
  }
  process.exit(await runThrough(node, [fileURLToPath(scriptUrl), ...process.argv.slice(2)]));
}
