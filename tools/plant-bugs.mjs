// `npm run bugs [-- --seeds N] [--list] [NAME…]`: plants every bug of test/bugs in a copy of the tree and says which checker of the
// simulator finds it, from which seed; two bugs at a time. A find counts when the same seed passes without the bug. Ends with 1 when one is
// not found, or when a patch no longer applies.
import { execFile, execFileSync } from "node:child_process";
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
  for (const name of wanted) console.log(`${name.replace(".patch", "")}: ${header(name).meaning}`);
  process.exit(0);
}

const sound = copyOf(root);
const waiting = [...wanted];
let missing = 0;
await Promise.all([tryAll(), tryAll()]);
rmSync(sound, { recursive: true, force: true });
console.log(`${wanted.length - missing} found, ${missing} not found`);
process.exit(missing === 0 ? 0 : 1);

async function tryAll() {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    const found = await tryBug(name);
    if (!found.ok) missing++;
    console.log(`${name.replace(".patch", "")}: ${found.what}`);
  }
}

// The first line of a patch says what is wrong. `From: N` names a seed near which it showed once, `Options: …` what else the simulator
// is told: kinds of faults and how long they last, never what to look for.
function header(name) {
  const text = readFileSync(join(folder, name), "utf8");
  return {
    meaning: text.split("\n")[0],
    from: Number(/^From: (\d+)$/m.exec(text)?.[1] ?? 1),
    options: /^Options: (.+)$/m.exec(text)?.[1].split(" ") ?? [],
  };
}

async function tryBug(name) {
  const copy = copyOf(sound);
  try {
    try {
      execFileSync("git", ["apply", join(folder, name)], {
        cwd: copy,
        stdio: "pipe",
        env: { ...process.env, GIT_CEILING_DIRECTORIES: tmpdir() },
      });
    } catch (error) {
      return { ok: false, what: `DOES NOT APPLY: ${String(error.stderr ?? error).trim()}` };
    }
    return await search(copy, header(name), Number(values.seeds));
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

// What is planted in, and what must pass without: the sources as they were when this began.
function copyOf(source) {
  const copy = mkdtempSync(join(tmpdir(), "clubar-bug-"));
  for (const part of ["src", "package.json", "tsconfig.json"])
    cpSync(join(source, part), join(copy, part), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  return copy;
}

function simulate(copy, ...options) {
  return new Promise((resolve) =>
    execFile(
      process.execPath,
      ["src/sim/main.ts", ...options],
      { cwd: copy, maxBuffer: 1 << 28 },
      (_error, stdout, stderr) => resolve(`${stdout}\n${stderr}`),
    ),
  );
}

async function search(copy, { from, options }, seeds) {
  const output = await simulate(copy, "--seeds", String(seeds), "--from", String(from), "--stop", ...options);
  const lines = output.split("\n");
  const line = lines.find((each) => each.startsWith("seed "));
  if (line === undefined) {
    const ended = lines.find((each) => /^\d+ passed, 0 failed$/.test(each)) ?? `it broke: ${output.trim().slice(-500)}`;
    return { ok: false, what: `NOT FOUND with ${seeds} seeds from ${from}: ${ended}` };
  }
  const [, seed = "", checkers = ""] = /^seed (\d+)[^:]*: ([^(:]*)/.exec(line) ?? [];
  const without = await simulate(sound, "--only", seed, ...options);
  if (!without.startsWith("1 passed, 0 failed"))
    return { ok: false, what: `seed ${seed} fails also without it: ${without.trim().slice(0, 500)}` };
  return { ok: true, what: `found by ${checkers.trim()} at seed ${seed}, the ${Number(seed) - from + 1}. tried` };
}
