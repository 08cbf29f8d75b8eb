/** A cluster on three real members of etcd that are killed, stopped, wiped, outnumbered: no acknowledged update is lost. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe } from "node:test";
import { openOutside } from "../../src/base/outside-node.ts";
import { type EtcdMember, etcdPlaceOf, etcdProgram, makeEtcdMembers } from "../../src/daemon/demo/etcd-members.ts";
import { NodeProcess } from "../../src/daemon/demo/node-process.ts";
import { timingOf } from "../../src/membership/timing.ts";
import type { EtcdClient } from "../../src/quorum/etcd/client.ts";
import { getAll } from "../../src/quorum/etcd/client.ts";
import { connectEtcd } from "../../src/quorum/etcd/connect.ts";
import { parseEtcdPlace } from "../../src/quorum/etcd/place.ts";
import { stage } from "./scenario.ts";
import { waitFor } from "./wait-for.ts";

const skip = etcdProgram === undefined ? "there is no etcd on this machine (Debian: etcd-server)" : false;
const factor = 2;
let members: readonly EtcdMember[] = [];
let client: EtcdClient;

describe("a cluster on etcd", { skip }, () => {
  const { cluster, app, scenario } = stage(
    "etcd",
    async (made) => {
      const folder = join(made.folder, "etcd");
      mkdirSync(folder);
      members = await makeEtcdMembers(folder, 3, { heartbeat: 40, election: 400 });
      for (const member of members) member.start();
      made.place = etcdPlaceOf(members, "election=400");
      client = await connectEtcd(openOutside().files, parseEtcdPlace(made.place));
      await etcdWhole();
    },
    factor,
  );

  scenario("the permit comes from etcd's election timeout, and status shows it", async () => {
    const status = await cluster.status();
    assert.equal(status?.self.permitLength, timingOf(cluster.quorum, factor).permit);
    assert.ok(timingOf(cluster.quorum, 1).permit >= 4 * 400);
    const [node] = cluster.nodes;
    assert.ok(node);
    const text = await cluster.run(node, "status");
    assert.ok(
      text.includes("quorum: etcd") && text.includes(`Permits last ${Math.round(status?.self.permitLength ?? 0)} ms`),
      text,
    );
  });

  scenario("etcd's leader is killed and comes back: no application stops, no update is lost", async () => {
    const [before, leader] = [await app.running(), await etcdLeader()];
    await leader.kill();
    await app.change();
    leader.start();
    await app.change();
    await app.lives(before, 500);
    await etcdWhole();
  });

  scenario("etcd's leader is stopped and continued", async () => {
    const [before, leader] = [await app.running(), await etcdLeader()];
    leader.signal("SIGSTOP");
    await app.change();
    leader.signal("SIGCONT");
    await app.change();
    await app.lives(before, 500);
    await etcdWhole();
  });

  scenario("a member is wiped and joins again", async () => {
    const before = await app.running();
    const leader = await etcdLeader();
    const [lost, keeper] = [members.find((member) => member !== leader), leader];
    assert.ok(lost);
    await lost.kill();
    lost.wipe();
    const { members: known } = await ask(keeper, "list", {});
    const old = known?.find(({ name }) => name === lost.name);
    assert.ok(old);
    await ask(keeper, "remove", { ID: old.ID });
    await waitFor(
      "the member is added",
      () => ask(keeper, "add", { peerURLs: old.peerURLs }).catch(() => undefined),
      30_000,
    );
    lost.start("existing");
    await app.change();
    await etcdWhole();
    await app.lives(before, 500);
  });

  scenario("without a majority nothing is updated or started; what runs goes on until its permit ends", async () => {
    await app.change();
    const before = await app.running();
    const owner = await cluster.owner("App");
    const [first, second] = members;
    assert.ok(first && second);
    await Promise.all([first.kill(), second.kill()]);
    const countdown: number[] = [];
    await waitFor(
      "the permit ends after a countdown",
      async () => {
        const status = await owner.status();
        if (status !== undefined) countdown.push(status.self.permitMs);
        return status?.self.permitMs === 0 && countdown.some((left) => left > 0);
      },
      60_000,
      () => cluster.describe(),
    );
    const refused = await cluster.command(owner, ["group", "create", "Refused"]);
    assert.notEqual(refused.code, 0, refused.stdout);
    await waitFor("the application has ended", async () => !(await isGrowing()), 60_000);
    const { instance, last } = app.history().runs.at(-1) ?? before;
    assert.equal(instance, before.instance, "somebody started it without a majority");
    assert.ok(last >= before.last);
    first.start();
    second.start();
    await etcdWhole();
    await cluster.whole();
    await app.after(before);
  });

  scenario("the leader's service is paused past every limit while etcd forgets its history", async () => {
    const leader = await cluster.leader();
    await app.change();
    leader.signal("SIGSTOP");
    const other = async (): Promise<boolean> => {
      const now = (await cluster.status(cluster.others(leader)))?.leader?.node;
      return now !== undefined && now !== leader.name;
    };
    await waitFor("another node leads", other, 60_000, () => cluster.describe());
    const { revision } = await client.txn({ does: [{ get: "/" }] });
    await client.compact(revision);
    leader.signal("SIGCONT");
    await cluster.whole();
    await app.change();
    await app.running();
  });

  scenario(
    "a set from etcd is restored into a folder, and that cluster's into etcd; keys are never in etcd in the clear",
    async () => {
      const owner = await cluster.owner("App");
      await cluster.run(owner, "key", "create", "1\\\\AppKey");
      await cluster.run(owner, "checkpoint", "add", "App", "--crypto", "1\\\\AppKey");
      const made = await cluster.run(owner, "key", "public", "1\\\\AppKey");
      for (const { data } of cluster.nodes) assert.ok(existsSync(join(data, "cluster-keys.json")), data);
      owner.signal("SIGKILL");
      const heir = await waitFor(
        "App is online elsewhere",
        () => ownerBut(owner),
        90_000,
        () => cluster.describe(),
      );
      assert.equal(await cluster.run(heir, "key", "public", "1\\\\AppKey"), made);
      await evictedCantRead(owner, heir);
      const inEtcd = (await client.txn({ does: [getAll("/clubar/")] })).found[0] ?? [];
      assert.ok(inEtcd.some(({ key, value }) => key.includes("/version/") && text(value).includes('"sealed"')));
      assert.ok(!inEtcd.some(({ value }) => text(value).includes("PRIVATE KEY")), "a key is in etcd in the clear");
      const set = join(cluster.folder, "set");
      await cluster.run(heir, "backup", "DEMO", set);
      assert.ok(filesBelow(set).some((path) => path.endsWith(".CPR")));

      // Both restores ask the set's nodes first: none may run.
      await Promise.all(cluster.nodes.map((node) => node.stop()));
      const { name } = heir;
      const onFolder = new NodeProcess(name, join(cluster.folder, "back-on-folder"));
      const folder = join(cluster.folder, "restored-quorum");
      await cluster.run(onFolder, "restore", set, "force", "--yes", "--adopt", "--node", name, "--quorum", folder);
      assert.ok(filesBelow(folder).some((path) => path.endsWith(".CPR")));
      const onEtcd = new NodeProcess(name, join(cluster.folder, "back-on-etcd"));
      const place = `${etcdPlaceOf(members)}?prefix=/other`;
      await cluster.run(onEtcd, "restore", set, "force", "--yes", "--adopt", "--node", name, "--quorum", place);
      assert.equal(statSync(join(onEtcd.data, "cluster-keys.json")).mode & 0o777, 0o600);
      const { stdout: said } = await cluster.command(onEtcd, ["doctor"]);
      assert.match(said, /The files of the current checkpoints are whole \([1-9]/);
      const other = (await client.txn({ does: [getAll("/other/")] })).found[0] ?? [];
      assert.ok(other.some(({ key }) => key.includes("/version/")));
      assert.ok(!other.some(({ value }) => text(value).includes("PRIVATE KEY")));
      assert.match(readFileSync(join(onEtcd.data, "node.json"), "utf8"), /prefix=\/other&election=\d+/);
    },
  );

  /** While the third node is down, `gone` is evicted: what is stored then is sealed with a key that only the others have. */
  async function evictedCantRead(gone: NodeProcess, heir: NodeProcess): Promise<void> {
    const [third] = cluster.others(gone, heir);
    assert.ok(third);
    await third.stop();
    await cluster.leads(heir);
    await cluster.run(heir, "node", "evict", gone.name, "--yes");
    await cluster.run(heir, "key", "create", "1\\\\NewKey");
    await cluster.run(heir, "checkpoint", "add", "App", "--crypto", "1\\\\NewKey");
    const versions = (await client.txn({ does: [getAll("/clubar/")] })).found[0] ?? [];
    const sealed = versions.flatMap(({ key, value }) =>
      key.includes("/version/") ? [/"sealed":"([0-9a-f]+)"/.exec(text(value))?.[1] ?? ""] : [],
    );
    const known = (node: NodeProcess): readonly boolean[] => {
      const ring = readFileSync(join(node.data, "cluster-keys.json"), "utf8");
      return sealed.filter(Boolean).map((id) => ring.includes(id));
    };
    assert.deepEqual(
      [known(gone), known(heir)],
      [
        [true, false],
        [true, true],
      ],
    );
    cluster.nodes.splice(cluster.nodes.indexOf(gone), 1);
    await cluster.whole();
    await waitFor("the node that was down has all keys", async () => known(third).every(Boolean), 30_000);
  }

  async function ownerBut(old: NodeProcess): Promise<NodeProcess | undefined> {
    const now = await cluster.ownerOf("App", ["online"]);
    return now === old ? undefined : now;
  }

  async function isGrowing(): Promise<boolean> {
    const last = app.history().runs.at(-1)?.last;
    const grows = async (): Promise<boolean> => app.history().runs.at(-1)?.last !== last;
    return waitFor("it writes", grows, 1500).catch(() => false);
  }
});

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true }).map(String);
}

async function etcdWhole(): Promise<void> {
  const healthy = async (): Promise<boolean> => {
    const states = await client.members();
    return states.every(({ status }) => status !== undefined) && states.some(({ status }) => status?.isLeader === true);
  };
  await waitFor("all members of etcd answer, and one leads", healthy, 60_000);
}

async function etcdLeader(): Promise<EtcdMember> {
  const find = async (): Promise<EtcdMember | undefined> => {
    const leader = (await client.members()).find(({ status }) => status?.isLeader === true);
    return members.find(({ endpoint }) => endpoint === leader?.endpoint);
  };
  return waitFor("a member of etcd leads", find, 60_000);
}

interface Membership {
  readonly members?: readonly { readonly ID: string; readonly name?: string; readonly peerURLs: readonly string[] }[];
}

/** What clubar itself never does: to change who is a member of etcd. */
async function ask(member: EtcdMember, what: "list" | "add" | "remove", body: object): Promise<Membership> {
  const url = `http://${member.endpoint}/v3/cluster/member/${what}`;
  const answer = await fetch(url, { method: "POST", body: JSON.stringify(body) });
  assert.equal(answer.status, 200, await answer.clone().text());
  return (await answer.json()) as Membership;
}
