/** Tests that share one cluster: each begins with a whole one, and shows all logs when it fails. */
import { after, before, test } from "node:test";
import { TestApp } from "./app.ts";
import { TestCluster } from "./cluster.ts";

export interface Stage {
  readonly cluster: TestCluster;
  readonly app: TestApp;
  /** A test that begins with all nodes up and the application online. */
  readonly scenario: (name: string, play: () => Promise<void>) => void;
}

/**
 * Forms a cluster of three nodes with the test application before the file's tests and ends it after them. `prepare` comes first;
 * `timingFactor` as for `TestCluster`.
 */
export function stage(
  name: string,
  prepare: (cluster: TestCluster) => Promise<void> = async () => undefined,
  timingFactor?: number,
): Stage {
  const cluster = new TestCluster(name, timingFactor);
  const app = new TestApp(cluster);
  before(() =>
    cluster.shown(async () => {
      await prepare(cluster);
      await cluster.form(["N1", "N2", "N3"]);
      await app.create();
    }),
  );
  after(() => cluster.end());
  const scenario = (title: string, play: () => Promise<void>): void =>
    void test(title, () =>
      cluster.shown(async () => {
        await cluster.whole();
        await cluster.owner("App");
        await play();
        app.check();
      }),
    );
  return { cluster, app, scenario };
}
