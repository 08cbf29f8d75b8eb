/** A machine that stands still: fenced when something there outlives its host, and what it still does when it is thawed instead. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { FencingView } from "../../src/api/routes/fencing.ts";
import type { NodeProcess } from "../../src/daemon/demo/node-process.ts";
import { isAlive } from "../../src/daemon/demo/own-processes.ts";
import { clubar, type Ended } from "../cli/run.ts";
import { TestCluster } from "./cluster.ts";
import { callApi } from "../../src/daemon/demo/api-call.ts";
import { freeze, linesOf, now } from "./ice.ts";
import { waitFor } from "./wait-for.ts";

const programs = join(import.meta.dirname, "../programs");
const limit = 90_000;
const cluster = new TestCluster("fencing", 2);
const at = (name: string): string => join(cluster.folder, name);
const dummy = "/usr/sbin/fence_dummy";
process.env["CLUBAR_FENCE_AGENTS"] = at("agents");
mkdirSync(at("agents"));
symlinkSync(join(programs, "fence_test"), at("agents/fence_test"));
if (existsSync(dummy)) symlinkSync(dummy, at("agents/fence_dummy"));

before(() => cluster.shown(() => cluster.form(["N1", "N2"])));
after(() => cluster.end());

/** A command of this process: no second start of Node. */
async function run(node: NodeProcess, ...words: readonly string[]): Promise<Ended> {
  return clubar(words, undefined, { environment: { CLUBAR_DATA: node.data }, folder: cluster.folder });
}

async function runs(node: NodeProcess, ...words: readonly string[]): Promise<string> {
  const { exit, out, err } = await run(node, ...words);
  assert.equal(exit, 0, `${words.join(" ")}: ${out}${err}`);
  return out;
}

/** A change, made without the start of a command. */
async function post(node: NodeProcess, path: string, body: object = {}): Promise<void> {
  const { status, body: answer } = await callApi(node.data, "POST", `/api/v1${path}`, { timeoutMs: 60_000, body });
  assert.ok(status < 300, JSON.stringify(answer));
}

async function onNode(group: string, node: NodeProcess): Promise<void> {
  if ((await cluster.ownerOf(group)) !== node) await post(node, `/groups/${group}/move`, { node: node.name });
  await waitFor(`${group} is on ${node.name}`, async () => (await cluster.ownerOf(group)) === node, limit);
}

/** A fifo in place of the node's watchdog; whether somebody feeds it. */
function watchdogOf(): () => boolean {
  execFileSync("mkfifo", [at("watchdog")]);
  const reader = openSync(at("watchdog"), constants.O_RDONLY | constants.O_NONBLOCK);
  const bytes = Buffer.alloc(4096);
  return () => {
    try {
      return readSync(reader, bytes, 0, bytes.length, null) > 0;
    } catch {
      return false;
    }
  };
}

/** N1 leads, so that N2 is the one to lose. */
async function ends(): Promise<readonly [NodeProcess, NodeProcess]> {
  await cluster.whole();
  const leader = await cluster.leader();
  const [other] = cluster.others(leader);
  assert.ok(other);
  return [leader, other];
}

test(
  "the manual's examples",
  { skip: existsSync(dummy) ? false : `${dummy} is not on this machine (fence-agents)` },
  () =>
    cluster.shown(async () => {
      await cluster.whole();
      const text = readFileSync(join(import.meta.dirname, "../../docs/manual/fencing.md"), "utf8");
      const power = at("power");
      const [, block = ""] = /^```console\n(.*?)^```$/ms.exec(text) ?? [];
      const [node] = cluster.nodes;
      assert.ok(node);
      let seen = "";
      for (const line of block.split("\n").filter((one) => one.startsWith("$ "))) {
        if (!line.startsWith("$ clubar ")) {
          execFileSync("sh", ["-c", line.slice(2).replace("/tmp/n2.power", power)]);
          seen += `${line}\n`;
          continue;
        }
        const words = line.slice("$ clubar ".length).replace("/tmp/n2.power", power).split(" ");
        const { out } = await run(node, ...words);
        seen += `${line}\n${out.replaceAll(power, "/tmp/n2.power")}`;
      }
      assert.equal(seen, block);
    }),
);

test("a device that says off of a node that is up is found by its test", () =>
  cluster.shown(async () => {
    const [leader, other] = await ends();
    writeFileSync(at("plug"), "off");
    await runs(leader, "fence", "add", other.name, "fence_test", "plug=7", `state=${at("plug")}`);
    const { exit, out } = await run(leader, "fence", "test", other.name);
    assert.match(out, new RegExp(`But node ${other.name} is up: is that another machine's plug`));
    assert.equal(exit, 1);
    writeFileSync(at("plug"), "on");
    await runs(leader, "fence", "test", other.name);
    await runs(leader, "fence", "remove", other.name, "--yes");
  }));

