/** A leader takes over from a life that is seen to have ended: that life alone, and never instead of waiting for an answer. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "../base/log.ts";
import { EvidenceSearch, type LifeEvidence } from "./life-evidence.ts";
import type { NodeRecord } from "./node-records.ts";

const life: NodeRecord = {
  node: "2",
  state: "up",
  up: true,
  incarnation: "life 1",
  epoch: 3,
  endpoint: "/n2/run/rpc.sock",
  loose: false,
};

function search(evidence: LifeEvidence["hasEnded"]) {
  const asked: string[] = [];
  const ended: string[] = [];
  const made = new EvidenceSearch(
    {
      hasEnded: (about) => {
        asked.push(about.incarnation);
        return evidence(about);
      },
    },
    silentLog,
    async ({ incarnation }) => void ended.push(incarnation),
  );
  return { search: made, asked, ended };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("a life that has ended is told; one that has not, or of which nothing can be told, is not", async () => {
  const yes = search(async () => true);
  yes.search.look(life);
  await settled();
  assert.deepEqual(yes.ended, ["life 1"]);
  for (const evidence of [async () => false, () => Promise.reject(new Error("EIO"))]) {
    const no = search(evidence);
    no.search.look(life);
    await settled();
    no.search.look(life);
    await settled();
    assert.deepEqual([no.asked.length, no.ended], [2, []]);
  }
});

test("nobody is asked of a node that is down, has no hold on its applications, or has no life recorded", async () => {
  const { search: made, asked } = search(async () => true);
  made.look({ ...life, up: false, state: "down" });
  made.look({ ...life, loose: true });
  made.look({ ...life, incarnation: "" });
  await settled();
  assert.deepEqual(asked, []);
});

test("a look that never ends holds up nothing, and is not begun twice", async () => {
  const {
    search: made,
    asked,
    ended,
  } = search(({ node }) => (node === "2" ? new Promise(() => undefined) : Promise.resolve(true)));
  made.look(life);
  made.look(life);
  made.look({ ...life, node: "3", incarnation: "life of 3" });
  await settled();
  assert.deepEqual([asked, ended], [["life 1", "life of 3"], ["life of 3"]]);
});
