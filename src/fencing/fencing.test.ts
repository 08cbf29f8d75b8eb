import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  readSync,
  closeSync,
  constants,
  rmSync,
  statSync,
  writeFileSync,
  mkdirSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { silentLog } from "../base/log.ts";
import { openOutside } from "../base/outside-node.ts";
import type { AgentConfig } from "../database/fencing.ts";
import { waitFor } from "../../test/e2e/wait-for.ts";
import { parseAgentMetadata, troubleWith } from "./agent-metadata.ts";
import { runAgent } from "./agent-run.ts";
import { checkAgent, FenceAgent, metadataOf } from "./fence-agent.ts";
import { FenceSecrets } from "./secrets.ts";
import { watchdogFacts } from "./watchdog-clock.ts";
import { WatchdogFeeder } from "./watchdog-feeder.ts";

const outside = openOutside();
const programs = join(import.meta.dirname, "../../test/programs");
const folder = mkdtempSync(join(tmpdir(), "clubar-fencing-"));
const { signal } = new AbortController();
after(() => rmSync(folder, { recursive: true }));

function config(parameters: Record<string, string>, more: Partial<AgentConfig> = {}): AgentConfig {
  const common = { kind: "agent", agent: "fence_test", method: "off", timeout: 20_000 } as const;
  return { ...common, parameters: new Map(Object.entries(parameters)), secrets: { id: "", names: [] }, ...more };
}

const asked = (parameters: Record<string, string>, secretNames: readonly string[] = [], agent = "fence_test") => ({
  agent,
  method: "off" as const,
  timeout: 1,
  parameters: new Map(Object.entries(parameters)),
  secretNames,
});

test("parameters and secrets go over standard input; nothing of them is an argument", async () => {
  const log = join(folder, "calls");
  const device = new FenceAgent({
    outside,
    folder: programs,
    config: config({ plug: "n2", log }, { secrets: { id: "1", names: ["passwd"] } }),
    secrets: new Map([["passwd", "s3cret"]]),
  });
  assert.equal((await device.status(signal)).power, "on");
  assert.equal(readFileSync(log, "utf8"), "status n2 arguments: \n");
});

test("without its secrets a device is not asked", async () => {
  const device = new FenceAgent({
    outside,
    folder: programs,
    config: config({ plug: "n2" }, { secrets: { id: "1", names: ["passwd"] } }),
    secrets: new Map(),
  });
  await assert.rejects(device.off(signal), { name: "FILE_NOT_FOUND", message: /passwd/ });
});

test("an agent that hangs is ended after its time, with all it started", async () => {
  const trouble = join(folder, "hangs");
  writeFileSync(trouble, "hang\n");
  const call = { path: join(programs, "fence_test"), action: "off", secrets: [], timeout: 300 } as const;
  const answer = await runAgent(outside, { ...call, parameters: new Map([["trouble", trouble]]) }, signal);
  assert.equal(answer.code, undefined);
  const child = Number(readFileSync(`${trouble}.children`, "utf8"));
  await waitFor("what it started is gone", () => !existsSync(`/proc/${child}`), 10_000);
});

test("an agent that says it did and a machine that is on: nothing is confirmed", async () => {
  const trouble = join(folder, "lies");
  const state = join(folder, "lies.state");
  writeFileSync(trouble, "lie\n");
  writeFileSync(state, "on");
  const device = new FenceAgent({
    outside,
    folder: programs,
    config: config({ plug: "n2", trouble, state }),
    secrets: new Map(),
  });
  await device.off(signal);
  await assert.rejects(device.confirm(signal), { name: "IO_DEVICE", message: /says that the machine is on/ });
});

test("what can't be a device is refused when it is named", async () => {
  const refused = (what: ReturnType<typeof asked>, name: string, message: RegExp): Promise<void> =>
    assert.rejects(checkAgent(outside, programs, what), { name, message });
  await checkAgent(outside, programs, asked({ plug: "n2" }, ["passwd"]));
  await checkAgent(outside, programs, asked({ port: "n2" }));
  await refused(asked({}), "INVALID_PARAMETER", /needs plug/);
  await refused(asked({ plug: "n2", color: "red" }), "INVALID_PARAMETER", /knows no color/);
  await refused(asked({ plug: "n2", passwd: "x" }), "INVALID_PARAMETER", /--secrets/);
  await refused(asked({ plug: "n2", action: "on" }), "INVALID_PARAMETER", /action/);
  await refused(asked({ plug: "n2", method: "cycle" }), "INVALID_PARAMETER", /cycle/);
  await refused(asked({ plug: "n2\naction=on" }), "INVALID_PARAMETER", /one line/);
  await refused(asked({}, [], "../../bin/sh"), "INVALID_PARAMETER", /no fence agent/);
  await refused(asked({}, [], "fence_none"), "FILE_NOT_FOUND", /not here/);
});

const debian = existsSync("/usr/sbin/fence_ipmilan");

