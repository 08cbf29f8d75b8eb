/** The house rules that a machine can hold. Every rule is also fed a bad example, so that it is known to bite. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { importsPointDown, pureStaysPure } from "./tidy/layers.ts";
import { maskCode } from "./tidy/mask.ts";
import { oneDoorOutside } from "./tidy/outside.ts";
import { filesAreShort, functionsAreShort, linesAreShort } from "./tidy/size.ts";
import { readSources } from "./tidy/source.ts";
import type { Rule, Source } from "./tidy/source.ts";
import {
  bannedSyntax,
  exportsAreExplained,
  formatsAreDescribed,
  namesAreKebabCase,
  noCommentedOutCode,
  noMachinePaths,
  noPromises,
} from "./tidy/words.ts";

const root = join(import.meta.dirname, "..");
const sources = readSources(
  root,
  ["src", "test", "tools", "bench", "web", "docs", ".ci"],
  [".ts", ".tsx", ".mjs", ".md", "run"],
).concat(
  readSources(root, ["."], ["start.mjs", "README.md", "CONTRIBUTING.md"]).filter(({ path }) => !path.includes("/")),
);

interface Check {
  readonly title: string;
  readonly rule: Rule;
  /** Each breaks the rule: path → text. */
  readonly bad: readonly Readonly<Record<string, string>>[];
  /** Each does not. */
  readonly good: readonly Readonly<Record<string, string>>[];
}

const longFunction = (head: string): string => `${head}\n${"  work();\n".repeat(70)}}\n`;

