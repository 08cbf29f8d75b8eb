/** Replacing a disk through the API and the command line; cut short at its only mutating call, before and after. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { openScene, refused, type Scene } from "../../../test/api/scene.ts";
import { clubar } from "../../../test/cli/run.ts";
import { errorTable } from "../../base/errors.ts";
import { readState } from "../../database/state.ts";
import type { ReplaceDiskPlan } from "../../recovery/recovery.ts";
import type { MoveQuorumCalls, RestoreOutcome, RestorePlanView } from "../node-service.ts";
import type { DiskReplacementView } from "./recovery.ts";

let scene: Scene;
const body = { old: "old", with: "new" };

beforeEach(async () => {
  scene = await openScene();
  const { client } = scene;
  await client.post("/groups", { name: "g" });
  for (const name of ["old", "new"]) {
    const parameters = { MountPoint: `/srv/${name}`, DiskSignature: 7 };
    await client.post("/resources", { name, group: "g", type: "Physical Disk", parameters });
  }
  await client.post("/resources", { name: "app", group: "g", type: "Generic Application" });
  await client.post("/resources/app/depend", { dependsOn: "old" });
});
afterEach(() => scene.close());

function providersOfApp(): readonly string[] {
  const { resources } = readState(scene.service.database.tree());
  const app = [...resources.values()].find(({ name }) => name === "app");
  return (app?.dependsOn ?? []).map((id) => resources.get(id)?.name ?? id);
}

test("plan, run, run again", async () => {
  const { client } = scene;
  const plan = await client.post<ReplaceDiskPlan>("/recovery/disk/plan", body);
  assert.equal(plan.result, "replace");
  assert.deepEqual(providersOfApp(), ["old"]);
  const done = await client.post<DiskReplacementView>("/recovery/disk", body);
  assert.deepEqual([done.result, providersOfApp()], ["replace", ["new"]]);
  const again = await client.post<DiskReplacementView>("/recovery/disk", body);
  assert.deepEqual([again.result, again.tag], ["already", ""]);
  assert.equal((await refused(client.post("/recovery/disk", { old: "app", with: "new" }))).name, "INVALID_PARAMETER");
});

for (const when of ["before", "after"] as const) {
  test(`cut short ${when} its update, it is done by the next run, once`, async () => {
    const { client, service } = scene;
    const change = service.change.bind(service);
    Object.assign(service, {
      change: async (build: Parameters<typeof change>[0]) => {
        if (when === "after") await change(build);
        throw new Error("the answer was lost");
      },
    });
    await assert.rejects(client.post("/recovery/disk", body));
    assert.deepEqual(providersOfApp(), [when === "after" ? "new" : "old"]);
    Object.assign(service, { change });
    const again = await client.post<DiskReplacementView>("/recovery/disk", body);
    assert.equal(again.result, when === "after" ? "already" : "replace");
    assert.deepEqual(providersOfApp(), ["new"]);
  });
}

test("the command shows its plan, asks, and says that it is done already", async () => {
  const shown = await clubar(["recover", "disk", "old", "--with", "new", "--plan"], scene);
  assert.equal(shown.exit, 0);
  assert.match(shown.out, /"app" will depend on "new"\.\n.*\/srv\/old \(was \/srv\/new\)/);
  assert.equal((await clubar(["recover", "disk", "old", "--with", "new"], scene)).exit, 3);
  assert.deepEqual(providersOfApp(), ["old"]);
  const done = await clubar(["recover", "disk", "old", "--with", "new"], scene, { answers: ["y"] });
  assert.equal(done.exit, 0);
  assert.match(done.out, /"new" replaced "old", which is now "old \(lost\)"/);
  const again = await clubar(["recover", "disk", "old", "--with", "new"], scene);
  assert.equal(again.exit, 0);
  assert.match(again.out, /has replaced "old \(lost\)" already/);
});

test("with the quorum's disk the command shows how the quorum moves, stops at what forbids it, and waits for the node", async () => {
  const { client, service } = scene;
  await client.post("/resources", { name: "q", group: "g", type: "Physical Disk", parameters: { MountPoint: "/q" } });
  const asked: unknown[] = [];
  let answer: RestorePlanView = {
    id: "p",
    lines: ["Moves: the cluster database."],
    blockers: [{ name: "DISK_FULL", sentence: "Too little room.", next: "" }],
    warnings: ["n3 is off."],
  };
  const carryOut = async (request: unknown): Promise<RestoreOutcome> => {
    asked.push(request);
    return { tag: "2:0:9", safetyBackup: undefined, lines: ["The quorum is /srv/new/quorum now."] };
  };
  Object.assign(service, { moveQuorum: { plan: async () => answer, carryOut } satisfies MoveQuorumCalls });
  const words = ["recover", "disk", "q", "--with", "new"];
  const blocked = await clubar(words, scene);
  assert.deepEqual([blocked.exit, asked], [errorTable.DISK_FULL.exit, []]);
  answer = { ...answer, blockers: [] };
  const plan = await clubar([...words, "--plan"], scene);
  assert.match(plan.out, /Moves: the cluster database\.[^]*Warning: n3 is off\./);
  const done = await clubar([...words, "--yes"], scene);
  assert.match(done.out, /"new" replaced "q"[^]*The quorum is \/srv\/new\/quorum now\./);
  assert.deepEqual(asked.length, 1);
});