test("agents of Debian say what they need", { skip: debian ? false : "fence-agents is not installed" }, async () => {
  const read = (agent: string): ReturnType<typeof metadataOf> => metadataOf(outside, "/usr/sbin", agent);
  const [ipmilan, virsh, scsi] = await Promise.all(["fence_ipmilan", "fence_virsh", "fence_scsi"].map(read));
  assert.ok(ipmilan && virsh && scsi);
  assert.deepEqual(
    troubleWith(virsh, [])
      .map((text) => text.split(" ").at(-1) ?? "")
      .sort((a, b) => (a < b ? -1 : 1)),
    ["ip", "plug", "username"],
  );
  assert.deepEqual(troubleWith(virsh, ["ipaddr", "port", "login"]), []);
  assert.ok(ipmilan.actions.includes("off") && ipmilan.actions.includes("status"));
  assert.deepEqual([ipmilan.isFabric, virsh.isFabric, scsi.isFabric], [false, false, true]);
  await assert.rejects(
    checkAgent(outside, "/usr/sbin", asked({ devices: "/dev/x", nodename: "a" }, [], "fence_scsi")),
    {
      message: /cuts a machine from its storage/,
    },
  );
});

test("metadata of any text is read or refused, never half", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((text) => `<resource-agent name="a">${text}</resource-agent>`),
      ),
      (xml) => {
        try {
          assert.ok(Array.isArray(parseAgentMetadata(xml, "a").actions));
        } catch (error) {
          assert.equal((error as Error).name, "INVALID_DATA");
        }
      },
    ),
  );
});

test("secrets are in a file for its owner alone", async () => {
  const secrets = new FenceSecrets(outside.files, folder);
  assert.deepEqual(await secrets.missing(["1"]), ["1"]);
  await Promise.all([secrets.keep("1", { passwd: "a" }), secrets.keep("2", { passwd: "b" })]);
  assert.deepEqual(await new FenceSecrets(outside.files, folder).find("1"), { passwd: "a" });
  assert.deepEqual(await secrets.missing(["1", "2", "3"]), ["3"]);
  assert.equal(statSync(join(folder, "fence-secrets.json")).mode & 0o777, 0o600);
  writeFileSync(join(folder, "fence-secrets.json"), "{");
  await assert.rejects(secrets.find("1"), { name: "INVALID_DATA" });
});

/** A fifo in place of a watchdog, and what the kernel would say of it. */
function fakeWatchdog(seconds: number): { device: string; describedIn: string; heard: () => string; end: () => void } {
  const at = mkdtempSync(join(folder, "watchdog-"));
  const device = join(at, "watchdog0");
  execFileSync("mkfifo", [device]);
  mkdirSync(join(at, "class/watchdog0"), { recursive: true });
  writeFileSync(join(at, "class/watchdog0/timeout"), `${seconds}\n`);
  writeFileSync(join(at, "class/watchdog0/identity"), "Fake\n");
  const fd = openSync(device, constants.O_RDONLY | constants.O_NONBLOCK);
  const bytes = Buffer.alloc(65_536);
  let all = "";
  const heard = (): string => {
    for (;;) {
      let length = 0;
      try {
        length = readSync(fd, bytes, 0, bytes.length, null);
      } catch {
        return all;
      }
      if (length === 0) return all;
      all += bytes.toString("latin1", 0, length);
    }
  };
  return { device, describedIn: join(at, "class"), heard, end: () => closeSync(fd) };
}

test("a watchdog is fed while it may be, and disarmed by a magic close", async () => {
  const fake = fakeWatchdog(2);
  let may = true;
  let sleeps = 0;
  const timers = {
    sleep: async (ms: number, over?: AbortSignal) => {
      assert.equal(ms, 500);
      sleeps += 1;
      await outside.timers.sleep(1, over);
    },
  };
  const feeder = await WatchdogFeeder.arm({
    outside: { files: outside.files, timers },
    log: silentLog,
    timeout: 0,
    mayFeed: () => may,
    ...fake,
  });
  assert.equal(feeder.timeout, 2_000);
  await waitFor("it is fed", () => fake.heard().length > 3, 10_000);
  may = false;
  let [before, slept] = [fake.heard().length, sleeps];
  await waitFor("some rounds have passed", () => sleeps > slept + 3, 10_000);
  before = fake.heard().length;
  slept = sleeps;
  await waitFor("more rounds have passed", () => sleeps > slept + 3, 10_000);
  assert.equal(fake.heard().length, before, "nothing is fed without a permit");
  await feeder.disarm();
  assert.equal(fake.heard().slice(before), "V");
  fake.end();
});

test("what is no watchdog, or one without a known or a sensible time, is not armed", async () => {
  const file = join(folder, "no-device");
  writeFileSync(file, "");
  const arm = (device: string, describedIn: string, timeout = 0): Promise<unknown> =>
    WatchdogFeeder.arm({ outside, log: silentLog, device, describedIn, timeout, mayFeed: () => true });
  await assert.rejects(arm(file, folder, 10_000), { name: "FILE_NOT_FOUND" });
  await assert.rejects(arm(join(folder, "none"), folder, 10_000), { name: "FILE_NOT_FOUND" });
  const fake = fakeWatchdog(1);
  await assert.rejects(arm(fake.device, fake.describedIn), { name: "INVALID_PARAMETER", message: /too soon/ });
  await assert.rejects(arm(fake.device, folder), { name: "INVALID_PARAMETER", message: /does not say/ });
  assert.deepEqual(await watchdogFacts(outside.files, fake.device, fake.describedIn), {
    timeout: 1000,
    identity: "Fake",
    noWayOut: false,
  });
  fake.end();
  assert.ok(readdirSync(folder).length > 0);
});
