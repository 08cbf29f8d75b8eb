/** Nodes on machines of their own with two networks: a node is lost only when all its networks are. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openOutside } from "../../src/base/outside-node.ts";
import type { NetworkView } from "../../src/api/network-view.ts";
import { timingOf } from "../../src/membership/timing.ts";
import { TestApp } from "./app.ts";
import { TestCluster } from "./cluster.ts";
import { Machines, whyNoMachines } from "./machines.ts";
import { waitFor } from "./wait-for.ts";

const skip = whyNoMachines();
const factor = 2;
/** How long a thawed application may go on, in milliseconds (docs/safety.md §2.5). */
const thawBound = 1000;
const { clock } = openOutside();
const bootMs = (): number => clock.boot();

function networkLine({ name, state, interfaces }: NetworkView): string {
  const ill = interfaces.filter((one) => one.state !== "up").map((one) => `${one.node} ${one.state}`);
  return `${name} ${state}${ill.length === 0 ? "" : `: ${ill.join(", ")}`}`;
}

describe("machines with two networks", { skip }, () => {
  const cluster = new TestCluster("net");
  const app = new TestApp(cluster, { lock: false, everyMs: 1 });
  let machines: Machines;
  let permit = 0;

  before(() =>
    cluster.shown(async () => {
      machines = await Machines.form(cluster, 3, factor);
      permit = timingOf(cluster.quorum, factor).permit;
      const [first] = cluster.nodes;
      assert.ok(first);
      await cluster.run(first, "cluster", "set", "SameSubnetDelay=250", "SameSubnetThreshold=3");
      await app.create();
    }),
  );
  after(() => (machines as Machines | undefined)?.end());

  /** Every node that is up says this of the networks; interfaces that are up are left out. */
  const shows = async (...expected: readonly string[]): Promise<void> => {
    let seen: (string[] | undefined)[] = [];
    const agree = async (): Promise<boolean> => {
      const states = await Promise.all(cluster.nodes.map((node) => node.status()));
      seen = states.map((status) => status?.networks.map(networkLine));
      return seen.every((lines) => lines === undefined || lines.join() === expected.join());
    };
    await waitFor(expected.join(), agree, 60_000, () => JSON.stringify(seen));
  };
  const scenario = (name: string, play: () => Promise<void>): void =>
    void test(name, () =>
      cluster.shown(async () => {
        await cluster.whole();
        await cluster.owner("App");
        await play();
        app.check();
      }),
    );

  scenario("one link is cut, then the whole network: no application is stopped", async () => {
    const [before, owner] = [await app.running(), await cluster.owner("App")];
    const machine = machines.machineOf(owner);
    machines.network.cut(machine, 0);
    const failed = `${owner.name} failed`;
    await shows(`Cluster Network 1 partitioned: ${failed}`, "Cluster Network 2 up");
    // Longer than a whole takeover.
    await app.lives(before, 1.5 * permit);
    const later = await app.running();
    assert.equal(later.instance, before.instance);
    const all = cluster.nodes.map((node) => machines.machineOf(node));
    for (const one of all) machines.network.cut(one, 0);
    await shows("Cluster Network 1 down: N1 failed, N2 failed, N3 failed", "Cluster Network 2 up");
    await app.change(owner);
    await app.lives(later, 1.5 * permit);
    for (const one of all) machines.network.mend(one, 0);
    await shows("Cluster Network 1 up", "Cluster Network 2 up");
    const text = await cluster.run(owner, "network", "list");
    assert.match(text, /^Cluster Network 2 +up +cluster and clients +10\.78\.0\.0\/255\.255\.255\.0 +N1, N2, N3$/m);
    const one = JSON.parse(await cluster.run(owner, "network", "show", "cluster network 1", "--json")) as NetworkView;
    assert.deepEqual(
      one.interfaces.map(({ name, address }) => `${name} ${address}`),
      ["N1 - eth0 10.77.0.1", "N2 - eth0 10.77.0.2", "N3 - eth0 10.77.0.3"],
    );
  });

  scenario("a machine loses 30 % of its packets: nothing runs twice", async () => {
    const [before, owner] = [await app.running(), await cluster.owner("App")];
    const machine = machines.machineOf(owner);
    machines.network.drop(machine, { direction: "in", percent: 30 }, { direction: "out", percent: 30 });
    await app.lives(before, 1.5 * permit);
    assert.ok(machines.network.dropped(machine) > 20);
    machines.network.drop(machine);
  });

  scenario("a machine is half a second away on all networks: no application is stopped", async () => {
    const [before, owner] = [await app.running(), await cluster.owner("App")];
    const machine = machines.machineOf(owner);
    for (const lan of machines.network.lans) await machines.network.delay(machine, lan, 500);
    await app.lives(before, 1.5 * permit);
    for (const lan of machines.network.lans) assert.ok((await machines.network.undelay(machine, lan)) > 20);
  });

  scenario("one direction of a network is cut, then of all networks: as if both were", async () => {
    const [before, owner] = [await app.running(), await cluster.owner("App")];
    const machine = machines.machineOf(owner);
    machines.network.drop(machine, { direction: "out", lan: 0 });
    await shows(`Cluster Network 1 partitioned: ${owner.name} failed`, "Cluster Network 2 up");
    await app.change(owner);
    assert.equal((await app.running()).instance, before.instance);
    machines.network.drop(machine, { direction: "out" });
    await app.after(before);
    machines.network.drop(machine);
  });

  scenario("a machine that loses all networks ends its application; it is started elsewhere", async () => {
    const [before, owner] = [await app.running(), await cluster.owner("App")];
    await app.change(owner);
    machines.network.cut(machines.machineOf(owner));
    await app.after(before);
    machines.network.mend(machines.machineOf(owner));
  });

  scenario("the leader's machine loses power; thawed later, its old application is killed at once", async () => {
    const owner = await cluster.leader();
    if ((await cluster.owner("App")) !== owner) {
      await cluster.run(owner, "group", "move", "App", owner.name);
      await waitFor("App is with the leader", async () => (await cluster.owner("App")) === owner, 60_000);
    }
    const before = await app.running();
    const incarnation = (await owner.status())?.self.incarnation;
    const machine = machines.machineOf(owner);
    await app.change(owner);
    await machines.network.powerOff(machine);
    await app.after(before);
    const at = bootMs();
    app.thawed({ instance: before.instance, at, until: at + thawBound });
    machines.network.thawWithCables(machine);
    await cluster.whole();
    const done = app.since(before.instance, at);
    process.stdout.write(
      `thawed: ${done.length} lines in ${((done.at(-1) ?? at) - at).toFixed(1)} ms, first after ${((done[0] ?? at) - at).toFixed(1)} ms\n`,
    );
    assert.notEqual((await owner.status())?.self.incarnation, incarnation);
  });
});
