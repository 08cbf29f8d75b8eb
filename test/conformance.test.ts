/** docs/conformance.md: every row names tests, and every named test is there. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const documents = ["000", "001", "002", "003", "004"];

interface Row {
  readonly number: string;
  readonly cells: readonly string[];
}

/** Rows of the tables, without headings. */
function rowsOf(text: string): Row[] {
  return text
    .split("\n")
    .filter((line) => /^\| \d{3}-\d+ \|/.test(line))
    .map((line) => {
      const cells = line
        .slice(1, -1)
        .split(" | ")
        .map((cell) => cell.trim());
      return { number: cells[0] ?? "", cells };
    });
}

/** What is wrong with a row; nothing when all is well. */
function faultsOf({ number, cells }: Row, read: (path: string) => string | undefined): string[] {
  const [, statement = "", clubar = "", tests = ""] = cells;
  if (cells.length !== 4) return [`${number}: ${cells.length} cells`];
  const named = [...tests.matchAll(/`([^`›]+?) › ([^`]+)`/g)];
  const faults = named.flatMap(([, path = "", name = ""]) => {
    const text = read(path);
    if (text === undefined) return [`${number}: there is no ${path}`];
    return titlesOf(text).some((title) => title.includes(name)) ? [] : [`${number}: ${path} has no test "${name}"`];
  });
  if (named.length === 0) faults.push(`${number}: names no test`);
  if (statement === "" || clubar === "") faults.push(`${number}: says nothing`);
  return faults;
}

function titlesOf(text: string): string[] {
  const calls = /\b(?:test|describe|scenario|it)\(\s*(?:"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/g;
  return [...text.matchAll(calls)].map(([, plain, template]) => plain ?? template ?? "");
}

const page = readFileSync(`${root}docs/conformance.md`, "utf8");
const fromDisk = (path: string): string | undefined =>
  existsSync(`${root}${path}`) ? readFileSync(`${root}${path}`, "utf8") : undefined;

test("every row says what clubar does and names tests that are there", () => {
  assert.deepEqual(
    rowsOf(page).flatMap((row) => faultsOf(row, fromDisk)),
    [],
  );
});

test("every document has rows, numbered without gaps", () => {
  for (const document of documents) {
    const numbers = rowsOf(page)
      .map(({ number }) => number)
      .filter((number) => number.startsWith(document));
    assert.ok(numbers.length > 0, `no rows for ${document}`);
    assert.deepEqual(
      numbers,
      numbers.map((_, at) => `${document}-${at + 1}`),
    );
  }
});

test("a row that names no test, or one that is not there, is found", () => {
  const read = (path: string): string | undefined => (path === "a.test.ts" ? 'test("it works", () => {});' : undefined);
  const faults = (line: string): string[] => rowsOf(line).flatMap((row) => faultsOf(row, read));
  assert.deepEqual(faults("| 000-1 | s | c | `a.test.ts › it works` |"), []);
  assert.equal(faults("| 000-1 | s | c | `a.test.ts › it fails` |").length, 1);
  assert.equal(faults("| 000-1 | s | c | `b.test.ts › it works` |").length, 1);
  assert.equal(faults("| 000-1 | s | c | seen |").length, 1);
  assert.equal(faults("| 000-1 | s |  | `a.test.ts › it works` |").length, 1);
});
