/** A node on a machine whose mounts are private shares them when its host starts, and not when it was told to leave them. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { NodeProcess } from "../../src/daemon/demo/node-process.ts";
import { TestCluster } from "./cluster.ts";

const cluster = new TestCluster("mounts", 2);
after(() => cluster.end());
const skip = spawnSync("unshare", ["--mount", "--propagation", "private", "true"]).status !== 0 && "needs root";

/** The machine of each node is a mount namespace of its own. */
async function startNode(name: string, words: readonly string[], share: string): Promise<NodeProcess> {
  const within = ["unshare", "--mount", "--propagation", "private", "env", `CLUBAR_SHARE_MOUNTS=${share}`];
  const node = new NodeProcess(name, join(cluster.folder, name), [], within);
  await cluster.run(node, "cluster", ...words, "--node", name, "--quorum", cluster.quorum, "--timing-factor", "2");
  cluster.nodes.push(node);
  node.start();
  await cluster.follows(node);
  return node;
}

async function looksAt(node: NodeProcess): Promise<{ readonly root: string; readonly sentence: string }> {
  const table = readFileSync(`/proc/${cluster.host(node).pid}/mountinfo`, "utf8").split("\n");
  const root = table.findLast((line) => line.split(" ")[4] === "/") ?? "";
  return { root, sentence: (await node.status())?.self.containmentSentence ?? "" };
}

test("the host shares the machine's mounts before it runs anything, unless it must not", { skip }, () =>
  cluster.shown(async () => {
    const shared = await looksAt(await startNode("N1", ["create", "DEMO"], "yes"));
    assert.match(shared.root, / shared:\d+ /);
    assert.match(shared.sentence, /this host made it one/);
    const left = await looksAt(await startNode("N2", ["join"], "no"));
    assert.doesNotMatch(left.root, / shared:/);
    assert.match(left.sentence, /CLUBAR_SHARE_MOUNTS is no.*make-rshared/);
  }),
);
