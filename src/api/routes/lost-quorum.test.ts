import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openScene, refused, type Scene } from "../../../test/api/scene.ts";
import type { RestoreOutcome, RestorePlanView } from "../node-service.ts";
import { sz } from "../../tree/value.ts";
import type { Changed } from "../request.ts";
import type { GroupView } from "../views.ts";

let scene: Scene;
before(async () => {
  scene = await openScene();
});
after(() => scene.close());

test("groups that are held: shown, refused, released one by one and all at once", async () => {
  const { client } = scene;
  const hold = async (name: string): Promise<void> => {
    const { id } = await client.get<GroupView>(`/groups/${name}`);
    scene.edit({ kind: "set-value", path: `Groups\\${id}`, value: sz("Held", "the set is older.") });
  };
  for (const name of ["One", "Two"]) {
    await client.post("/groups", { name });
    await hold(name);
  }
  const one = await client.get<GroupView>("/groups/One");
  assert.deepEqual([one.held, one.wanted], ["the set is older.", false]);
  assert.equal((await refused(client.post("/groups/One/online"))).name, "INVALID_STATE");
  assert.match((await client.post<Changed>("/groups/One/release")).done, /Released: "One"/);
  assert.equal((await client.get<GroupView>("/groups/One")).wanted, true);
  await hold("One");
  assert.match((await client.post<Changed>("/groups/release")).done, /Released: "One", "Two"/);
  assert.equal((await refused(client.post("/groups/release"))).name, "INVALID_STATE");
  assert.equal((await refused(client.post("/groups/None/release"))).name, "GROUP_NOT_FOUND");
});

test("a forced quorum and the doctor: asked also when the node is alone, checked, and refused where there is none", async () => {
  const { client, service } = scene;
  scene.status = { state: "alone", leader: undefined };
  assert.equal((await refused(client.post("/cluster/force-quorum/plan"))).name, "CALL_NOT_IMPLEMENTED");
  assert.equal((await refused(client.get("/doctor"))).name, "CALL_NOT_IMPLEMENTED");
  const asked: unknown[] = [];
  const plan: RestorePlanView = { id: "p", lines: [], blockers: [], warnings: [] };
  const outcome: RestoreOutcome = { tag: "2:0:1", safetyBackup: undefined, lines: [] };
  Object.assign(service, {
    forceQuorum: {
      plan: (what: unknown) => Promise.resolve((asked.push(what), plan)),
      carryOut: (what: unknown) => Promise.resolve((asked.push(what), outcome)),
    },
  });
  assert.equal((await client.post<RestorePlanView>("/cluster/force-quorum/plan")).id, "p");
  const full = { quorum: "/q2", from: "N2", force: true, hold: true, planId: "p" };
  assert.equal((await client.post<RestoreOutcome>("/cluster/force-quorum", full)).tag, "2:0:1");
  assert.deepEqual(asked, [{ force: false, hold: false }, full]);
  assert.equal((await refused(client.post("/cluster/force-quorum/plan", { quorum: "q2" }))).name, "DIRECTORY");
  assert.equal((await refused(client.post("/cluster/force-quorum", { fore: true }))).name, "INVALID_PARAMETER");
});
