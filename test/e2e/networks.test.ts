/** Nodes on machines of their own with two networks: a node is lost only when all its networks are. */
import { after, before, describe, test } from "node:test";
import { TestApp } from "./app.ts";
import { TestCluster } from "./cluster.ts";
import { Machines, whyNoMachines } from "./machines.ts";

const skip = whyNoMachines();

describe("machines with two networks", { skip }, () => {
  const cluster = new TestCluster("net");
  const app = new TestApp(cluster);
  let machines: Machines;

  const shown = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      process.stdout.write(`${cluster.logs()}\n`);
      throw error;
    }
  };
  before(() =>
    shown(async () => {
      machines = await Machines.form(cluster, 3, 2);
      await app.create();
    }),
  );
  after(() => machines.end());
  const scenario = (name: string, play: () => Promise<void>): void =>
    void test(name, () =>
      shown(async () => {
        await cluster.whole();
        await cluster.owner("App");
        await play();
        app.check();
      }),
    );

  scenario("one network is cut: no application is stopped", async () => {
    const [before, owner] = [await app.running(), await cluster.owner("App")];
    const machine = machines.machineOf(owner);
    machines.network.cut(machine, 0);
    await app.lives(before, 8000);
    machines.network.mend(machine, 0);
  });

  scenario("a machine that loses all networks ends its application; it is started elsewhere", async () => {
    const [before, owner] = [await app.running(), await cluster.owner("App")];
    await app.change(owner);
    machines.network.cut(machines.machineOf(owner));
    await app.after(before);
    machines.network.mend(machines.machineOf(owner));
  });
});
