/** Real processes: nothing of an application is left, whatever it does and however its host ends. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { openOutside } from "../base/outside-node.ts";
import type { ProcessIdentity } from "../base/outside.ts";
import { type Application, startApplication } from "./application.ts";
import { endLeftovers, killApplication } from "./application-kill.ts";
import { type ApplicationRecord, forgetOtherBoots, readRecords } from "./application-record.ts";
import { type Containment, inMachine, probeContainment } from "./containment.ts";
import { lifeHasEnded } from "./ended-life.ts";

const outside = openOutside();
const best = await probeContainment(outside);
const group: Containment = { ...best, kind: "process-group", unshare: undefined, cgroupParent: undefined };
const programs = new URL("../../test/programs/", import.meta.url).pathname;
const path = "/usr/sbin:/usr/bin:/sbin:/bin";
const top = mkdtempSync(join(tmpdir(), "clubar-application-"));
after(() => rmSync(top, { recursive: true, force: true }));

let folders = 0;
function newFolder(): string {
  const folder = join(top, String(++folders));
  rmSync(folder, { recursive: true, force: true });
  return mkdtempSync(`${folder}-`);
}

async function holds(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await outside.timers.sleep(5);
}

function start(folder: string, program: readonly string[], kind?: Containment): Promise<Application> {
  const log = join(folder, "output.log");
  return startApplication(
    outside,
    { resource: "App", program, environment: { PATH: path }, folder, log, dataFolder: folder },
    kind,
  );
}

/** Every living process that carries the application's mark, seen from outside. */
function processesOf(id: string): number[] {
  const found: number[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const state = readFileSync(`/proc/${name}/stat`, "latin1");
      if (/\) [ZX] /.test(state)) continue;
      if (readFileSync(`/proc/${name}/environ`, "latin1").includes(`CLUBAR_APPLICATION=${id}`))
        found.push(Number(name));
    } catch {
      continue;
    }
  }
  return found;
}

const lockOf = (folder: string): string => join(folder, "lock");
const stubborn = (folder: string): string[] => [
  "sh",
  join(programs, "stubborn.sh"),
  join(folder, "places"),
  lockOf(folder),
];

/** The lock is free again, which only the death of its holder makes it. */
async function lockIsFree(folder: string): Promise<boolean> {
  const child = await outside.processes.start({
    command: "flock",
    args: ["-n", lockOf(folder), "true"],
    environment: { PATH: path },
    output: "none",
  });
  const end = await child.ended;
  return "code" in end && end.code === 0;
}

async function assertGone(folder: string, record: ApplicationRecord): Promise<void> {
  assert.deepEqual(processesOf(record.id), []);
  assert.equal(await lockIsFree(folder), true);
  if (record.cgroup !== undefined) assert.equal(existsSync(record.cgroup), false);
}

interface TinyHost {
  readonly host: ProcessIdentity;
  readonly guard: ProcessIdentity | undefined;
  readonly record: ApplicationRecord;
}

async function startTinyHost(
  folder: string,
  kind: "best" | "process-group" | "machine",
  grace: number | "none",
): Promise<TinyHost> {
  const child = await outside.processes.start({
    command: process.execPath,
    args: [join(programs, "tiny-host.ts"), folder, kind, String(grace), ...stubborn(folder)],
    environment: { PATH: process.env["PATH"] ?? path },
    output: "lines",
  });
  const errors: string[] = [];
  const told = new Promise<TinyHost>((resolve, reject) => {
    child.onLine((line) => (line.startsWith("{") ? resolve(JSON.parse(line) as TinyHost) : errors.push(line)));
    void child.ended.then(() => reject(new Error(`the tiny host ended: ${errors.join("\n")}`)));
  });
  const tiny = await told;
  await holds(async () => existsSync(`${lockOf(folder)}.held`) || !(await outside.processes.isAlive(tiny.host)));
  assert.equal(await outside.processes.isAlive(tiny.host), true, "the tiny host lives");
  return tiny;
}

const machine = inMachine(best);

describe("in no namespace", () => {
  test("commands run, one may hang, and what they left is gone after kill", async () => {
    const folder = newFolder();
    const application = await start(folder, [], machine);
    assert.equal(application.record.init.pid, application.record.wrapper.pid);
    assert.equal(await application.call(["sh", "-c", 'echo "$1" >said; exit 7', "sh", "it's $HOME"]), 7);
    assert.equal(readFileSync(join(folder, "said"), "utf8"), "it's $HOME\n");
    assert.equal(await application.call(["A=1 2", "sh", "-c", "setsid sleep 1000 & echo $A"]), 0);
    assert.equal(readFileSync(join(folder, "output.log"), "utf8"), "1 2\n");
    const hung = application.call(["sleep", "1000"]);
    assert.equal(await application.call(["true"]), 0);
    assert.ok(processesOf(application.record.id).length >= 2);
    await application.kill();
    assert.equal(await hung, undefined);
    assert.deepEqual(processesOf(application.record.id), []);
    assert.deepEqual(await readRecords(outside.files, folder), []);
  });

  test("it ends with its host, and what is left of its commands is found by its record", async () => {
    const folder = newFolder();
    const tiny = await startTinyHost(folder, "machine", "none");
    await outside.processes.signal(tiny.host, "SIGKILL");
    await holds(async () => !(await outside.processes.isAlive(tiny.record.init)));
    assert.ok(processesOf(tiny.record.id).length >= 5, "what was started goes on");
    await endLeftovers(outside, [tiny.record]);
    await assertGone(folder, tiny.record);
  });
});

