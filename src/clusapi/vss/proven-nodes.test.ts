import assert from "node:assert/strict";
import { test } from "node:test";
import { example, identity, memoryFiles, outsideOf } from "../../../test/crash-points/example-cluster.ts";
import { place } from "../../../test/crash-points/example-quorum.ts";
import type { Files, Outside } from "../../base/outside.ts";
import { OutsideError } from "../../base/outside.ts";
import { imageOf } from "../../membership/copy-image.ts";
import { openDiskQuorum } from "../../quorum/disk/quorum.ts";
import { applyEdits, type Edit } from "../../tree/edit.ts";
import { dword, sz } from "../../tree/value.ts";
import { provenNodes } from "./proven-nodes.ts";

/** Nobody answers anywhere. */
function outsideWith(files: Files): Outside {
  const connect = (address: string): Promise<never> => Promise.reject(new OutsideError("ENOENT", `connect ${address}`));
  return { ...outsideOf(files), net: { connect } } as unknown as Outside;
}

async function scene(down: Readonly<Record<string, string | undefined>>): Promise<Outside> {
  const { files } = memoryFiles();
  await files.makeFolder("/shared");
  const edits = Object.entries(down).flatMap(([node, because]): Edit[] => {
    const path = `Runtime\\Nodes\\${node}`;
    const state: Edit = { kind: "set-value", path, value: dword("State", because === undefined ? 0 : 1) };
    return because === undefined ? [state] : [state, { kind: "set-value", path, value: sz("DownBecause", because) }];
  });
  const tree = applyEdits(example("one", { nodes: 6 }).tree, edits, 7n);
  const quorum = await openDiskQuorum(outsideOf(files, 5), place);
  await quorum.create(identity, imageOf(tree, { generation: 1, epoch: 0, sequence: 1 }, 1));
  return outsideWith(files);
}

test("a node that can't be looked at is stopped only by what the database says of it, or by a person's word", async () => {
  const outside = await scene({ 2: "proof", 3: "waited", 4: "confirmed", 5: "left", 6: undefined, 9: "gone" });
  const ask = provenNodes({ outside, place, insist: false, confirmed: ["n7"] });
  const stateOf = async (id: string): Promise<string> =>
    (await ask({ id, name: `n${id}`, endpoint: `/gone/n${id}/run/rpc.sock` })).state;
  const states = await Promise.all(["2", "3", "4", "5", "6", "7", "8", "9"].map(stateOf));
  assert.deepEqual(states, ["stopped", "stopped", "stopped", "stopped", "unknown", "stopped", "unknown", "stopped"]);
});

test("a node that holds its locks runs, whatever database and people say; one whose folder is quiet is stopped", async () => {
  const outside = await scene({ 2: "confirmed", 3: undefined });
  const { files } = outside;
  for (const node of ["n2", "n3"]) {
    await files.makeFolder(`/${node}/registry`);
    await (await files.open(`/${node}/node.json`, "create")).close();
  }
  const lock = await files.open("/n2/host.lock", "append");
  assert.ok(await lock.lock());
  const ask = provenNodes({ outside, place, insist: false, confirmed: ["n2"] });
  assert.equal((await ask({ id: "2", name: "N2", endpoint: "/n2/run/rpc.sock" })).state, "running");
  assert.equal((await ask({ id: "3", name: "n3", endpoint: "/n3/run/rpc.sock" })).state, "stopped");
});

test("without a quorum only the node itself, or a person, can tell", async () => {
  const outside = outsideWith(memoryFiles().files);
  const ask = provenNodes({ outside, place: "/none", insist: false, confirmed: ["n2"] });
  assert.equal((await ask({ id: "2", name: "N2", endpoint: undefined })).state, "stopped");
  assert.equal((await ask({ id: "3", name: "N3", endpoint: undefined })).state, "unknown");
});
