/** Generic Application and Generic Script: whose environment, whose folder, which user; and where the output goes. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { holds, openScene } from "../../../test/monitor/scene.ts";
import { buildKey } from "../../tree/key.ts";
import { dword, sz } from "../../tree/value.ts";
import { resourceState } from "../resource-state.ts";

const keys = new Map([
  [
    "SOFTWARE\\App",
    buildKey({ name: "App", lastWritten: 0n, values: [sz("GREETING", "good day"), dword("NUMBER", 7)] }),
  ],
]);
const scene = await openScene({ keys });
const { engine, outside } = scene;
const place = mkdtempSync(join(tmpdir(), "clubar-programs-"));
chmodSync(place, 0o755);
after(async () => {
  await engine.terminateAll("End of the test.");
  for (const path of [scene.folder, place]) rmSync(path, { recursive: true, force: true });
});

const asNobody = process.getuid?.() === 0 ? [sz("User", "nobody")] : [];
const user = asNobody.length > 0 ? "nobody" : execFileSync("id", ["-un"], { encoding: "utf8" }).trim();
const says = 'echo "$(id -un) in $(pwd): $GREETING $NUMBER $HOME"; echo "and this" >&2';
const home = /^nobody:(?:[^:]*:){4}([^:]*)/m.exec(readFileSync("/etc/passwd", "utf8"))?.[1] ?? "";

test("an application runs as its user, in its folder, with the registry as environment, and is alive as that user", async () => {
  const alive = `sh -c 'echo "alive for $(id -un)"'`;
  const values = [sz("CommandLine", `sh -c '${says}; exec sleep 1000'`), sz("AliveCommand", alive)];
  const common = [sz("EnvironmentKey", "SOFTWARE\\App"), sz("CurrentDirectory", place), ...asNobody];
  const times = { looksAlivePollInterval: 10, isAlivePollInterval: 10 };
  const event = await scene.online("app", "Generic Application", [...values, ...common], times);
  assert.equal(event.state, resourceState.online, event.because);
  // Online says that it was started: what it says itself may come after the first word of AliveCommand.
  const lines = [`^alive for ${user}$`, `^${user} in ${place}: good day 7 .*$`, "^and this$"].map(
    (line) => new RegExp(line, "m"),
  );
  await holds(outside, () => lines.every((line) => line.test(scene.output("app"))));
  await engine.stop("app");
  assert.equal(scene.running.size, 0);
});

test("without a folder a user's program begins at home", { skip: asNobody.length === 0 && "needs root" }, async () => {
  const values = [sz("CommandLine", `sh -c 'echo "$HOME in $(pwd)"; exec sleep 1000'`), ...asNobody];
  await scene.online("home", "Generic Application", values);
  const began = `${home} in ${home}\n`;
  // A home that does not exist keeps the program from running: /nonexistent on Debian.
  await scene.reaches("home", resourceState.online, resourceState.failed);
  await holds(outside, () => scene.output("home").includes(began) || scene.output("home").includes("can't cd"));
  await engine.stop("home");
});

test("a script gets the same, for every word", async () => {
  const path = join(place, "script.sh");
  writeFileSync(path, `#!/bin/sh\necho "$1 of $CLUBAR_RESOURCE"; ${says}\n`);
  chmodSync(path, 0o755);
  const values = [
    sz("ScriptFilepath", path),
    sz("EnvironmentKey", "SOFTWARE\\App"),
    sz("CurrentDirectory", place),
    ...asNobody,
  ];
  assert.equal((await scene.online("script", "Generic Script", values)).state, resourceState.online);
  await engine.stop("script");
  const lines = scene.output("script").split("\n");
  const told = lines.findIndex((line) => line === "online of script");
  assert.match(lines[told + 1] ?? "", new RegExp(`^${user} in ${place}: good day 7 `));
  assert.ok(lines.includes("offline of script"));
});

test("a user that the machine does not know is said before anything starts", async () => {
  const values = [sz("CommandLine", "sleep 1000"), sz("User", "nobody-like-this")];
  assert.match((await scene.online("who", "Generic Application", values)).because, /no user nobody-like-this/);
  assert.deepEqual(scene.started("who"), []);
});
