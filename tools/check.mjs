// `npm run check [-- --fix] [--in PATH]… [STEP…]`: types, lint, format, dead code, tidy. Every step runs; one failure
// fails the whole. --fix writes the format; --in limits lint and format (so also what --fix writes) to some paths.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { install, whyStale } from "./lib/install.mjs";
import { moveToNewNode, root } from "./lib/runtime.mjs";

await moveToNewNode(import.meta.url);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { fix: { type: "boolean", default: false }, in: { type: "string", multiple: true } },
});

const tool = (name) => join(root, "tools/node_modules/.bin", name);
const ours =
  values.in ?? ["src", "test", "bench", "web", "tools", "start.mjs"].filter((path) => existsSync(join(root, path)));

const steps = {
  types: [join(root, "node_modules/.bin/tsc"), "--project", ".", "--pretty", "false"],
  "page types": [join(root, "node_modules/.bin/tsc"), "--project", "web", "--pretty", "false"],
  lint: [tool("oxlint"), "--config", "tools/oxlint.json", "--type-aware", ...ours],
  format: [tool("biome"), "format", "--config-path=tools/formatter.json", ...(values.fix ? ["--write"] : []), ...ours],
  "dead code": [tool("knip"), "--config", "tools/knip.json", "--no-progress", "--no-config-hints"],
  tidy: [process.execPath, "--test", "--test-reporter=dot", "test/tidy.test.ts"],
};

const unknown = positionals.filter((name) => !(name in steps));
if (unknown.length > 0) {
  console.error(`There is no step ${unknown.join(", ")}; steps are ${Object.keys(steps).join(", ")}. Nothing was run.`);
  process.exit(2);
}

const toolsFolder = join(root, "tools");
const stale = whyStale(toolsFolder);
if (stale !== undefined) {
  console.error(`Installing tools (${stale}) …`);
  if (!install(toolsFolder, { ciFirst: false })) {
    console.error(
      'npm could not install tools/; nothing was checked. Run "npm install" in tools/ and read what it says.',
    );
    process.exit(1);
  }
}

// Under a test runner, node would skip the tests of the step "tidy" and call that a success.
const { NODE_TEST_CONTEXT: _, ...environment } = { ...process.env, OXLINT_TSGOLINT_PATH: tool("tsgolint") };
const results = [];
for (const [name, [command, ...args]] of Object.entries(steps)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  console.log(`\n── ${name}`);
  const started = performance.now();
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: "inherit",
    env: environment,
  });
  if (error) console.error(error.message);
  results.push({ name, ok: status === 0, took: `${((performance.now() - started) / 1000).toFixed(1)} s` });
}

console.log("\n── summary");
for (const { name, ok, took } of results) console.log(`${ok ? "ok    " : "FAILED"}  ${name.padEnd(10)} ${took}`);
if (values.fix) console.log(`The format was written to ${ours.join(", ")}; nothing else was changed.`);
process.exit(results.every(({ ok }) => ok) ? 0 : 1);