for (const kind of [best, group]) {
  describe(`in a ${kind.kind}`, () => {
    test("an application that ignores SIGTERM and leaves its session is gone after stop", async () => {
      const folder = newFolder();
      const application = await start(folder, stubborn(folder), kind);
      await holds(() => existsSync(`${lockOf(folder)}.held`));
      assert.ok(processesOf(application.record.id).length >= 5, "it runs in several processes");
      assert.equal(await lockIsFree(folder), false);
      await application.stop(20);
      await assertGone(folder, application.record);
      await application.ended;
      assert.deepEqual(await readRecords(outside.files, folder), []);
    });

    test("it is gone after kill", async () => {
      const folder = newFolder();
      const application = await start(folder, stubborn(folder), kind);
      await holds(() => existsSync(`${lockOf(folder)}.held`));
      await application.kill();
      await assertGone(folder, application.record);
    });

    test("what a new host finds recorded is gone before it goes on", async () => {
      const folder = newFolder();
      const tiny = await startTinyHost(folder, kind === best ? "best" : "process-group", "none");
      const records = await readRecords(outside.files, folder);
      assert.deepEqual(records, [JSON.parse(JSON.stringify(tiny.record))]);
      await outside.processes.signal(tiny.host, "SIGKILL");
      await endLeftovers(outside, records);
      await assertGone(folder, tiny.record);
    });

    test("its exit code comes back, and what it left running is gone by then", async () => {
      const folder = newFolder();
      const application = await start(folder, ["sh", "-c", "setsid sleep 1000 & echo hello; exit 3"], kind);
      assert.deepEqual(await application.ended, { code: 3 });
      assert.deepEqual(processesOf(application.record.id), []);
      assert.equal(readFileSync(join(folder, "output.log"), "utf8"), "hello\n");
    });

    test("SIGTERM reaches the program", async () => {
      const folder = newFolder();
      const script = "trap 'echo asked; kill $!; exit 0' TERM; sleep 1000 & : >ready; wait";
      const application = await start(folder, ["sh", "-c", script], kind);
      await holds(() => existsSync(join(folder, "ready")));
      await application.stop(600_000);
      assert.equal(readFileSync(join(folder, "output.log"), "utf8"), "asked\n");
    });

    test("commands run beside the program and give their code", async () => {
      const folder = newFolder();
      const application = await start(folder, [], kind);
      assert.equal(await application.call(["sh", "-c", 'echo "$1" >said; exit 7', "sh", "it's $HOME"]), 7);
      assert.equal(readFileSync(join(folder, "said"), "utf8"), "it's $HOME\n");
      const broken = new AbortController();
      const hung = application.call(["sleep", "1000"], broken.signal);
      assert.equal(await application.call(["true"]), 0);
      broken.abort();
      assert.equal(await hung, undefined);
      const cut = application.call(["sleep", "1000"]);
      await application.kill();
      assert.equal(await cut, undefined);
      assert.deepEqual(processesOf(application.record.id), []);
      await assert.rejects(application.call(["a\nb"]), { name: "INVALID_PARAMETER" });
    });
  });
}

