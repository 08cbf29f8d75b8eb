import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openOutside } from "../base/outside-node.ts";
import { readArtefact } from "./read-artefact.ts";

const folder = mkdtempSync(join(tmpdir(), "clubar-pipes-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("a pipe with a name, a device and a folder are refused at once, wherever a file is read", async () => {
  const pipe = join(folder, "pipe");
  execFileSync("sh", ["-c", `mkfifo '${pipe}'`]);
  const { files } = openOutside();
  for (const path of [pipe, "/dev/tty", "/dev/zero"]) {
    await assert.rejects(readArtefact(path), { name: "INVALID_PARAMETER" }, path);
    await assert.rejects(files.read(path), { name: "OutsideError" }, path);
  }
  await assert.rejects(readArtefact(folder), { name: "INVALID_PARAMETER" });
  assert.ok((await files.read("/proc/self/mountinfo")).length > 0);
});

test("what the shell hands over as an open pipe is read to its end", () => {
  const script = `import { readArtefact } from ${JSON.stringify(join(import.meta.dirname, "read-artefact.ts"))};
    process.stdout.write(await readArtefact("/dev/stdin"));`;
  const program = [process.execPath, "--input-type=module", "--eval", script].map((word) => `'${word}'`).join(" ");
  assert.equal(execFileSync("sh", ["-c", `echo through | ${program}`], { encoding: "utf8" }), "through\n");
});

test("of a file that is longer than any hive nothing is read", async () => {
  const path = join(folder, "disk.img");
  writeFileSync(path, "regf");
  truncateSync(path, 2 ** 40);
  await assert.rejects(readArtefact(path), { name: "INVALID_DATA", message: /has 1099511627776 bytes; no hive/ });
});
