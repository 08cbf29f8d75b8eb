import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openScene, type Scene } from "../../test/api/scene.ts";
import { clubar } from "../../test/cli/run.ts";
import type { RecreateLine } from "../checkpoint/checkpoint.ts";
import { diffTree } from "../tree/diff-tree.ts";
import { buildKey } from "../tree/key.ts";
import { multiSz, sz } from "../tree/value.ts";

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
  assert.match(
    out,
    /RE-CREATE SOFTWARE\\A: What is live is different\.\n {6}~ +v = "?old"? → "?new"?\n {6}1 value changed\./,
  );
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

test("lost checkpoints and offline edits are in the status, kept copies are listed", async () => {
  const { id } = await scene.client.get<{ id: string }>("/resources/web");
  const runtime = `Runtime\\Resources\\${id}`;
  scene.edit(
    { kind: "set-value", path: runtime, value: multiSz("LostCheckpoints", ["00000001.CPT damaged"]) },
    { kind: "set-value", path: runtime, value: multiSz("OfflineEdits 2", ["00000002.CPT"]) },
    { kind: "set-value", path: `Resources\\${id}\\Checkpoints`, value: sz("LastOwner", "1") },
  );
  const { out } = await clubar(["status"], scene);
  assert.match(out, /Checkpoint SOFTWARE\\A of web is damaged \(00000001\.CPT\); until .* web comes online only on N1/);
  assert.match(out, /Changed on N2 while web is not online there: SOFTWARE\\B/);
  scene.sideCopies = [
    { resource: id, kind: "registry", path: "SOFTWARE\\A", number: 3, time: 0, file: "/d/losers/x.CPT", why: "why" },
  ];
  const losers = await clubar(["checkpoint", "losers", "web"], scene);
  assert.match(losers.out, /web .*SOFTWARE\\A +why +\/d\/losers\/x\.CPT/);
});

test("an audit ends with 5 for a stale file too", async () => {
  const checkpoint = {
    kind: "registry",
    path: "SOFTWARE\\A",
    number: 1,
    fileDigest: "",
    contentDigest: "",
    size: 0,
    time: 0,
  };
  scene.audit = [{ checkpoint: { ...checkpoint, kind: "registry" }, result: "stale", sentence: "Of another time." }];
  const { exit, out } = await clubar(["checkpoint", "audit", "web"], scene);
  assert.equal(exit, 5);
  assert.match(out, /web +STALE +1 +SOFTWARE\\A +Of another time\./);
});
