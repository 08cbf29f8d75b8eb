// `node tools/generate-upcase-table.mjs [--check]`: derives the ranges of src/tree/upcase-table.ts from the Unicode data that comes
// with perl, by the rule in the head of that file, and writes them there; --check only says whether they are the same.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { moveToNewNode, root } from "./lib/runtime.mjs";

await moveToNewNode(import.meta.url);

/** Prints "unit upper title" for units whose cases were in Unicode 5.1 as they are. */
const script = `
use Unicode::UCD qw(prop_invmap search_invlist);
my ($ul, $um) = prop_invmap("Simple_Uppercase_Mapping");
my ($tl, $tm) = prop_invmap("Simple_Titlecase_Mapping");
sub mapped { my ($l, $m, $c) = @_; my $i = search_invlist($l, $c); $m->[$i] ? $m->[$i] + $c - $l->[$i] : $c }
for my $c (0 .. 0xd7ff, 0xe000 .. 0xffff) {
  my ($u, $t) = (mapped($ul, $um, $c), mapped($tl, $tm, $c));
  print "$c $u $t\\n" if ($u != $c || $t != $c) && chr($c) =~ /\\p{In=5.1}/ && chr($u) =~ /\\p{In=5.1}/;
}`;

/** What Windows leaves alone: micro, dotless i, long s, titlecase digraphs, symbols of Greek letters and others. */
const leftAlone = new Set([
  0xb5, 0x131, 0x17f, 0x1c5, 0x1c8, 0x1cb, 0x1f2, 0x345, 0x3c2, 0x3d0, 0x3d1, 0x3d5, 0x3d6, 0x3f0, 0x3f1, 0x3f5, 0x1e9b,
  0x1fbe,
]);

const lines = execFileSync("perl", ["-e", script], { encoding: "utf8" }).trim().split("\n");
const added = new Map();
for (const line of lines) {
  const [unit, upper, title] = line.split(" ").map(Number);
  // Greek letters with iota subscript go to their titlecase form.
  const iota = unit >= 0x1f80 && unit <= 0x1fff && title !== unit;
  const to = iota ? title : upper;
  if (!leftAlone.has(unit) && to !== unit && to <= 0xffff) added.set(unit, to - unit);
}

const ranges = [];
const done = new Set();
for (const [unit, add] of added) {
  if (done.has(unit)) continue;
  const reach = (step) => {
    let last = unit;
    while (added.get(last + step) === add && (step === 1 || !added.has(last + 1))) last += step;
    return last;
  };
  const [single, double] = [reach(1), reach(2)];
  const step = double > single ? 2 : 1;
  const last = Math.max(single, double);
  for (let at = unit; at <= last; at += step) done.add(at);
  ranges.push([unit, last, step, add]);
}

const path = join(root, "src/tree/upcase-table.ts");
const text = readFileSync(path, "utf8");
const begin = "const ranges: readonly number[] = [";
const from = text.indexOf(begin) + begin.length;
const to = text.indexOf("];", from);
const expand = (numbers) => {
  const map = new Map();
  for (let i = 0; i + 3 < numbers.length; i += 4)
    for (let unit = numbers[i]; unit <= numbers[i + 1]; unit += numbers[i + 2]) map.set(unit, numbers[i + 3]);
  return [...map].sort(([a], [b]) => a - b).join(";");
};
const present = text
  .slice(from, to)
  .split(",")
  .filter((part) => part.trim() !== "")
  .map(Number);
if (expand(present) === expand(ranges.flat())) {
  console.log(`The table has these ${added.size} units already.`);
} else if (process.argv.includes("--check")) {
  console.error(`The table differs from the ${added.size} units of the rule.`);
  process.exitCode = 1;
} else {
  const hex = (unit) => `0x${unit.toString(16).padStart(4, "0")}`;
  const numbers = ranges.flatMap(([first, last, step, add]) => [hex(first), hex(last), step, add]);
  writeFileSync(path, `${text.slice(0, from)}\n  ${numbers.join(", ")},\n${text.slice(to)}`);
  console.log(`Wrote ${ranges.length} ranges for ${added.size} units; format the file.`);
}
