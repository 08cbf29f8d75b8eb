/** Real commands among the machine's processes: of containers that share a shell, each is gone when it says so, and none harms another. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { openOutside } from "../base/outside-node.ts";
import { type Application, startApplication } from "./application.ts";
import { readRecords } from "./application-record.ts";
import { inMachine, probeContainment } from "./containment.ts";
import { environmentOf, processTable } from "./process-table.ts";
import { callKilled } from "./request-line.ts";

const outside = openOutside();
const kind = inMachine(await probeContainment(outside));
const skip = kind.cgroupParent === undefined ? "no cgroups can be made here" : false;
const path = "/usr/sbin:/usr/bin:/sbin:/bin";
const top = mkdtempSync(join(tmpdir(), "clubar machine-"));
const opened: Application[] = [];
after(async () => {
  await Promise.all(opened.map((application) => application.kill()));
  rmSync(top, { recursive: true, force: true });
});

interface Container {
  readonly application: Application;
  /** The text of a file in its folder. */
  readonly read: (name: string) => string;
  readonly has: (name: string) => boolean;
}

async function open(environment: Readonly<Record<string, string>> = {}): Promise<Container> {
  const folder = mkdtempSync(join(top, "it's "));
  const rest = { folder, log: join(folder, "output.log"), dataFolder: folder };
  const spec = { resource: "App", program: [], environment: { PATH: path, ...environment }, ...rest };
  const application = await startApplication(outside, spec, kind);
  opened.push(application);
  return {
    application,
    read: (name) => readFileSync(join(folder, name), "utf8"),
    has: (name) => existsSync(join(folder, name)),
  };
}

/** One whose log is a folder. */
async function unloggable(): Promise<{ readonly log: Application }> {
  const folder = mkdtempSync(join(top, "unloggable-"));
  const spec = { resource: "App", program: [], environment: {}, folder, log: folder, dataFolder: folder };
  const log = await startApplication(outside, spec, kind);
  opened.push(log);
  return { log };
}

async function holds(condition: () => boolean): Promise<void> {
  while (!condition()) await outside.timers.sleep(5);
}

const sh = (script: string, ...words: string[]): string[] => ["sh", "-c", script, "sh", ...words];

