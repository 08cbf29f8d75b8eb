// `npm test [-- PATTERN…] [-t NAME] [--bail]`: runs every *.test.ts under src, test, tools and bench, group by group.
// A PATTERN is a part of a file's path or a group's title; NAME is a regular expression for test names.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { findTests, groupTests } from "./lib/test-groups.mjs";
import { TestReport } from "./lib/test-report.mjs";
import { moveToNewNode, root } from "./lib/runtime.mjs";

await moveToNewNode(import.meta.url);
const { run } = await import("node:test");
// Every test file and every program that a test starts is a process of its own: stripping types once is enough for all of them.
process.env.NODE_COMPILE_CACHE ??= join(root, "node_modules/.cache/compiled");
// Services that tests start leave the mounts of this machine as they are.
process.env.CLUBAR_SHARE_MOUNTS ??= "no";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    name: { type: "string", short: "t", multiple: true },
    bail: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
  },
});

const groups = groupTests(findTests(root), positionals);
if (groups.length === 0) {
  const pattern = positionals.length === 0 ? "src, test, tools/lib or bench" : positionals.join(" ");
  console.error(`There is no test file for ${pattern}. Nothing was run. See "npm test -- --list".`);
  process.exit(2);
}
if (values.list) {
  for (const group of groups) console.log(`${group.title}\n${group.files.map((file) => `  ${file}`).join("\n")}`);
  process.exit(0);
}

const report = new TestReport((text) => process.stdout.write(text));
for (const group of groups) {
  report.begin(group);
  const events = run({
    cwd: root,
    files: group.files,
    concurrency: group.concurrency,
    timeout: group.timeoutMs,
    ...(values.name ? { testNamePatterns: values.name.map((name) => new RegExp(name, "i")) } : {}),
  });
  for await (const event of events) report.take(event);
  report.endGroup();
  if (values.bail && report.failed()) break;
}
report.end();
process.exitCode = report.failed() ? 1 : 0;
