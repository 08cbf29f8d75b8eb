/** Generic Application and Generic Script: whose environment, whose folder, which user; and where the output goes. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { holds, openScene } from "../../../test/monitor/scene.ts";
import { buildKey } from "../../tree/key.ts";
import { dword, sz, type Value } from "../../tree/value.ts";
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
  // A home that does not exist keeps the program from running: /nonexistent on Debian.
  const missing = `home of user nobody \\(User\\): there is no ${home}; make it, or set CurrentDirectory\\.`;
  if (existsSync(home)) await holds(outside, () => scene.output("home") === `${home} in ${home}\n`);
  else assert.match((await scene.reaches("home", resourceState.failed)).because, new RegExp(missing));
  await engine.stop("home");
});

/** A file in the place; returns its path. */
function file(name: string, content: string, mode: number): string {
  const path = join(place, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

test("what keeps a script from running is said: the file, its folder, its mode, its first line", async () => {
  const inner = join(place, "inner");
  mkdirSync(inner);
  const command = file("command", "#!/bin/sh\nno-such-command-at-all\n", 0o755);
  for (const [name, path, said] of [
    [
      "gone",
      join(place, "a/b/run"),
      `online: there is no ${place}/a/b/run \\(ScriptFilepath\\): there is no ${place}/a\\.`,
    ],
    ["name", "no-such-program", "there is no program no-such-program \\(ScriptFilepath\\) in /usr"],
    ["folder", inner, `${inner} \\(ScriptFilepath\\) is a folder`],
    ["mode", file("mode", "#!/bin/sh\n", 0o644), "mode \\(ScriptFilepath\\) is not executable \\(its mode is 0644\\)"],
    [
      "first",
      file("first", "#!/bin/no-shell -e\n", 0o755),
      "first line of .*first .* names /bin/no-shell, which is not there",
    ],
    [
      "windows",
      file("windows", "#!/bin/sh\r\nexit 0\r\n", 0o755),
      "first line of .*windows .* ends with a carriage return",
    ],
    [
      "command",
      command,
      "command \\(ScriptFilepath\\) ended with code 127, which says that a command was not found: .*no-such-command-at-all",
    ],
  ] as const) {
    const event = await scene.online(name, "Generic Script", [sz("ScriptFilepath", path)]);
    assert.equal(event.state, resourceState.failed);
    assert.match(event.because, new RegExp(said));
  }
  const values = [sz("ScriptFilepath", file("later", "#!/bin/sh\n", 0o755))];
  const times = { looksAlivePollInterval: 10, isAlivePollInterval: 10 };
  assert.equal((await scene.online("later", "Generic Script", values, times)).state, resourceState.online);
  rmSync(join(place, "later"));
  const { because } = await scene.reaches("later", resourceState.failed);
  assert.match(because, new RegExp(`later: is-alive: there is no ${place}/later \\(ScriptFilepath\\)`));
});

test("what keeps an application from running is said, with the user", async () => {
  const locked = join(place, "locked");
  mkdirSync(locked, { mode: 0o700 });
  const [inLocked, private_] = [join("locked", "run"), "private"].map((name) =>
    file(name, "#!/bin/sh\nexec sleep 1000\n", 0o700),
  );
  const here = sz("CurrentDirectory", place);
  const cases: [string, Value[], string][] = [
    [
      "no-folder",
      [sz("CommandLine", "sleep 1000"), sz("CurrentDirectory", `${place}/x`)],
      `can't begin in ${place}/x \\(CurrentDirectory\\): there is no ${place}/x`,
    ],
    ["no-file", [sz("CommandLine", `${place}/y now`), here], `there is no ${place}/y \\(CommandLine\\)`],
    [
      "alive",
      [sz("CommandLine", "sleep 1000"), sz("AliveCommand", `${place}/z`), here],
      `alive: there is no ${place}/z \\(AliveCommand\\)`,
    ],
  ];
  if (asNobody.length > 0) {
    cases.push(
      [
        "locked",
        [sz("CommandLine", inLocked ?? ""), here, ...asNobody],
        `can't be reached: user nobody may not enter ${locked}`,
      ],
      [
        "private",
        [sz("CommandLine", private_ ?? ""), here, ...asNobody],
        "user nobody may not execute .*/private \\(CommandLine\\): its mode is 0700, its owner 0:0",
      ],
    );
  }
  for (const [name, values, said] of cases) {
    await scene.online(name, "Generic Application", values, { looksAlivePollInterval: 10, isAlivePollInterval: 10 });
    assert.match((await scene.reaches(name, resourceState.failed)).because, new RegExp(said));
  }
  // What can't be run as a file never counts as online.
  const plain = file("plain", "#!/bin/sh\n", 0o644);
  const refused = await scene.online("plain", "Generic Application", [sz("CommandLine", plain), here]);
  assert.match(refused.because, /plain \(CommandLine\) is not executable \(its mode is 0644\)/);
  for (const name of ["plain", ...(asNobody.length > 0 ? ["private"] : [])])
    assert.ok(!scene.states(name).includes(resourceState.online), name);
  const ended = [sz("CommandLine", "sh -c 'exit 5'"), here, ...asNobody];
  await scene.online("ended", "Generic Application", ended);
  assert.equal((await scene.reaches("ended", resourceState.failed)).because, "sh ended with code 5.");
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
