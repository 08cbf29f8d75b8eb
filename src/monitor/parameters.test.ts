import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { dword, multiSz, sz } from "../tree/value.ts";
import { quoteWord } from "./request-line.ts";
import { splitCommandLine } from "./command-line.ts";
import { cgroupMount } from "./containment.ts";
import { type ParameterRow, parameterProblems, parametersOf } from "./parameters.ts";
import { parseStat } from "./process-table.ts";
import { findResourceType, resourceTypes } from "./types.ts";

const rows: readonly ParameterRow[] = [
  { name: "Command", kind: "text", required: true, meaning: "What to run." },
  { name: "Files", kind: "texts", required: false, meaning: "Files." },
  { name: "Limit", kind: "number", required: false, default: 7, meaning: "A limit." },
  { name: "Quiet", kind: "flag", required: false, default: 0, meaning: "Say nothing." },
];

test("parameters are read by name, whatever its case, with defaults", () => {
  const parameters = parametersOf([sz("COMMAND", "x"), multiSz("Files", ["a", "b"]), dword("quiet", 1)], rows);
  assert.equal(parameters.text("command"), "x");
  assert.deepEqual(parameters.texts("Files"), ["a", "b"]);
  assert.equal(parameters.number("Limit"), 7);
  assert.equal(parameters.flag("Quiet"), true);
  assert.deepEqual(
    [...parameters.asTexts()],
    [
      ["COMMAND", "x"],
      ["Files", "a\nb"],
      ["quiet", "1"],
    ],
  );
  const none = parametersOf([], rows);
  assert.equal(none.text("Command"), undefined);
  assert.deepEqual(none.texts("Files"), []);
  assert.equal(none.flag("Quiet"), false);
});

test("a single text stands for a list of one", () => {
  assert.deepEqual(parametersOf([sz("Files", "a")], rows).texts("Files"), ["a"]);
});

test("what is wrong with parameters is said by name", () => {
  assert.deepEqual(parameterProblems([sz("command", "x"), sz("Files", "one"), dword("Quiet", 1)], rows), []);
  assert.deepEqual(parameterProblems([], rows), ["Command is missing: What to run."]);
  assert.deepEqual(parameterProblems([sz("Command", "")], rows), ["Command is empty."]);
  assert.deepEqual(
    parameterProblems([sz("Command", "x"), sz("Limit", "7"), dword("Quiet", 2), sz("Colour", "blue")], rows),
    ["Limit must be a number (REG_DWORD).", "Quiet must be 0 or 1 (REG_DWORD).", "There is no parameter Colour."],
  );
});

test("every type's table is complete", () => {
  for (const type of resourceTypes) {
    assert.equal(findResourceType(type.name.toUpperCase()), type);
    for (const row of type.parameters) assert.match(row.meaning, /\.$/, `${type.name}: ${row.name}`);
  }
});

test("a command line is split as a shell would, without its powers", () => {
  const line = String.raw`prog  -a "two words" 'it''s $HOME' one\ word "q\"b\\" '' a"b"c`;
  assert.deepEqual(splitCommandLine(line), ["prog", "-a", "two words", "its $HOME", "one word", 'q"b\\', "", "abc"]);
  for (const bad of ["", "  ", "a 'b", 'a "b'])
    assert.throws(() => splitCommandLine(bad), { name: "INVALID_PARAMETER" });
});

test("quoted words come back as they were", () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1 }), (words) => {
      assert.deepEqual(splitCommandLine(words.map(quoteWord).join(" ")), words);
    }),
  );
});

test("a line of the process table is read past any name", () => {
  const line = `42 (a) b) (c) S 7 42 41 ${Array.from({ length: 15 }, (_, n) => n).join(" ")} 12345 0 0`;
  assert.deepEqual(parseStat(line), { identity: { pid: 42, started: "12345" }, state: "S", parent: 7, session: 41 });
  for (const bad of ["", "42", "x (y) S 1 2 3", "42 (a) S 1 2"]) assert.equal(parseStat(bad), undefined);
});

test("the cgroup2 mount is found beside others", () => {
  const lines = [
    "30 24 0:26 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu",
    "31 24 0:27 / /sys/fs/my\\040cgroup rw,nosuid shared:5 - cgroup2 cgroup2 rw",
  ];
  assert.equal(cgroupMount(lines.join("\n")), "/sys/fs/my cgroup");
  assert.equal(cgroupMount(lines[0] ?? ""), undefined);
});
