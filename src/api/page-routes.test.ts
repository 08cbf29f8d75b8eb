import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { openScene, refused, type Scene } from "../../test/api/scene.ts";
import { sha256 } from "../base/digest.ts";
import { writeHive } from "../hive/index.ts";
import { buildKey } from "../tree/key.ts";
import { binary, dword, multiSz, sz, type Value } from "../tree/value.ts";
import { shownFileValue, treeView } from "./content-view.ts";
import { mayPageAsk } from "./page-access.ts";
import type { CheckpointContentView } from "./routes/checkpoint-content.ts";

let scene: Scene;

beforeEach(async () => {
  scene = await openScene();
});

afterEach(() => scene.close());

test("decisions come newest first, with their tag", async () => {
  const tag = { generation: 1, epoch: 2, sequence: 3 };
  scene.decisions = [
    { tag, time: 5, because: "One." },
    { tag: { ...tag, sequence: 4 }, time: 6, because: "Two." },
  ];
  assert.deepEqual(await scene.client.get("/decisions"), [
    { tag: "1:2:4", time: 6, because: "Two." },
    { tag: "1:2:3", time: 5, because: "One." },
  ]);
});

test("sets are looked for in absolute folders only, and verified also where there is no quorum", async () => {
  await scene.client.get("/sets");
  await scene.client.get("/sets", { folder: "/b" });
  assert.deepEqual(scene.asked, [{ sets: undefined }, { sets: "/b" }]);
  assert.equal((await refused(scene.client.get("/sets", { folder: "b" }))).name, "DIRECTORY");
  assert.equal((await refused(scene.client.post("/sets/verify", { path: "../b" }))).name, "DIRECTORY");
  scene.status = { state: "alone", leader: undefined };
  assert.equal((await scene.client.post<{ ok: boolean }>("/sets/verify", { path: "/b" })).ok, true);
});

/** Gives the pretended resource `r` a checkpoint of SOFTWARE\A with this file; `digest` unless the file is to be another. */
function addCheckpoint(bytes: Uint8Array | undefined, digest = sha256(bytes ?? new Uint8Array())): void {
  const set = (path: string, value: Value): void => scene.edit({ kind: "set-value", path, value });
  set("Resources\\r", sz("Name", "One"));
  set("Resources\\r", sz("Type", "Generic Application"));
  set("Resources\\r\\RegSync", sz("00000004", "SOFTWARE\\A"));
  set("Resources\\r\\Checkpoints\\00000004", sz("Kind", "CPT"));
  set("Resources\\r\\Checkpoints\\00000004", sz("Path", "SOFTWARE\\A"));
  set("Resources\\r\\Checkpoints\\00000004", sz("FileDigest", digest));
  const read = async (): Promise<Uint8Array> => {
    if (bytes !== undefined) return bytes;
    throw Object.assign(new Error("gone"), { name: "FILE_NOT_FOUND", code: "ENOENT" });
  };
  Object.assign(scene.service.quorum, { versions: { read } });
}

const named = { resource: "one", kind: "registry", path: "software\\a" };

test("a checkpoint's content is the tree in its file, proven by its digest", async () => {
  const child = buildKey({ name: "Below", lastWritten: 1n, values: [dword("Port", 80)] });
  const key = buildKey({ name: "A", lastWritten: 1n, values: [sz("", "default")], children: [child] });
  addCheckpoint(writeHive(key, { time: 1n }));
  const view = await scene.client.get<CheckpointContentView>("/checkpoints/content", named);
  assert.deepEqual([view.resource, view.checkpoint.number], ["One", 4]);
  assert.deepEqual(view.tree, {
    more: 0,
    root: {
      name: "A",
      values: [{ name: "", type: "REG_SZ", text: "default" }],
      keys: [{ name: "Below", values: [{ name: "Port", type: "REG_DWORD", text: "0x00000050 (80)" }], keys: [] }],
    },
  });
  const other = await refused(scene.client.get("/checkpoints/content", { ...named, number: "3" }));
  assert.equal(other.name, "FILE_NOT_FOUND");
});

test("a damaged checkpoint file is not shown as content", async () => {
  addCheckpoint(new TextEncoder().encode("torn"), sha256(new TextEncoder().encode("whole")));
  assert.equal((await refused(scene.client.get("/checkpoints/content", named))).name, "INVALID_DATA");
});

test("a tree is cut where it gets too long, and says how much is missing", () => {
  const values = Array.from({ length: 30 }, (_, at) => sz(`v${at}`, "x".repeat(at * 100)));
  const children = Array.from({ length: 5 }, (_, at) =>
    buildKey({ name: `k${at}`, lastWritten: 1n, values: [dword("a", 1)] }),
  );
  const key = buildKey({ name: "A", lastWritten: 1n, values, children });
  assert.deepEqual([treeView(key, 1000).more, treeView(key, 32).root.keys.length, treeView(key, 10).more], [0, 1, 25]);
  const last = treeView(key).root.values.at(-1);
  assert.match(last?.text ?? "", /^x{500}… \(2900 characters\)$/);
  const shown = treeView(
    buildKey({ name: "A", lastWritten: 1n, values: [multiSz("m", ["a", "b"]), binary("big", new Uint8Array(5000))] }),
  ).root.values;
  assert.deepEqual(shown.map(({ text }) => text.slice(-13)).sort(), ["a ⏎ b", "… (5000 bytes)".slice(-13)].sort());
});

test("a directory's tree shows modes in octal and contents that are text as text", () => {
  const shown = [dword("Mode", 0o644), binary("Content", new TextEncoder().encode("a = ö\n")), sz("Kind", "file")];
  assert.deepEqual(
    shown.map((value) => shownFileValue(value).text),
    ["0644", "a = ö\n", "file"],
  );
  const bytes = [Uint8Array.of(0, 1), Uint8Array.of(0xff, 0xfe), new Uint8Array(70_000)];
  assert.deepEqual(
    bytes.map((content) => shownFileValue(binary("Content", content)).text.slice(0, 6)),
    ["0001", "fffe", "000000"],
  );
});

test("what the page may ask", () => {
  for (const path of [
    "status",
    "events",
    "decisions",
    "sets",
    "resources",
    "checkpoints",
    "checkpoints/content",
    "recovery/checkpoints/1",
  ])
    assert.ok(mayPageAsk("GET", `/api/v1/${path}`), path);
  for (const path of [
    "keys",
    "registry/hive",
    "restore",
    "groups",
    "resources/r",
    "statuses",
    "checkpoints/x",
    "recoveryx",
  ])
    assert.ok(!mayPageAsk("GET", `/api/v1/${path}`), path);
  assert.ok(mayPageAsk("POST", "/api/v1/recovery/checkpoints/plan"));
  for (const [method, path] of [
    ["POST", "status"],
    ["POST", "checkpoints"],
    ["DELETE", "recovery/checkpoints/1"],
    ["PUT", "sets/verify"],
  ])
    assert.ok(!mayPageAsk(method ?? "", `/api/v1/${path}`), path);
});