const checks: readonly Check[] = [
  {
    title: "imports point down",
    rule: importsPointDown,
    bad: [
      { "src/tree/key.ts": 'import { readHive } from "../hive/read.ts";' },
      { "src/quorum/disk/log.ts": 'import type { Update } from "../../database/update.ts";' },
      { "src/failover/decide.ts": 'import { x } from "../monitor/application.ts";' },
      { "src/base/log.ts": 'const x = await import("../api/app.ts");' },
      { "src/base/log.ts": 'export * from "../../test/tidy/mask.ts";' },
      { "src/novel/thing.ts": "" },
    ],
    good: [
      { "src/hive/read.ts": 'import { key } from "../tree/key.ts";' },
      { "src/failover/run.ts": 'import type { M } from "../monitor/protocol.ts";' },
      { "src/failover/run.ts": 'import { store } from "../checkpoint/checkpoint.ts";' },
      { "src/base/log.test.ts": 'import { world } from "../sim/world.ts";' },
    ],
  },
  {
    title: "pure folders stay pure",
    rule: pureStaysPure,
    bad: [
      { "src/tree/key.ts": 'import { createHash } from "node:crypto";' },
      { "src/hive/read.ts": 'import { z } from "zod";' },
      {
        "src/failover/decide.ts": 'import { d } from "../base/digest.ts";',
        "src/base/digest.ts": 'import { createHash } from "node:crypto";',
      },
    ],
    good: [
      { "src/tree/arbitrary.ts": 'import fc from "fast-check";' },
      { "src/failover/decide.ts": 'import type { T } from "../monitor/resource-type.ts";' },
      { "src/tree/key.ts": 'import { b } from "../base/bytes.ts";', "src/base/bytes.ts": "export const b = 1;" },
    ],
  },
  {
    title: "the outside comes through one door",
    rule: oneDoorOutside,
    bad: [
      { "src/backup/take.ts": 'import { readFile } from "node:fs/promises";' },
      { "src/api/app.ts": 'import { serve } from "@hono/node-server";' },
      { "src/database/replica.ts": "const now = Date.now();" },
      { "src/database/replica.ts": "const now = new Date();" },
      { "src/rpc/call.ts": "setTimeout(() => {}, 1);" },
      { "src/rpc/call.ts": "const home = `${process.env.HOME}`;" },
      { "src/rpc/call.ts": "const answer = await fetch(url);" },
      { "src/registry/keys.ts": 'import { randomBytes } from "node:crypto";' },
    ],
    good: [
      { "src/base/outside-node-files.ts": 'import { open } from "node:fs/promises";' },
      { "src/daemon/main.ts": "process.exit(1);" },
      { "src/sim/door.ts": "process.atDeath(process.label);" },
      {
        "src/rpc/call.ts":
          "// no setTimeout here\nconst text = 'Date.now()';\nconst at = new Date(wall);\nthis.process.env;",
      },
    ],
  },
  {
    title: "a file has at most 400 lines",
    rule: filesAreShort,
    bad: [{ "src/base/long.ts": "x\n".repeat(401) }],
    good: [{ "src/base/long.ts": "x\n".repeat(400) }, { "docs/long.md": "x\n".repeat(401) }],
  },
  {
    title: "a line has at most 140 columns",
    rule: linesAreShort,
    bad: [{ "src/base/wide.ts": "x".repeat(141) }],
    good: [{ "src/base/wide.ts": "x".repeat(140) }],
  },
  {
    title: "a function has at most 70 lines",
    rule: functionsAreShort,
    bad: [
      { "src/base/a.ts": longFunction("export async function a(b: string): Promise<void> {") },
      { "src/base/a.ts": longFunction("const a = (b: string): void => {") },
      { "src/base/a.ts": longFunction("function a(\n  b: string,\n): void {") },
      { "src/base/a.ts": `class A {\n${longFunction("async run(): Promise<void> {").replace(/^(?=.)/gm, "  ")}}\n` },
      { "src/base/a.ts": `class A {\n${longFunction("#run<T>(a: T): void {").replace(/^(?=.)/gm, "  ")}}\n` },
    ],
    good: [
      { "src/base/a.ts": longFunction("export const table = {") },
      { "src/base/a.test.ts": longFunction('describe("a", () => {').replace(/\}\n$/, "});\n") },
      { "src/base/a.ts": `function a(): void {\n  return;\n}\n${"x;\n".repeat(80)}` },
    ],
  },
  {
    title: "names are kebab-case and say something",
    rule: namesAreKebabCase,
    bad: [
      { "src/base/fileTime.ts": "" },
      { "src/base/File.ts": "" },
      { "src/base/utils.ts": "" },
      { "src/Base/a.ts": "" },
    ],
    good: [{ "src/base/file-time.test.ts": "" }, { "docs/formats/README.md": "" }],
  },
  {
    title: "no default exports, enums, namespaces",
    rule: bannedSyntax,
    bad: [
      { "src/base/a.ts": "export default 1;" },
      { "src/base/a.ts": "export const enum A { b }" },
      { "src/base/a.ts": "namespace A {}" },
    ],
    good: [{ "src/base/a.ts": "const enumerate = '\\nenum A {}';\n// export default is not used" }],
  },
  {
    title: "no promises of later work",
    rule: noPromises,
    bad: [{ "src/base/a.ts": `// ${"TO"}${"DO"}: later` }, { "tools/a.mjs": `/* ${"FIX"}${"ME"} */` }],
    good: [{ "src/base/a.ts": "const todos = 1;" }],
  },
  {
    title: "no paths of one machine",
    rule: noMachinePaths,
    bad: [{ "docs/a.md": `see /${"work"}/main` }, { "src/base/a.ts": `"/${"home"}/me/x"` }],
    good: [{ "docs/a.md": "src/work/ and /var/lib/clubar and https://example.org/work/x" }],
  },
  {
    title: "no commented-out code",
    rule: noCommentedOutCode,
    bad: [
      { "src/base/a.ts": "  // const x = 1;" },
      { "src/base/a.ts": "// log.info(x);" },
      { "src/base/a.ts": "// }" },
    ],
    good: [{ "src/base/a.ts": "// For the log: if it fails, nothing was written.\n// return to the caller is fast" }],
  },
  {
    title: "exports of src have a docstring",
    rule: exportsAreExplained,
    bad: [
      { "src/base/a.ts": "export const a = 1;" },
      { "src/base/a.ts": "// one\nexport interface A {}" },
      { "src/base/a.ts": "/** A. */\n\nexport async function a() {}" },
      { "web/src/a.tsx": "export function A() {}" },
    ],
    good: [
      {
        "src/base/a.ts":
          "/** One. */\nexport const a = 1;\nexport { b } from './b.ts';\nexport type { C } from './c.ts';",
      },
      { "src/base/a.ts": "/** One. */\nexport function a(b: 1): 1;\nexport function a(b: 2): 2;" },
      { "src/base/a.test.ts": "export const a = 1;" },
    ],
  },
  {
    title: "formats are described",
    rule: formatsAreDescribed,
    bad: [{ "src/hive/read.ts": "" }, { "src/base/journal.ts": "", "docs/formats/hive.md": "src/hive" }],
    good: [{ "src/hive/read.ts": "", "docs/formats/hive.md": "Read by src/hive." }, { "src/base/log.ts": "" }],
  },
];

const asSources = (files: Readonly<Record<string, string>>): Source[] =>
  Object.entries(files).map(([path, text]) => ({ path, text }));

for (const { title, rule, bad, good } of checks) {
  test(title, () => {
    const findings = rule(sources);
    if (findings.length > 0) assert.fail(`${findings.length} found:\n${findings.join("\n")}`);
  });
  test(`${title}: the rule bites`, () => {
    for (const files of bad) assert.equal(rule(asSources(files)).length, 1, JSON.stringify(files).slice(0, 200));
    for (const files of good) assert.deepEqual(rule(asSources(files)), [], JSON.stringify(files).slice(0, 200));
  });
}

describe("masking", () => {
  test("blanks strings, templates, comments and regular expressions, keeps columns", () => {
    const text = 'a("x\\"y"); // c\nb(`p${q("r")}s`, /["\'`/]/g); /* d */ c = e / f / g;';
    const masked = maskCode(text);
    assert.equal(masked.length, text.length);
    assert.equal(masked.replace(/\s+/g, " "), "a( ); b( q( ) , ); c = e / f / g;");
  });
});

test("there are sources to look at", () => {
  for (const folder of ["src/base/", "test/", "tools/"]) {
    assert.ok(
      sources.some(({ path }) => path.startsWith(folder)),
      folder,
    );
  }
});
