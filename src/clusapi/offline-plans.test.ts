/** Plans of a node whose service does not run: what starts between the plan and a person's yes is seen. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { example, identity, memoryFiles, outsideOf } from "../../test/crash-points/example-cluster.ts";
import { makeQuorum, makeSet, place, setPath } from "../../test/crash-points/example-quorum.ts";
import { type Files, type Outside, OutsideError } from "../base/outside.ts";
import { encodeClusDb } from "../membership/clusdb-copy.ts";
import { openDiskQuorum } from "../quorum/disk/quorum.ts";
import { applyEdits } from "../tree/edit.ts";
import { sz } from "../tree/value.ts";
import { type NodeRecord, writeNodeRecord } from "./node-record.ts";
import { planForceOffline } from "./offline-force-quorum.ts";
import { planOffline } from "./offline-restore.ts";

const [data, other] = ["/data", "/data2"];

function outsideFor(files: Files): Outside {
  const refuse = (): Promise<never> => Promise.reject(new OutsideError("ECONNREFUSED", "nobody listens"));
  const nobody = { net: { connect: refuse, listen: refuse }, timers: { sleep: () => Promise.resolve() } };
  return { ...outsideOf(files), ...nobody } as unknown as Outside;
}

async function write(files: Files, path: string, bytes: Uint8Array): Promise<void> {
  const handle = await files.open(path, "create");
  await handle.write(bytes, 0);
  await handle.close();
}

/** Two stopped nodes and a set; a quorum unless it is lost. */
async function stopped(files: Files, isLost: boolean): Promise<void> {
  const { instance, name: cluster, lineage } = identity;
  const endpoint = sz("Endpoint", `${other}/run/rpc.sock`);
  const tree = applyEdits(example("one").tree, [{ kind: "set-value", path: "Nodes\\2", value: endpoint }], 9n);
  await files.makeFolder("/shared");
  await makeQuorum(files, { ...example("one"), tree }, 9);
  await makeSet(files, example("one"), 9);
  for (const [node, folder] of [
    ["1", data],
    ["2", other],
  ] as const) {
    const record: NodeRecord = {
      version: 1,
      node,
      name: `n${node}`,
      cluster,
      instance,
      quorum: place,
      insist: false,
      timingFactor: 1,
    };
    await files.makeFolder(folder);
    await writeNodeRecord(files, folder, record);
    await write(
      files,
      `${folder}/ClusDb`,
      encodeClusDb({ tree, tag: { generation: 1, epoch: 0, sequence: 9 }, lineage }, 1),
    );
  }
  if (isLost) await files.rename(`${place}/current`, `${place}/current.tmp~`);
}

async function hostRuns(files: Files, folder: string): Promise<() => Promise<void>> {
  const lock = await files.open(`${folder}/host.lock`, "append");
  assert.ok(await lock.lock());
  return () => lock.close();
}

const plans = {
  "force-quorum": {
    isLost: true,
    plan: (outside: Outside) => planForceOffline({ outside, data }, { force: false, hold: false }),
  },
  restore: {
    isLost: false,
    plan: (outside: Outside) => planOffline({ outside, data }, { path: setPath, force: false }),
  },
};

for (const [name, { isLost, plan }] of Object.entries(plans)) {
  test(`${name}: a node that started after the plan was shown forbids it`, async () => {
    const { files } = memoryFiles();
    await stopped(files, isLost);
    const { view, carryOut } = await plan(outsideFor(files));
    assert.deepEqual(view.blockers, []);
    const generation = async (): Promise<number | undefined> =>
      (await (await openDiskQuorum(outsideOf(files), place)).identity())?.generation;
    for (const [folder, error] of [
      [data, "BUSY"],
      [other, "CLUSTER_NODE_UP"],
    ] as const) {
      const ends = await hostRuns(files, folder);
      await assert.rejects(carryOut(), { name: error });
      await ends();
      assert.equal(await generation(), isLost ? undefined : 1);
    }
    await carryOut();
    assert.equal(await generation(), 2);
  });
}
