/**
 * Nodes on machines of their own, each with a member of an etcd beside it that asks for certificates: the quorum moves there from a folder
 * while an application runs, and then machines are cut off together with their member.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { NodeProcess } from "../../src/daemon/demo/node-process.ts";
import { timingOf } from "../../src/membership/timing.ts";
import { TestApp } from "./app.ts";
import { TestCluster } from "./cluster.ts";
import { etcdBeside, Machines, whyNoEtcdBeside } from "./machines.ts";
import { waitFor } from "./wait-for.ts";

const skip = whyNoEtcdBeside();
const factor = 3;

describe("machines with a member of etcd beside each node", { skip }, () => {
  const cluster = new TestCluster("beside");
  const app = new TestApp(cluster, { lock: false, everyMs: 1 });
  let machines: Machines;
  let place = "";
  let permit = 0;

  before(() =>
    cluster.shown(async () => {
      machines = await Machines.form(cluster, 3, factor, (network, folder) => {
        place = etcdBeside(network, folder, 3);
        return undefined;
      });
      permit = timingOf(place, factor).permit;
      await app.create();
    }),
  );
  after(() => (machines as Machines | undefined)?.end());

  const scenario = (name: string, play: () => Promise<void>): void =>
    void test(name, () =>
      cluster.shown(async () => {
        await cluster.whole();
        await play();
        app.check();
      }),
    );

  /** The application is on a node that does not lead. */
  const onFollower = async (): Promise<NodeProcess> => {
    const [leader, owner] = [await cluster.leader(), await cluster.owner("App")];
    if (owner !== leader) return owner;
    const [other = owner] = cluster.others(leader);
    await cluster.run(leader, "group", "move", "App", other.name);
    await waitFor("App has moved", async () => (await cluster.owner("App")) === other, 60_000);
    return other;
  };

  scenario("the quorum moves from a folder to etcd over TLS, and the application stays up", async () => {
    const [first, owner] = [await app.running(), await cluster.owner("App")];
    const [mover = owner] = cluster.others(owner);
    let isOver = false;
    const moving = cluster.run(mover, "cluster", "set-quorum", place, "--yes").finally(() => (isOver = true));
    // What can not be put into a checkpoint just now is refused with that; what is acknowledged counts.
    while (!isOver) await app.change(owner).catch(() => undefined);
    await moving;
    await app.lives(first, 1000);
    await cluster.whole();
    await app.change();
    assert.equal((await app.running()).instance, first.instance, "the same process has run all the time");
    for (const node of cluster.nodes) {
      assert.equal((await node.status())?.self.permitLength, permit);
      const record = JSON.parse(readFileSync(join(node.data, "node.json"), "utf8")) as { quorum: string };
      assert.equal(record.quorum, place);
      assert.doesNotMatch(readFileSync(`${node.data}.out`, "utf8"), /DEP0123|Warning/, `${node.name} prints a warning`);
    }
  });

  scenario("a network that is taken from the cluster carries nothing of it, and comes back", async () => {
    const [run, [one]] = [await app.running(), cluster.nodes];
    assert.ok(one);
    const set = (role: number, lan = 1): Promise<string> =>
      cluster.run(one, "network", "set", `Cluster Network ${lan + 1}`, `Role=${role}`);
    const over = (lan: number): number =>
      cluster.nodes.reduce((sum, node) => sum + machines.network.connections(machines.machineOf(node), lan), 0);
    assert.ok(over(1) > 0);
    await set(0);
    await waitFor("nothing is connected over the network", () => over(1) === 0, 30_000);
    await app.lives(run, 1.1 * permit);
    assert.equal(over(1), 0);
    assert.match(await cluster.run(one, "network", "show", "Cluster Network 2"), /^Role +not used$/m);
    const last = await cluster.command(one, ["network", "set", "Cluster Network 1", "Role=0"]);
    assert.match(last.stderr, /have no other network for the cluster/);
    assert.equal(last.code, 3);
    await set(1);
    await waitFor("the network is used again", () => over(1) > 0, 30_000);
    const address = ["--group", "App", "--type", "IP Address", "Address=10.78.0.99"];
    const refused = await cluster.command(one, ["resource", "create", "Address", ...address]);
    assert.match(refused.stderr, /Cluster Network 2, which is not for clients/);
    await set(3);
  });

  scenario("a node that does not lead is cut off from etcd but not from the others: nothing stops", async () => {
    const owner = await onFollower();
    const run = await app.running();
    machines.network.cut(machines.machineOf(owner), 0);
    await app.lives(run, 1.1 * permit);
    machines.network.mend(machines.machineOf(owner), 0);
    await waitFor("its settings reach etcd again", () => app.change(owner).catch(() => false), 30_000);
  });

  scenario("the leader's machine is cut off with its member: what runs on the majority goes on", async () => {
    const owner = await onFollower();
    const [leader, run] = [await cluster.leader(), await app.running()];
    machines.network.cut(machines.machineOf(leader));
    const another = async (): Promise<boolean> =>
      (await cluster.status(cluster.others(leader)))?.leader?.node !== leader.name;
    await waitFor("a node of the majority leads", another, 30_000);
    await app.lives(run, 1.1 * permit);
    await app.change(owner);
    const alone = async (): Promise<boolean> => (await leader.status())?.self.state === "alone";
    await waitFor("the node that was cut off knows that it is alone", alone, 30_000);
    machines.network.mend(machines.machineOf(leader));
  });

  scenario("the application's machine is cut off with its member: it ends there and starts elsewhere", async () => {
    const owner = await onFollower();
    const run = await app.running();
    await app.change(owner);
    machines.network.cut(machines.machineOf(owner));
    await app.after(run);
    machines.network.mend(machines.machineOf(owner));
  });
});
