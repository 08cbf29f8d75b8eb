/** Third parties' types and OCF agents in a real cluster: looked at before they are stored, failing over, failing. */
import assert from "node:assert/strict";
import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { NodeProcess } from "../../src/daemon/demo/node-process.ts";
import { kill } from "../../src/daemon/demo/own-processes.ts";
import { TestCluster } from "./cluster.ts";
import { waitFor } from "./wait-for.ts";

const example = join(import.meta.dirname, "../../docs/manual/resource-type-example.mjs");
const agents = "/usr/lib/ocf/resource.d/heartbeat";
const lacks = (...paths: readonly string[]): string | false => {
  const path = paths.find((one) => !existsSync(one));
  return path === undefined ? false : `${path} is not on this machine (Debian: resource-agents, redis-server)`;
};
const limit = 90_000;
const cluster = new TestCluster("types", 2);
const at = (name: string): string => join(cluster.folder, name);
let node: NodeProcess;

before(() =>
  cluster.shown(async () => {
    await cluster.form(["N1", "N2"]);
    const [first] = cluster.nodes;
    assert.ok(first);
    node = first;
  }),
);
after(() => cluster.end());

const run = (...args: readonly string[]): Promise<string> => cluster.run(node, ...args);

async function refused(code: number, why: RegExp, ...args: readonly string[]): Promise<void> {
  const result = await cluster.command(node, args);
  assert.equal(result.code, code, `${args.join(" ")}: ${result.stdout}${result.stderr}`);
  assert.match(result.stderr, why);
}

function reaches(name: string, state: string, reason = /^/): Promise<unknown> {
  const probe = async (): Promise<boolean> => {
    const found = (await cluster.status())?.resources.find((one) => one.name === name);
    return found?.state === state && reason.test(found.reason ?? "");
  };
  return waitFor(`${name} is ${state} ${reason.source}`, probe, limit, () => cluster.describe());
}

/** Online on the other node after service and host of its owner are killed; all nodes are up again then. */
async function failsOver(group: string): Promise<void> {
  const owner = await cluster.owner(group);
  const host = cluster.host(owner);
  owner.signal("SIGKILL");
  kill(host, "SIGKILL");
  const moved = async (): Promise<boolean> => (await cluster.ownerOf(group, ["online"])) !== owner;
  await waitFor(`${group} is online elsewhere`, moved, limit, () => cluster.describe());
  await cluster.whole();
  node = owner;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

test("the manual's example becomes a type and fails over; what is none is refused on every node", () =>
  cluster.shown(async () => {
    const module = at("type.mjs");
    const add = ["resource", "add-type", "Port Service", "--module", module];
    await refused(8, /N1, N2: There is no /, ...add);
    for (const text of ["export const x = 1;", "process.exit(0);"]) {
      writeFileSync(module, text);
      await refused(2, /is no resource type/, ...add, "--force");
    }
    copyFileSync(example, module);
    await refused(2, /dies with its node.*--dies-with-node/s, ...add);
    assert.doesNotMatch(await run("resource", "types"), /Port Service/);
    await run(...add, "--dies-with-node");

    const port = 18_091;
    const program = `Program=${process.execPath};-e;require("net").createServer().listen(${port}, "127.0.0.1")`;
    await run("group", "create", "Web");
    const create = ["resource", "create", "web", "--group", "Web", "--type", "Port Service"];
    await refused(2, /no parameter Colour/, ...create, program, `Port=${port}`, "Colour=red");
    assert.match(await run(...create, program), /can't come online yet: Port is missing/);
    await refused(2, /Port must be a number/, "resource", "param", "web", "Port=many");
    await run("resource", "param", "web", `Port=${port}`);
    await run("group", "online", "Web");
    await reaches("web", "online");
    assert.equal(await answers(port), true);
    await failsOver("Web");
    await waitFor("it answers", () => answers(port), limit);
  }));

test("a type that can't be loaded leaves its resource failed, and comes back when it is mended", () =>
  cluster.shown(async () => {
    const module = at("stays.mjs");
    const good = readFileSync(example, "utf8").replace("diesWithHost: true", "diesWithHost: false");
    writeFileSync(module, good);
    await run("resource", "add-type", "Stays", "--module", module);
    await run("group", "create", "Odd");
    const port = 18_092;
    const program = `Program=${process.execPath};-e;require("net").createServer().listen(${port}, "127.0.0.1")`;
    await run("resource", "create", "odd", "--group", "Odd", "--type", "Stays", program, `Port=${port}`);
    await run("resource", "set", "odd", "RestartAction=0");
    writeFileSync(module, "throw new Error('broken');");
    await run("group", "online", "Odd");
    await reaches(
      "odd",
      "failed",
      /stays\.mjs of resource type Stays can't be loaded.*output\.log.*clubar resource online/,
    );
    writeFileSync(module, good);
    await run("resource", "online", "odd");
    await reaches("odd", "online");
    await run("group", "offline", "Odd");
    await reaches("odd", "offline");
  }));

test(
  "agents: parameters are checked when they are set; one moves, one fails over",
  {
    skip:
      process.getuid?.() === 0 ? lacks(`${agents}/Dummy`, `${agents}/redis`, "/usr/bin/redis-server") : "needs root",
  },
  () =>
    cluster.shown(async () => {
      await run("group", "create", "Db");
      const create = (name: string, type: string, ...words: readonly string[]): string[] => {
        return ["resource", "create", name, "--group", "Db", "--type", type, ...words];
      };
      await refused(2, /it is written state/, ...create("d", "OCF Agent", "OcfAgent=ocf:heartbeat:Dummy", "State=/x"));
      await refused(8, /None is not there.*--force/s, ...create("d", "OCF Agent", "OcfAgent=ocf:heartbeat:None"));
      const unchecked = await run(...create("none", "OCF Agent", "OcfAgent=ocf:heartbeat:None", "--force"));
      assert.match(unchecked, /Not checked on N1: .*None is not there; N2/);
      await run("resource", "delete", "none");
      await run(...create("dummy", "OCF Agent", "OcfAgent=ocf:heartbeat:Dummy", `state=${at("dummy")}`));
      await refused(2, /OcfCheckLevel is 7/, "resource", "param", "dummy", "OcfCheckLevel=7");
      await run("group", "online", "Db");
      await reaches("dummy", "online");
      assert.ok(existsSync(at("dummy")));
      const owner = await cluster.owner("Db");
      const [other = owner] = cluster.others(owner);
      await run("group", "move", "Db", other.name);
      const moved = async (): Promise<boolean> => (await cluster.owner("Db")) === other;
      await waitFor("Db has moved", moved, limit, () => cluster.describe());

      const port = 18_093;
      const conf = at("redis.conf");
      const own = [
        `port ${port}`,
        "bind 127.0.0.1",
        "daemonize yes",
        `unixsocket ${at("r.sock")}`,
        `pidfile ${at("r.pid")}`,
      ];
      writeFileSync(conf, [...own, `dir ${cluster.folder}`, ""].join("\n"));
      const more = [
        "user=root",
        `rundir=${cluster.folder}`,
        "pidfile_name=r.pid",
        "socket_name=r.sock",
        `port=${port}`,
      ];
      await run("group", "create", "Cache");
      const redis = ["resource", "create", "redis", "--group", "Cache", "--type", "OCF Daemon"];
      await run(...redis, "OcfAgent=ocf:heartbeat:redis", `config=${conf}`, ...more);
      await run("group", "online", "Cache");
      await reaches("redis", "online");
      await failsOver("Cache");
      await waitFor("redis answers", () => answers(port), limit);
    }),
);