describe("in the strongest containment", { skip: best.kind === "process-group" && best.sentence }, () => {
  test("an application dies with its host", async () => {
    const folder = newFolder();
    const tiny = await startTinyHost(folder, "best", "none");
    await outside.processes.signal(tiny.host, "SIGKILL");
    await holds(async () => !(await outside.processes.isAlive(tiny.record.init)));
    assert.deepEqual(processesOf(tiny.record.id), []);
    assert.equal(await lockIsFree(folder), true);
    await killApplication(outside, tiny.record);
  });

  test("the guard kills a host that stands still, and the application with it", async () => {
    const folder = newFolder();
    const tiny = await startTinyHost(folder, "best", 2000);
    assert.ok(tiny.guard);
    await outside.processes.signal(tiny.host, "SIGSTOP");
    await holds(async () => tiny.guard !== undefined && !(await outside.processes.isAlive(tiny.guard)));
    assert.equal(await outside.processes.isAlive(tiny.host), false);
    assert.deepEqual(processesOf(tiny.record.id), []);
    assert.equal(await lockIsFree(folder), true);
    await killApplication(outside, tiny.record);
  });

  test("its life is seen to have ended once all is gone, and not while it only stands still", {
    skip: best.kind === "process-group" ? "no PID namespaces here" : false,
  }, async () => {
    const folder = newFolder();
    const ended = (): Promise<boolean> => lifeHasEnded(outside, folder, "tiny");
    const tiny = await startTinyHost(folder, "best", "none");
    assert.equal(await ended(), false);
    await outside.processes.signal(tiny.host, "SIGSTOP");
    await killApplication(outside, tiny.record);
    assert.equal(await ended(), false, "the host stands still");
    await outside.processes.signal(tiny.host, "SIGKILL");
    await holds(ended);

    const second = newFolder();
    const { host, record } = await startTinyHost(second, "best", "none");
    await outside.processes.signal(host, "SIGKILL");
    await holds(() => lifeHasEnded(outside, second, "tiny"));
    await assertGone(second, { ...record, cgroup: undefined });
    await killApplication(outside, record);
  });

  test("of one that only its process group holds nothing is seen", async () => {
    const folder = newFolder();
    const { host, record } = await startTinyHost(folder, "process-group", "none");
    await outside.processes.signal(host, "SIGKILL");
    await killApplication(outside, record);
    await assertGone(folder, record);
    assert.equal(await lifeHasEnded(outside, folder, "tiny"), false);
  });

  test("the guard ends with its host", async () => {
    const folder = newFolder();
    const tiny = await startTinyHost(folder, "best", 60_000);
    await outside.processes.signal(tiny.host, "SIGKILL");
    await holds(async () => tiny.guard !== undefined && !(await outside.processes.isAlive(tiny.guard)));
    await killApplication(outside, tiny.record);
  });

  test("a stopped container is killed too", async () => {
    const folder = newFolder();
    const application = await start(folder, stubborn(folder));
    await holds(() => existsSync(`${lockOf(folder)}.held`));
    await outside.processes.signal(application.record.init, "SIGSTOP");
    await outside.processes.signal(application.record.wrapper, "SIGSTOP");
    await application.kill();
    await assertGone(folder, application.record);
  });
});

describe("what is not started", () => {
  test("a program that does not exist is refused, and nothing is left", async () => {
    const folder = newFolder();
    await assert.rejects(start(folder, ["/nonesuch/program"]), { name: "RESMON_ONLINE_FAILED" });
    assert.match(readFileSync(join(folder, "output.log"), "utf8"), /no program \/nonesuch\/program/);
    assert.deepEqual(await readRecords(outside.files, folder), []);
  });

  test("a program does not run before its record is there, nor when the guard can't be told", async () => {
    const folder = newFolder();
    let seen: readonly ApplicationRecord[] = [];
    const beforeStart = async (record: ApplicationRecord): Promise<void> => {
      seen = await readRecords(outside.files, folder);
      assert.deepEqual(
        seen.map(({ id }) => id),
        [record.id],
      );
      assert.equal(await outside.processes.isAlive(record.init), true);
      throw new Error("no guard");
    };
    const spec = {
      resource: "App",
      program: ["touch", "ran"],
      environment: { PATH: path },
      folder,
      log: join(folder, "log"),
    };
    await assert.rejects(startApplication(outside, { ...spec, dataFolder: folder, beforeStart }), {
      name: "RESMON_ONLINE_FAILED",
    });
    assert.equal(seen.length, 1);
    assert.equal(existsSync(join(folder, "ran")), false);
    assert.equal(await outside.processes.isAlive((seen[0] as ApplicationRecord).init), false);
    assert.deepEqual(await readRecords(outside.files, folder), []);
  });

  test("a record of another boot names nobody alive", async () => {
    const folder = newFolder();
    const application = await start(folder, ["sleep", "1000"]);
    await endLeftovers(outside, [{ ...application.record, boot: "00000000-0000-0000-0000-000000000000" }]);
    assert.equal(await outside.processes.isAlive(application.record.init), true);
    await application.kill();
  });

  test("a damaged record is not taken for none", async () => {
    const folder = newFolder();
    await outside.files.makeFolder(`${folder}/applications`);
    const file = await outside.files.open(`${folder}/applications/x.json`, "create");
    await file.write(new TextEncoder().encode("{"), 0);
    await file.close();
    await assert.rejects(readRecords(outside.files, folder), { name: "INVALID_DATA" });
  });

  test("what a crash of the machine tore names nobody alive, and is cleared away", async () => {
    const folder = newFolder();
    const application = await start(folder, ["sleep", "1000"]);
    const place = join(folder, "applications");
    const torn = ["x.00000000-0000-0000-0000-000000000000.json", "y.json.tmp~"];
    for (const name of torn) writeFileSync(join(place, name), "");
    assert.deepEqual(
      (await readRecords(outside.files, folder)).map(({ id }) => id),
      [application.record.id],
    );
    await application.kill();
    await forgetOtherBoots(outside.files, folder);
    assert.deepEqual(readdirSync(place), []);
  });
});