describe("containers that share a shell", { skip }, () => {
  test("each command has its own environment, folder and log, whatever signs are in them", async () => {
    const odd = { SAID: "two\nlines 'and' $HOME \\", "NO-NAME": "x\ny" };
    const [one, other] = await Promise.all([open(odd), open({ SAID: "other" })]);
    assert.equal(one.application.identity.pid, other.application.identity.pid);
    await one.application.call(sh('printf %s "$SAID" >said; printf "%s\\0" "$1"', "a\nb"));
    await other.application.call(["SAID=first", ...sh("printf %s $SAID >said")]);
    assert.deepEqual([one.read("said"), other.read("said")], [odd.SAID, "first"]);
    for (const { application } of [one, other]) await application.call(["env", "-0"]);
    const names = (each: Container): string[] => each.read("output.log").split("\0");
    assert.equal(names(one)[0], "a\nb");
    assert.ok(names(one).includes("NO-NAME=x\ny"));
    assert.ok(names(one).includes(`CLUBAR_APPLICATION=${one.application.record.id}`));
    assert.ok(!names(other).some((word) => word.startsWith("NO-NAME")));
  });

  test("the end of one leaves the other's commands and services alone", async () => {
    const [one, other] = await Promise.all([open(), open()]);
    const hung = one.application.call(["sleep", "1000"]);
    const slow = other.application.call(sh(": >begun; while [ ! -e go ]; do sleep 0.01; done; exit 4"));
    await holds(() => other.has("begun"));
    await one.application.kill();
    assert.equal(await hung, undefined);
    assert.equal(existsSync(one.application.record.cgroup ?? ""), false);
    assert.equal(await other.application.call(sh(": >go")), 0);
    assert.equal(await slow, 4);
    await other.application.kill();
    await other.application.ended;
  });

  test("what takes too long is killed with what came of it, but not what it left as a service", async () => {
    const { application, has, read } = await open();
    const script =
      "(setsid sleep 1000 & echo $! >service); sleep 1001 & echo $! >child; setsid sh -c 'trap : TERM; sleep 1002'";
    assert.equal(await application.call(sh(script), undefined, 300), callKilled);
    assert.ok(has("child"));
    const table = await processTable(outside.files);
    const lives = (pid: number): boolean =>
      table.some(({ identity, state }) => identity.pid === pid && state !== "Z" && state !== "X");
    assert.deepEqual([lives(Number(read("service"))), lives(Number(read("child")))], [true, false]);
    await application.kill();
  });

  test("a command that still waits when its container goes is not run", async () => {
    const keeper = await open();
    for (let round = 0; round < 30; round += 1) {
      const { application, has } = await open();
      const calls = [1, 2, 3].map(() => application.call(sh("sleep 0.003; : >ran")));
      await application.kill();
      const ran = has("ran");
      assert.deepEqual(await Promise.all(calls), [undefined, undefined, undefined]);
      await keeper.application.call(["true"]);
      assert.equal(has("ran"), ran, "nothing runs after the proof");
      assert.equal(existsSync(application.record.cgroup ?? ""), false);
    }
    await keeper.application.kill();
  });

  test("a command that can't be begun has an answer", async () => {
    const { application } = await open();
    assert.notEqual(await application.call(["OPTIND=abc", "true"]), 0);
    const { log } = await unloggable();
    assert.equal(await log.call(["true"]), undefined);
    assert.equal(await application.call(sh("exit 3")), 3);
  });

  test("a command that left its cgroup ends with its container", async () => {
    const { application, has } = await open();
    const root = (kind.cgroupParent ?? "").replace(/\/clubar$/, "");
    const leaves = 'echo 0 >"$1/cgroup.procs" || exit 1; trap "" TERM; : >left; sleep 0.5; : >late';
    const call = application.call(sh(leaves, root));
    await holds(() => has("left"));
    await application.kill();
    assert.equal(await call, undefined);
    const marked = (await processTable(outside.files)).map(async ({ identity }) =>
      environmentOf(outside.files, identity.pid),
    );
    const mark = `CLUBAR_APPLICATION=${application.record.id}`;
    assert.ok(!(await Promise.all(marked)).some((names) => names?.includes(mark)));
    assert.equal(has("late"), false);
  });

  test("when the shell is killed, a call says that it has no answer, and the next one has a shell again", async () => {
    const { application } = await open();
    const hung = application.call(["sleep", "1000"]);
    await application.call(["true"]);
    await outside.processes.signal(application.identity, "SIGKILL");
    assert.equal(await hung, undefined);
    assert.equal(await application.call(sh("exit 3")), 3);
    await application.kill();
  });

  test("a command that signals its process group reaches itself alone", async () => {
    const { application, has } = await open();
    const slow = application.call(sh(": >begun; while [ ! -e go ]; do sleep 0.01; done; exit 4"));
    await holds(() => has("begun"));
    assert.notEqual(await application.call(sh("kill -KILL 0")), 0);
    assert.equal(await application.call(sh(": >go")), 0);
    assert.equal(await slow, 4);
    await application.kill();
  });

  test("one that can't be recorded leaves nothing", async () => {
    const folder = mkdtempSync(join(top, "unrecorded-"));
    const spec = {
      resource: "App",
      program: [],
      environment: {},
      folder,
      log: join(folder, "log"),
      dataFolder: folder,
    };
    let cgroup = "";
    const beforeStart = async (record: Application["record"]): Promise<void> => {
      cgroup = record.cgroup ?? "";
      throw new Error("the guard is gone");
    };
    await assert.rejects(startApplication(outside, { ...spec, beforeStart }, kind), { name: "RESMON_ONLINE_FAILED" });
    assert.ok(cgroup !== "" && !existsSync(cgroup));
    assert.deepEqual(await readRecords(outside.files, folder), []);
  });
});
