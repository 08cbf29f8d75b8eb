/** What `--wait` says. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openScene, type Scene } from "../../test/api/scene.ts";
import { clubar } from "../../test/cli/run.ts";

let scene: Scene;
before(async () => {
  scene = await openScene();
  await scene.client.post("/groups", { name: "Web" });
  await scene.client.post("/resources", { name: "web", group: "Web", type: "Generic Application" });
});
after(() => scene.close());

test("waiting ends with what is true then and how long it took, or with 124", async () => {
  const waiting = clubar(["group", "online", "Web", "--wait"], scene);
  const { id } = await scene.client.get<{ id: string }>("/resources/web");
  scene.edit({
    kind: "set-value",
    path: `Runtime\\Resources\\${id}`,
    value: { name: "State", type: 4, data: Uint8Array.of(2, 0, 0, 0) },
  });
  const { exit, out } = await waiting;
  assert.equal(exit, 0);
  assert.match(out, /^Group "Web" is online on –, after \d+\.\d s\.\n$/);
  const resource = await clubar(["resource", "online", "web", "--wait"], scene);
  assert.match(resource.out, /^Resource "web" is online on –, after \d+\.\d s\.\n$/);
  assert.equal((await clubar(["group", "online", "Web"], scene)).out, 'Group "Web" is to be online.\n');
  const late = await clubar(["group", "offline", "Web", "--wait", "1"], scene);
  assert.equal(late.exit, 124);
  assert.match(late.err, /took longer than 1 s; now: online on –\.\nIt was asked for and goes on\./);
  const set = (path: string, name: string, text: string): void =>
    scene.edit({ kind: "set-value", path, value: { name, type: 1, data: Buffer.from(`${text}\0`, "utf16le") } });
  set(`Runtime\\Resources\\${id}`, "Reason", "It is stuck.");
  const stuck = await clubar(["resource", "offline", "web", "--wait", "1"], scene);
  assert.match(stuck.err, /now: online on – \(It is stuck\)\./);
});

test("waiting ends at once when the group is left failed, with the reasons of its resources", async () => {
  const [group, web] = await Promise.all(
    ["/groups/Web", "/resources/web"].map((path) => scene.client.get<{ id: string }>(path)),
  );
  const number = (of: string, value: number): void =>
    scene.edit({
      kind: "set-value",
      path: `Runtime\\Resources\\${of}`,
      value: { name: "State", type: 4, data: Uint8Array.of(value, 0, 0, 0) },
    });
  const text = (path: string, name: string, value: string): void =>
    scene.edit({ kind: "set-value", path, value: { name, type: 1, data: Buffer.from(`${value}\0`, "utf16le") } });
  for (const [noun, name] of [
    ["group", "Web"],
    ["resource", "web"],
  ] as const) {
    number(web?.id ?? "", 4);
    let isOver = false;
    const waiting = clubar([noun, "online", name, "--wait"], scene).finally(() => (isOver = true));
    while (!isOver) {
      // What it asks for takes the failure away first.
      text(`Runtime\\Resources\\${web?.id}`, "Reason", "web: there is no /opt/web (CommandLine).");
      text(`Runtime\\Groups\\${group?.id}`, "Failed", '"Web" is left failed on N1 (event 1254): it has failed over.');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const { exit, err } = await waiting;
    assert.equal(exit, 1);
    assert.match(err, /^clubar: Group "Web" is left failed on N1 \(event 1254\): it has failed over\. /);
    assert.match(err, /web: there is no \/opt\/web \(CommandLine\)\./);
  }
});
