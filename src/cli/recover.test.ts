import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openScene, type Scene } from "../../test/api/scene.ts";
import { clubar } from "../../test/cli/run.ts";
import type { RecreateLine } from "../checkpoint/checkpoint.ts";
import { diffTree } from "../tree/diff-tree.ts";
import { buildKey } from "../tree/key.ts";
import { sz } from "../tree/value.ts";

let scene: Scene;

const key = (text: string): ReturnType<typeof buildKey> =>
  buildKey({ name: "A", lastWritten: 1n, values: [sz("v", text)] });
const line: RecreateLine = {
  kind: "registry",
  path: "SOFTWARE\\A",
  before: 1,
  number: 2,
  result: "re-created",
  file: "whole",
  sentence: "What is live is different.",
};

before(async () => {
  scene = await openScene();
  await scene.client.post("/groups", { name: "g" });
  const { id } = await scene.client.post<{ id: string }>("/resources", {
    name: "web",
    group: "g",
    type: "Generic Application",
  });
  scene.edit(
    { kind: "set-value", path: `Resources\\${id}\\RegSync`, value: sz("00000001", "SOFTWARE\\A") },
    { kind: "set-value", path: `Resources\\${id}\\RegSync`, value: sz("00000002", "SOFTWARE\\B") },
  );
});
after(() => scene.close());

test("a plan shows what differs as a tree and asks nothing", async () => {
  scene.recreated = () => [{ ...line, differences: diffTree(key("old"), key("new")) }];
  const { exit, out } = await clubar(["recover", "checkpoints", "web", "--plan"], scene);
  assert.equal(exit, 0);
  assert.match(out, /RE-CREATE SOFTWARE\\A: What is live is different\.\n {6}~ +v = "?old"? → "?new"?\n {6}1 value changed\./);
  assert.ok(
    !scene.asked.some(
      (call) => (call as { plan?: true; call: string }).plan !== true && (call as { call: string }).call === "recreate",
    ),
  );
});

test("without a terminal it is refused; with y it is done, with the place of the old file", async () => {
  scene.recreated = (call) => ("path" in call && call.path !== line.path ? [] : [{ ...line, aside: "/d/aside/x.CPT" }]);
  const refused = await clubar(["recover", "checkpoints", "web"], scene);
  assert.equal(refused.exit, 3);
  const done = await clubar(["recover", "checkpoints", "--all"], scene, { answers: ["y"] });
  assert.equal(done.exit, 0);
  assert.match(done.out, /web +RE-CREATED +2 +SOFTWARE\\A/);
  assert.match(done.out, /Old file kept on –: \/d\/aside\/x\.CPT\n1 re-created, 0 the same, 0 failed\./);
});

test("partly done ends with 4 and says why", async () => {
  const error = { name: "NTE_BAD_KEY", win32: 0x80090003, exit: 7, next: "Make it exportable." } as const;
  scene.recreated = (call) =>
    "path" in call && call.path === "SOFTWARE\\B"
      ? [{ ...line, path: "SOFTWARE\\B", result: "failed", error }]
      : [line];
  const { exit, out } = await clubar(["recover", "checkpoints", "web", "--yes"], scene);
  assert.equal(exit, 4);
  assert.match(out, /web +FAILED +2 +SOFTWARE\\B .*Make it exportable\./);
  const json = await clubar(["--json", "recover", "checkpoints", "--all", "--yes"], scene);
  assert.deepEqual(JSON.parse(json.out).counts, { reCreated: 1, same: 0, failed: 1 });
});

test("resources or --all, not both and not neither", async () => {
  assert.equal((await clubar(["recover", "checkpoints"], scene)).exit, 2);
  assert.equal((await clubar(["recover", "checkpoints", "web", "--all"], scene)).exit, 2);
});
