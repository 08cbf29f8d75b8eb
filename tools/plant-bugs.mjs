// `npm run bugs [-- --seeds N] [--list] [NAME…]`: plants every bug of test/bugs in a copy of the tree and says which checker of the
// simulator finds it, from which seed. Ends with 1 when one is not found, or when a patch no longer applies.
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { moveToNewNode, root } from "./lib/runtime.mjs";

await moveToNewNode(import.meta.url);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seeds: { type: "string", default: "400" }, list: { type: "boolean", default: false } },
});
const folder = join(root, "test", "bugs");
const wanted = readdirSync(folder)
  .filter((name) => name.endsWith(".patch"))
  .filter((name) => positionals.length === 0 || positionals.some((part) => name.includes(part)))
  .sort();
if (values.list) {
  for (const name of wanted) console.log(`${name.replace(".patch", "")}: ${meaning(name)}`);
  process.exit(0);
}

let missing = 0;
for (const name of wanted) {
  const found = tryBug(name);
  if (!found.ok) missing++;
  console.log(`${name.replace(".patch", "")}: ${found.what}`);
}
console.log(`${wanted.length - missing} found, ${missing} not found`);
process.exit(missing === 0 ? 0 : 1);

// The first line of a patch says what is wrong; `From: N` names a seed near which it showed once.
function meaning(name) {
  return readFileSync(join(folder, name), "utf8").split("\n")[0];
}

function firstSeed(name) {
  return Number(/^From: (\d+)$/m.exec(readFileSync(join(folder, name), "utf8"))?.[1] ?? 1);
}

function tryBug(name) {
  const copy = mkdtempSync(join(tmpdir(), "clubar-bug-"));
  try {
    for (const part of ["src", "package.json", "tsconfig.json"])
      cpSync(join(root, part), join(copy, part), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    try {
      execFileSync("git", ["apply", join(folder, name)], {
        cwd: copy,
        stdio: "pipe",
        env: { ...process.env, GIT_CEILING_DIRECTORIES: tmpdir() },
      });
    } catch (error) {
      return { ok: false, what: `DOES NOT APPLY: ${String(error.stderr ?? error).trim()}` };
    }
    return search(copy, firstSeed(name), Number(values.seeds));
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function search(copy, from, seeds) {
  const args = ["src/sim/main.ts", "--seeds", String(seeds), "--from", String(from), "--stop"];
  const { stdout } = spawnSync(process.execPath, args, { cwd: copy, encoding: "utf8", maxBuffer: 1 << 28 });
  const line = stdout.split("\n").find((each) => each.startsWith("seed "));
  if (line === undefined) return { ok: false, what: `NOT FOUND with ${seeds} seeds from ${from}` };
  const [, seed = "", checkers = ""] = /^seed (\d+)[^:]*: ([^(:]*)/.exec(line) ?? [];
  return { ok: true, what: `found by ${checkers.trim()} at seed ${seed}, the ${Number(seed) - from + 1}. tried` };
}
