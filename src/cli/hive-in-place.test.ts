import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { mkdir, mkdtemp, open, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { clubar, type Ended } from "../../test/cli/run.ts";
import { sha256 } from "../base/digest.ts";
import { flockFile } from "../base/outside-node-kernel.ts";
import { readHive } from "../hive/read.ts";
import { writeHive } from "../hive/write.ts";
import { applyEdits } from "../tree/edit.ts";
import { emptyKey, findValue } from "../tree/key.ts";
import { sz, textOf } from "../tree/value.ts";

let folder = "";
const run = (...args: readonly string[]): Promise<Ended> => clubar(["hive", ...args], undefined, { folder });
const file = (name: string): string => join(folder, name);
const time = 133_485_408_000_000_000n;
const sample = applyEdits(
  emptyKey("ROOT", time),
  [
    { kind: "set-value", path: "Software\\Web", value: sz("Port", "80") },
    { kind: "create-key", path: "Setup", className: "Sample class" },
  ],
  time,
);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "clubar-in-place-"));
  await writeFile(file("SAMPLE"), writeHive(sample, { time }));
});
after(() => rm(folder, { recursive: true }));

describe("import", () => {
  test("in place: pages and a log, only when somebody says yes", async () => {
    await writeFile(file("SAMPLE.mine"), readFileSync(file("SAMPLE")));
    await writeFile(file("one.reg"), 'REGEDIT4\r\n\r\n[HKLM\\X\\Setup]\r\n"by"="us"\r\n');
    const wanted = ["import", "one.reg", "SAMPLE.mine", "--prefix", "HKLM\\X", "--in-place"];
    assert.equal((await run(...wanted)).exit, 3);
    assert.equal(sha256(readFileSync(file("SAMPLE.mine"))), sha256(readFileSync(file("SAMPLE"))));
    for (const more of [["--out", "x"], ["--recover"], ["--log", "x"]])
      assert.equal((await run(...wanted, "--yes", ...more)).exit, 2);
    const { exit, out } = await run(...wanted, "--yes");
    assert.equal(exit, 0);
    assert.match(out, /2 changes, \d pages? written/);
    const { root } = readHive(new Uint8Array(readFileSync(file("SAMPLE.mine"))));
    assert.equal(textOf(findValue(root, "Setup", "by")), "us");
    assert.equal(statSync(file("SAMPLE.mine.LOG1")).mode & 0o777, 0o600);
    assert.equal((await run("check", "SAMPLE.mine", "--strict")).exit, 0);
    assert.match((await run(...wanted, "--yes")).out, /nothing was written/);
  });

  test("in place: Ctrl-C says how far it came, for as long as anything is written", async () => {
    await writeFile(file("heard"), readFileSync(file("SAMPLE")));
    await writeFile(file("heard.reg"), 'REGEDIT4\r\n\r\n[HKLM\\X\\Setup]\r\n"by"="us"\r\n');
    const texts: string[] = [];
    const onInterrupt = (say: () => string): (() => void) => {
      texts.push(say());
      return () => texts.push(say());
    };
    const words = ["hive", "import", "heard.reg", "heard", "--prefix", "HKLM\\X", "--in-place", "--yes"];
    assert.equal((await clubar(words, undefined, { folder, onInterrupt })).exit, 0);
    assert.match(texts[0] ?? "", /Interrupted\. Only its log was written/);
    assert.match(texts[1] ?? "", /Nothing is lost: the change is whole in .*heard\.LOG1.*\nNow run/);
    assert.equal(texts.length, 2);
  });

  test("in place: the log takes nobody else's place, and lies beside the file that a link leads to", async () => {
    const bytes = readFileSync(file("SAMPLE"));
    await writeFile(file("two.reg"), 'REGEDIT4\r\n\r\n[HKLM\\X\\Setup]\r\n"by"="us"\r\n');
    const change = (hive: string): Promise<Ended> =>
      run("import", "two.reg", hive, "--prefix", "HKLM\\X", "--in-place", "--yes");
    await writeFile(file("mine"), bytes);
    await writeFile(file("precious"), "precious");
    await symlink("precious", file("mine.LOG1"));
    const refused = await change("mine");
    assert.equal(refused.exit, 3);
    assert.match(refused.err, /mine\.LOG1.*is no file\.\nNothing was changed\.\nMove/);
    assert.equal(readFileSync(file("precious"), "utf8"), "precious");
    assert.ok(readFileSync(file("mine")).equals(bytes));
    await rm(file("mine.LOG1"));
    assert.equal(spawnSync("sh", ["-c", `mkfifo '${file("mine.LOG1")}'`]).status, 0);
    assert.equal((await change("mine")).exit, 3);
    await rm(file("mine.LOG1"));
    await mkdir(file("elsewhere"));
    await symlink(file("mine"), file("elsewhere/link"));
    assert.equal((await change("elsewhere/link")).exit, 0);
    assert.ok(statSync(file("mine.LOG1")).isFile());
    assert.match((await change("nowhere")).err, /The hive was not changed\.\nCheck the path/);
  });

  test("in place: --plan writes nothing; a log is written over and that is said; what is no log stays", async () => {
    const bytes = readFileSync(file("SAMPLE"));
    await writeFile(file("planned"), bytes);
    await writeFile(file("two.reg"), 'REGEDIT4\r\n\r\n[HKLM\\X\\Setup]\r\n"by"="us"\r\n');
    const change = ["import", "two.reg", "planned", "--prefix", "HKLM\\X", "--in-place"];
    const first = await run(...change, "--plan");
    assert.match(
      first.out,
      /changed in place: 2 changes, \d pages?\..*\nIts log will be .*planned\.LOG1\.\nNothing was changed\.\n$/,
    );
    assert.equal(statSync(file("planned.LOG1"), { throwIfNoEntry: false }), undefined);
    await writeFile(file("planned.LOG1"), "notes of somebody");
    for (const more of [["--plan"], ["--yes"]]) {
      const refused = await run(...change, ...more);
      assert.equal(refused.exit, 3);
      assert.match(refused.err, /planned\.LOG1, which is there and is no log of a hive\.\nNothing was changed\.\nMove/);
    }
    assert.equal(readFileSync(file("planned.LOG1"), "utf8"), "notes of somebody");
    assert.ok(readFileSync(file("planned")).equals(bytes));
    await rm(file("planned.LOG1"));
    assert.equal((await run(...change, "--yes")).exit, 0);
    await writeFile(file("two.reg"), 'REGEDIT4\r\n\r\n[HKLM\\X\\Setup]\r\n"by"="them"\r\n');
    assert.match(
      (await run(...change, "--plan")).out,
      /planned\.LOG1, is written anew: what it holds is in the hive already/,
    );
    const { replacesLog } = JSON.parse((await run(...change, "--plan", "--json")).out) as { replacesLog: boolean };
    assert.equal(replacesLog, true);
  });

  test("in place: refused while another one changes it", async () => {
    await writeFile(file("both"), readFileSync(file("SAMPLE")));
    await writeFile(file("two.reg"), 'REGEDIT4\r\n\r\n[HKLM\\X\\Setup]\r\n"by"="us"\r\n');
    const other = await open(file("both"), "r");
    assert.ok(flockFile(other.fd));
    const { exit, err } = await run("import", "two.reg", "both", "--prefix", "HKLM\\X", "--in-place", "--yes");
    await other.close();
    assert.equal(exit, 10);
    assert.match(err, /Another command changes/);
  });
});