test("a frozen machine is thawed after its takeover: what ran there is killed before anything of it counts", (context) =>
  cluster.shown(async () => {
    const [leader, lost] = await ends();
    const path = at("count.lines");
    await post(leader, "/groups", { name: "Count" });
    const line = `"${process.execPath}" "${join(programs, "counting-app.mjs")}" "${path}"`;
    const count = { name: "count", group: "Count", type: "Generic Application", parameters: { CommandLine: line } };
    await post(leader, "/resources", count);
    await onNode("Count", lost);
    await post(leader, "/groups/Count/online");
    const fed = watchdogOf();
    await runs(leader, "fence", "add", lost.name, "watchdog", `device=${at("watchdog")}`, "--timeout", "2");
    const old = await waitFor("it writes", () => linesOf(path)[0]?.instance, limit);
    const ice = freeze(lost);
    const successor = await waitFor(
      "the successor writes",
      () => linesOf(path).find(({ instance }) => instance !== old),
      limit,
    );
    assert.equal(await cluster.owner("Count"), leader);
    const thawedAt = now();
    ice.thaw();
    await waitFor(
      "all that was frozen has ended",
      () => ice.processes.every((one) => !isAlive(one) || one.pid === lost.service?.pid),
      limit,
    );
    ice.end();
    const all = linesOf(path);
    const late = all
      .slice(all.findIndex(({ instance }) => instance !== old))
      .filter(({ instance }) => instance === old);
    const ran = Math.max(0, (late.at(-1)?.at ?? 0) - thawedAt);
    context.diagnostic(`by ${ice.how}: ${late.length} lines in ${ran.toFixed(1)} ms after the thaw`);
    for (const { token } of late)
      assert.ok(token[0] === successor.token[0] && token[1] < successor.token[1], "a store tells them apart");
    await cluster.whole();
    assert.equal(
      linesOf(path).findLast(({ instance }) => instance === old)?.at,
      all.findLast(({ instance }) => instance === old)?.at,
      "it is over",
    );
    assert.match(await runs(leader, "fence", "show", lost.name), /^Watchdog armed +2 s$/m, "the next life armed it");
    await waitFor("it feeds it", fed, limit);
    assert.equal(await cluster.owner("Count"), leader, "the thawed node changed nothing in the cluster");
    assert.ok(linesOf(path).at(-1)?.instance === successor.instance, "the successor was never disturbed");
  }));

test("a frozen machine with what outlives its host is switched off, and its group starts elsewhere", () =>
  cluster.shown(async () => {
    const [leader, lost] = await ends();
    const secrets = at("secrets");
    writeFileSync(secrets, "passwd=s3cret-of-the-device\n", { mode: 0o600 });
    writeFileSync(at("state"), "on");
    writeFileSync(at("pids"), "");
    const parameters = [`plug=${lost.name}`, `state=${at("state")}`, `pids=${at("pids")}`, `log=${at("calls")}`];
    await runs(leader, "fence", "add", lost.name, "fence_test", ...parameters, "--secrets", secrets);
    await waitFor("the other node has the secrets", () => existsSync(join(lost.data, "fence-secrets.json")), limit);
    const tested = await runs(leader, "fence", "test", lost.name);
    assert.match(tested, /fence_test says that the machine is on/);
    assert.match(tested, /NOT CHECKED HERE/);
    const refused = await run(leader, "node", "fence", lost.name, "--yes");
    assert.match(refused.err, /is up: it answers/);

    const module = at("lasting.mjs");
    writeFileSync(
      module,
      `const done = async () => undefined;
export const resourceType = { name: "Lasting", diesWithHost: false, parameters: [], online: done, offline: done, terminate: done,
  looksAlive: async () => true, isAlive: async () => true };`,
    );
    await post(leader, "/resource-types", { name: "Lasting", module, diesWithHost: false });
    await post(leader, "/groups", { name: "Last" });
    await post(leader, "/resources", { name: "last", group: "Last", type: "Lasting" });
    await onNode("Last", lost);
    await post(leader, "/groups/Last/online");
    await cluster.owner("Last");
    const ice = freeze(lost);
    writeFileSync(at("pids"), ice.processes.map(({ pid }) => `${pid}\n`).join(""));
    await waitFor(
      "the group is elsewhere",
      async () => (await cluster.owner("Last")) === leader,
      limit,
      () => cluster.describe(),
    );
    const view = JSON.parse(await runs(leader, "fence", "show", lost.name, "--json")) as FencingView;
    assert.equal(view.decision?.state, "off", JSON.stringify(view));
    assert.match(view.decision.because, /fence_test says that the machine is off/);
    assert.match(readFileSync(at("calls"), "utf8"), /^off N\d arguments: $/m);
    ice.thaw();
    await waitFor("the machine is off", () => ice.processes.every((one) => !isAlive(one)), limit);
    ice.end();
    const audit = readFileSync(join(leader.data, "log/audit.log"), "utf8");
    assert.match(audit, /fence node N\d by fence_test/);
    for (const text of [audit, readFileSync(join(leader.data, "log/service.log"), "utf8")])
      assert.ok(!text.includes("s3cret-of-the-device"));
    await cluster.whole();
  }));
