/** `npm start -- --once` as a whole, as this user and as an ordinary one. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

const start = fileURLToPath(new URL("../../start.mjs", import.meta.url));
const setpriv = ["/usr/bin/setpriv", "/bin/setpriv"].find((path) => existsSync(path));
const nobody = [setpriv ?? "", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
const isRoot = process.getuid?.() === 0;

function tellsTheStory(prefix: readonly string[], options: readonly string[] = []): void {
  const folder = mkdtempSync(join(tmpdir(), "clubar-start-"));
  try {
    if (prefix.length > 0) spawnSync("chmod", ["1777", folder]);
    const [command = "", ...args] = [...prefix, process.execPath, start, "--once", ...options];
    const environment = { ...process.env, TMPDIR: folder, HOME: folder };
    const { status, stdout, stderr } = spawnSync(command, args, {
      env: environment,
      encoding: "utf8",
      timeout: 170_000,
      killSignal: "SIGTERM",
    });
    assert.equal(status, 0, `${stdout}\n${stderr}`);
    assert.match(stdout, /away for \d+ ms/);
    assert.match(stdout, /Nothing is left running/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("the demonstration ends with 0 and leaves nothing", () => tellsTheStory([]));

test(
  "the same without nginx and as an ordinary user",
  {
    skip: !isRoot
      ? "not root: the first test ran as an ordinary user"
      : setpriv === undefined
        ? "there is no setpriv"
        : false,
  },
  () => tellsTheStory(nobody, ["--own-server"]),
);
