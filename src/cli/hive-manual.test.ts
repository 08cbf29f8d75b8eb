/** The examples of docs/manual/hive.md, in order, in one folder: programs say what stands behind `// →`, commands what stands below. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { format } from "node:util";
import { clubar } from "../../test/cli/run.ts";

const manual = readFileSync(join(import.meta.dirname, "../../docs/manual/hive.md"), "utf8");
const library = pathToFileURL(join(import.meta.dirname, "../hive/index.ts")).href;
const blocks = [...manual.matchAll(/^```(ts|console)\n(.*?)^```$/gms)].map(([, kind = "", text = ""]) => ({
  kind,
  text,
}));
const home = process.cwd();
let folder = "";

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "clubar-hive-manual-"));
  process.chdir(folder);
});
after(async () => {
  process.chdir(home);
  await rm(folder, { recursive: true });
});

for (const [at, { kind, text }] of blocks.entries()) {
  test(`example ${at + 1} (${kind})`, () => (kind === "ts" ? runProgram(text, `example-${at}.ts`) : runCommands(text)));
}

test("there are examples of both kinds", () => {
  assert.deepEqual([...new Set(blocks.map(({ kind }) => kind))], ["ts", "console"]);
});

async function runProgram(text: string, name: string): Promise<void> {
  const path = join(folder, name);
  await writeFile(path, text.replaceAll('"clubar/hive"', JSON.stringify(library)));
  const said: string[] = [];
  const { log } = console;
  console.log = (...words: readonly unknown[]) => void said.push(format(...words));
  try {
    await import(pathToFileURL(path).href);
  } finally {
    console.log = log;
  }
  assert.deepEqual(
    said,
    [...text.matchAll(/\/\/ → (.*)$/gm)].map(([, expected]) => expected),
  );
}

async function runCommands(text: string): Promise<void> {
  for (const part of text.split(/^\$ clubar /m).slice(1)) {
    const end = part.indexOf("\n");
    const line = part.slice(0, end);
    const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
    const { out, err, exit } = await clubar(words, undefined, { folder });
    assert.equal(err, "", line);
    assert.equal(out.replaceAll(`${folder}/`, "").replaceAll("\r\n", "\n"), part.slice(end + 1), line);
    assert.equal(exit, 0, line);
  }
}
