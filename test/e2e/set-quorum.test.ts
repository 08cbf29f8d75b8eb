/**
 * A running cluster moves from a folder to a real etcd and back into another folder, with its application, its registry and its key
 * container: the application stays up. Service and host are killed while nothing is in force anywhere.
 */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before as beforeAll, test } from "node:test";
import type { RestorePlanView } from "../../src/api/node-service.ts";
import { openOutside } from "../../src/base/outside-node.ts";
import { type EtcdMember, etcdPlaceOf, etcdProgram, makeEtcdMembers } from "../../src/daemon/demo/etcd-members.ts";
import { timingOf } from "../../src/membership/timing.ts";
import { type EtcdClient, getAll } from "../../src/quorum/etcd/client.ts";
import { connectEtcd } from "../../src/quorum/etcd/connect.ts";
import { parseEtcdPlace } from "../../src/quorum/etcd/place.ts";
import { TestApp } from "./app.ts";
import { TestCluster } from "./cluster.ts";
import { waitFor } from "./wait-for.ts";

const skip = etcdProgram === undefined ? "there is no etcd on this machine (Debian: etcd-server)" : false;
const factor = 2;
const cluster = new TestCluster("set-quorum", factor);
const back = join(cluster.folder, "back");
const there = join(cluster.folder, "there");
const app = new TestApp(cluster);
let members: readonly EtcdMember[] = [];
let client: EtcdClient;
let place = "";
let second = "";

beforeAll(async () => {
  if (skip !== false) return;
  mkdirSync(join(cluster.folder, "etcd"));
  members = await makeEtcdMembers(join(cluster.folder, "etcd"), 1, { heartbeat: 40, election: 400 });
  for (const member of members) member.start();
  place = etcdPlaceOf(members, "prefix=/clubar/moved&election=400");
  second = place.replace("moved", "second");
  client = await connectEtcd(openOutside().files, parseEtcdPlace(place));
  await cluster.form(["N1", "N2"]);
  await app.create();
});

after(async () => {
  await cluster.end();
  client.close();
  for (const member of members) await member.kill();
});

async function keys(): Promise<readonly { readonly key: string; readonly value: Uint8Array }[]> {
  return (await client.txn({ does: [getAll("/clubar/")] })).found[0] ?? [];
}

/** Everything is there, no acknowledged setting is lost, and every node knows the place and its times. */
async function holds(made: string, permitPlace: string): Promise<void> {
  await cluster.whole();
  app.check();
  const owner = await cluster.owner("App");
  await app.change(owner);
  assert.equal(await cluster.run(owner, "key", "public", "1\\\\AppKey"), made);
  assert.equal((await cluster.status())?.self.permitLength, timingOf(permitPlace, factor).permit);
  for (const { data } of cluster.nodes)
    assert.equal((JSON.parse(readFileSync(join(data, "node.json"), "utf8")) as { quorum: string }).quorum, permitPlace);
}

test("from a folder to etcd and back, killed on the way", { skip }, async (context) => {
  const [n1, n2] = cluster.nodes;
  assert.ok(n1 !== undefined && n2 !== undefined);
  const owner = await cluster.owner("App");
  await cluster.run(owner, "key", "create", "1\\\\AppKey");
  await cluster.run(owner, "checkpoint", "add", "App", "--crypto", "1\\\\AppKey");
  await app.change(owner);
  const made = await cluster.run(owner, "key", "public", "1\\\\AppKey");
  const setQuorum = (to: string, ...more: string[]): string[] => ["--json", "cluster", "set-quorum", to, ...more];

  await context.test("the plan says what happens, and refuses an etcd that is no place for it", async () => {
    const plan = JSON.parse(await cluster.run(n1, ...setQuorum(place, "--plan"))) as RestorePlanView;
    const text = plan.lines.join("\n");
    assert.match(text, /Applications stay up: for the time of the move permits last \d+ ms/);
    assert.match(text, /Permits last \d+ ms instead of \d+ ms/);
    assert.equal((await cluster.command(n1, setQuorum(place))).code, 3);
    await client.txn({ does: [{ put: "/clubar/taken/x", value: new Uint8Array() }] });
    const taken = await cluster.command(n1, setQuorum(place.replace("moved", "taken"), "--plan"));
    assert.match(taken.stdout + taken.stderr, /there is something in it already/);
  });

  await context.test(
    "to etcd, to another one and back into a folder, the application stays up and its settings are kept",
    async () => {
      const first = await app.running();
      for (const [index, to] of [place, place.replace("moved", "again"), there].entries()) {
        let isOver = false;
        const moving = cluster
          .run(cluster.nodes[index] ?? n1, ...setQuorum(to, "--yes"))
          .finally(() => (isOver = true));
        // What can not be put into a checkpoint just now is refused with that; what is acknowledged counts.
        while (!isOver) await app.change(owner).catch(() => undefined);
        await moving;
        await app.lives(await app.running(), 1000);
        await holds(made, to);
      }
      assert.equal((await app.running()).instance, first.instance, "the same process has run all the time");
    },
  );

  await context.test("the mover's service is killed while nothing is in force: it ends in one place", async () => {
    const mover = await cluster.leader();
    const moving = cluster.command(mover, setQuorum(second, "--yes"));
    await waitFor("the folder is sealed", () => !existsSync(join(there, "current")), 60_000);
    mover.signal("SIGKILL");
    await moving;
    await cluster.whole();
    if (existsSync(join(there, "current"))) await cluster.run(n1, ...setQuorum(second, "--yes"));
    await holds(made, second);
    const stored = await keys();
    assert.ok(stored.some(({ key, value }) => key.includes("/version/") && text(value).includes('"sealed"')));
    assert.ok(!stored.some(({ value }) => text(value).includes("PRIVATE KEY")), "a key is in etcd in the clear");
  });

  await context.test("the host of the application's node is killed meanwhile: it runs once, and again", async () => {
    const before = await app.running();
    const on = await cluster.owner("App");
    const [mover = n1] = cluster.others(on);
    await cluster.run(n2, "group", "create", "Made on etcd");
    const moving = cluster.command(mover, setQuorum(back, "--yes"));
    const isSealed = async (): Promise<boolean> => !(await keys()).some(({ key }) => key.endsWith("second/current"));
    await waitFor("etcd is sealed", isSealed, 60_000);
    process.kill(cluster.host(on).pid, "SIGKILL");
    assert.equal((await moving).code, 0);
    await app.after(before);
    await holds(made, back);
    assert.ok((await cluster.status())?.groups.some(({ name }) => name === "Made on etcd"));
    assert.ok(await isSealed());
  });
});

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
