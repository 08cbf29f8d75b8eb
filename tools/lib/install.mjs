// Installs the packages of a folder when they are missing or older than its lock file.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Why the folder's node_modules does not match its lock file, or undefined when it does. */
export function whyStale(folder) {
  const installedPath = join(folder, "node_modules/.package-lock.json");
  if (!existsSync(installedPath)) return "node_modules is missing";
  const wanted = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8")).packages;
  const installed = JSON.parse(readFileSync(installedPath, "utf8")).packages;
  for (const [path, { version, optional, os, cpu }] of Object.entries(wanted)) {
    if (path === "") continue;
    const here =
      (os ?? [process.platform]).includes(process.platform) && (cpu ?? [process.arch]).includes(process.arch);
    const found = installed[path]?.version;
    // npm leaves out optional packages of other platforms and C libraries.
    if (found === undefined && (optional || !here)) {
      if (path !== `node_modules/node-${process.platform}-${process.arch}`) continue;
    }
    if (found !== version) return `${path} is ${found ?? "missing"}, the lock file says ${version}`;
  }
  return undefined;
}

/** Runs npm with its output going to standard error; true when it succeeded. */
export function npm(args, folder, output = ["ignore", 2, 2]) {
  const viaNpm = process.env.npm_execpath?.endsWith(".js") ? process.env.npm_execpath : undefined;
  const [command, first] = viaNpm === undefined ? ["npm", []] : [process.execPath, [viaNpm]];
  const result = spawnSync(command, [...first, ...args], { cwd: folder, stdio: output });
  if (result.error) console.error(`npm could not be started: ${result.error.message}`);
  return result.status === 0;
}

/** `npm ci`, and `npm install` where that fails (some registries serve no packages of foreign platforms). */
export function install(folder, { ciFirst = true } = {}) {
  const quiet = ["--ignore-scripts", "--no-audit", "--no-fund"];
  if (ciFirst && npm(["ci", ...quiet], folder)) return true;
  return npm(["install", ...quiet], folder);
}
