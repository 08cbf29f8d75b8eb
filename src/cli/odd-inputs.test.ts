/** Every verb that takes a file, with files that are no hives, or hives that hold odd things. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { clubar } from "../../test/cli/run.ts";
import { buildKey, emptyKey, sz, writeHive } from "../hive/index.ts";
import { nameMatcher } from "./commands/hive/glob.ts";
import { writeNewFile } from "./new-file.ts";
import { temporaryName } from "./temporary-name.ts";

const folder = mkdtempSync(join(tmpdir(), "clubar-odd-"));
after(() => rmSync(folder, { recursive: true }));

const name = "a\nb\0\u001b[31mRED\u009b2J\u202eevil\r\t";
const odd = writeHive(
  buildKey({
    name,
    lastWritten: 0xffff_ffff_ffff_ffffn,
    className: name,
    values: [sz(name, name), { name: "\ud800", type: 1, data: new Uint8Array([65, 0, 66]) }],
    children: [emptyKey(name, 0n), emptyKey("[*]?", 1n)],
  }),
  { time: 0xffff_ffff_ffff_ffffn, fileName: name },
);

function put(called: string, bytes: Uint8Array | string): void {
  writeFileSync(join(folder, called), bytes);
}

put("good", writeHive(emptyKey("R", 1n), { time: 1n }));
put("good.reg", 'Windows Registry Editor Version 5.00\n\n[HKEY_LOCAL_MACHINE\\good\\a]\n"x"=dword:1\n');
put("empty", "");
put("text", "hello\n");
put("odd", odd);
put("\u001b[31m", odd);
for (const cut of [512, 4000, 4096, 5000, 8192 - 512]) put(`cut-${cut}`, odd.subarray(0, cut));
put("zeros", new Uint8Array(20_000));
put("bad.reg", "Windows Registry Editor Version 5.00\n\n[HKEY_LOCAL_MACHINE\\a\u001b[31m\n");
put("deep.reg", `Windows Registry Editor Version 5.00\n\n[HKEY_LOCAL_MACHINE${"\\a".repeat(600)}]\n`);
mkdirSync(join(folder, "folder"));
execFileSync("mkfifo", [join(folder, "fifo")]);
symlinkSync("/dev/zero", join(folder, "zero"));
symlinkSync("loop", join(folder, "loop"));
symlinkSync("gone", join(folder, "dangling"));

const lines = [
  "hive info F --count",
  "hive ls F -l **",
  "hive cat F ** --value *",
  "hive cat F --raw",
  "hive tree F --values",
  "hive find F e",
  "hive export F --form ascii",
  "hive export F --out OUT",
  "hive import F --out OUT",
  "hive import good.reg F --out OUT",
  "hive import good.reg F --in-place",
  "hive save F --out OUT",
  "hive dump F --listing --recover",
  "hive check F",
  "hive recover F --out OUT",
  "hive salvage F --out OUT",
  "hive deleted F",
  "hive diff F good",
  "diff good F",
  "inspect F",
].map((line) => line.split(" "));

/** What would move a terminal's cursor or turn its text around; ends of lines are no such thing. */
const harmful = /[^\P{Cc}\n\r\t]|\p{Bidi_Control}/u;

describe("odd inputs", () => {
  const files = [...readdirSync(folder), "missing", "good/x", "x".repeat(5000), ""];
  for (const file of files) {
    test(`${JSON.stringify(file.slice(0, 20))}: told what is wrong, nothing changed`, async () => {
      const path = join(folder, file);
      const bytes = (): Uint8Array | undefined =>
        file !== "" && existsSync(path) && statSync(path).isFile() ? readFileSync(path) : undefined;
      const before = bytes();
      for (const line of lines) {
        const words = line.map((word) => (word === "F" ? file : word === "OUT" ? "out" : word));
        const { exit: code, out, err } = await clubar(words, undefined, { folder });
        const said = `${words.join(" ")}: ${code} ${err}`;
        assert.ok(code !== 1 && !/\n\s+at |TypeError|RangeError|INTERNAL/.test(err), said);
        assert.ok(!harmful.test(err) && (line[1] === "export" || line.includes("--raw") || !harmful.test(out)), said);
        assert.ok(code === 0 || out !== "" || err.split("\n").length > 3 || code === 8, said);
        assert.deepEqual(bytes(), before, said);
        rmSync(join(folder, "out"), { force: true });
      }
      assert.deepEqual(
        readdirSync(folder).filter((one) => one.startsWith(".")),
        [],
      );
    });
  }

  test("no verb writes over the hive that it reads, nor over a log of it", async () => {
    const hive = join(folder, "own");
    copyFileSync(join(folder, "good"), hive);
    copyFileSync(join(folder, "good"), `${hive}.LOG1`);
    linkSync(hive, join(folder, "other-name"));
    const before = readFileSync(hive);
    for (const out of ["own", "other-name", "own.LOG1"]) {
      for (const line of [
        ["save", "own"],
        ["export", "own"],
        ["recover", "own"],
        ["salvage", "own"],
        ["import", "good.reg", "own", "--prefix", "HKLM\\good"],
      ]) {
        const { exit, err } = await clubar(["hive", ...line, "--out", out, "--force"], undefined, { folder });
        assert.ok(
          exit !== 0 && /is (the hive itself|a log of the hive)\./.test(err),
          `${line.join(" ")} ${out}: ${exit} ${err}`,
        );
      }
    }
    assert.deepEqual(readFileSync(hive), before);
    assert.deepEqual(readFileSync(`${hive}.LOG1`), before);
    for (const name of ["own", "own.LOG1", "other-name"]) rmSync(join(folder, name));
  });

  test("a new file takes no device's place", () => {
    assert.throws(() => writeNewFile(join(folder, "fifo"), true, () => undefined), { name: "REFUSED_FOR_SAFETY" });
    assert.throws(() => writeNewFile(join(folder, "none/x"), false, () => undefined), {
      message: /No file was written/,
    });
  });

  test("what a killed process was writing is cleared away by the next one; what others write is not", () => {
    const place = mkdtempSync(join(folder, "killed-"));
    const module = new URL("new-file.ts", import.meta.url).href;
    const script = `const { writeNewFile } = await import("${module}");
      writeNewFile("${place}/out", false, () => process.kill(process.pid, "SIGKILL"));`;
    const child = spawnSync(process.execPath, ["--input-type=module", "-e", script]);
    assert.equal(child.signal, "SIGKILL");
    assert.match(readdirSync(place).join(), /^\.clubar-[0-9a-f]{16}-\d+-\d+-[0-9a-f]{8}$/);
    const others = [temporaryName(), `.clubar-${"0".repeat(16)}-1-1-00000000`, ".clubar-else"];
    for (const name of others) writeFileSync(join(place, name), "");
    writeNewFile(join(place, "new"), false, () => undefined);
    assert.deepEqual(readdirSync(place).toSorted(), [...others, "new"].toSorted());
  });

  test("a glob of many stars on a long name takes no longer than both lengths multiplied", () => {
    assert.equal(nameMatcher(`${"*a".repeat(30)}*b`)("a".repeat(16_383)), false);
    assert.equal(nameMatcher("?[*]*c")("x*abc"), true);
    assert.equal(nameMatcher("*ab?b*")("aababb"), true);
    assert.equal(nameMatcher("a.c")("abc"), false);
  });
});
