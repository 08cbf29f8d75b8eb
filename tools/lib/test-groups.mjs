// Which test files there are and in which group each one runs.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/**
 * In the order they run: cheap and pointed ones first. A file belongs to the first group whose `holds` accepts its path.
 * End to end tests mostly wait for real processes, so two at once disturb each other little; a browser takes a whole processor.
 */
const groups = [
  { title: "end to end", holds: /(^|[/.-])e2e([/.-])/, concurrency: 2, timeoutMs: 300_000 },
  { title: "web page", holds: /^test\/page\//, concurrency: 1, timeoutMs: 300_000 },
  { title: "crash points", holds: /(^|[/-])crash(-points?)?([/.-])/, concurrency: 2, timeoutMs: 300_000 },
  { title: "fuzz", holds: /\/fuzz-[a-z]+\.test\.ts$/, concurrency: 2, timeoutMs: 600_000 },
  { title: "simulation", holds: /(^|[/-])(sim|simulation)([/.-])/, concurrency: 2, timeoutMs: 600_000 },
  { title: "conformance", holds: /(^|[/-])conformance([/.-])/, concurrency: 2, timeoutMs: 120_000 },
  { title: "unit", holds: /./, concurrency: 2, timeoutMs: 120_000 },
];

/** The files that take longest, longest first: begun first in their group, so that no processor waits long for the last one. */
const slowest = [
  "test/crash-points/vss-backup.test.ts",
  "test/crash-points/restore.test.ts",
  "test/crash-points/vss-restore.test.ts",
  "test/crash-points/recreation.test.ts",
  "test/crash-points/checkpoint.test.ts",
  "test/crash-points/force-quorum.test.ts",
  "test/crash-points/directory.test.ts",
  "test/simulation/seeds-1.test.ts",
  "test/simulation/seeds-2.test.ts",
  "test/simulation/seeds-3.test.ts",
  "test/simulation/seeds-4.test.ts",
  "test/simulation/recovery-seeds.test.ts",
  "test/simulation/node-restore-seeds.test.ts",
  "test/simulation/shadow-seeds.test.ts",
  "test/simulation/kept-seeds.test.ts",
];

/** Paths of all test files, relative to `root`: the slowest first, then in order of their names. */
export function findTests(root) {
  const found = ["src", "test", "tools/lib", "bench"]
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((path) => `${folder}/${path}`))
    .filter((path) => path.endsWith(".test.ts"))
    .sort();
  const gone = slowest.filter((path) => !found.includes(path));
  if (gone.length > 0) throw new Error(`tools/lib/test-groups.mjs lists files that are not there: ${gone.join(", ")}`);
  return [...slowest, ...found.filter((path) => !slowest.includes(path))];
}

/** The groups that have files, in running order, cut down to what the patterns name (all when there are none). */
export function groupTests(files, patterns) {
  const found = groups.map((group) => ({ ...group, files: [] }));
  for (const file of files) {
    const group = found.find(({ holds }) => holds.test(file));
    const chosen = patterns.some((pattern) => file.includes(pattern.replace(/^\.\//, "")) || pattern === group.title);
    if (patterns.length === 0 || chosen) group.files.push(file);
  }
  return found.reverse().filter((group) => group.files.length > 0);
}
