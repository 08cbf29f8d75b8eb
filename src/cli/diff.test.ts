import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { openScene, type Scene } from "../../test/api/scene.ts";
import { clubar, type Ended } from "../../test/cli/run.ts";
import { contentsOf, example, identity, memoryFiles, versionsOf } from "../../test/crash-points/example-cluster.ts";
import { backUp, makeVssNode, vssPath } from "../../test/crash-points/example-vss.ts";
import { takeBackup } from "../backup/backup.ts";
import { openOutside } from "../base/outside-node.ts";
import { writeHive } from "../hive/write.ts";
import { writeRegText } from "../hive/reg-write.ts";
import { encodeContainer } from "../registry/container-codec.ts";
import { applyEdits } from "../tree/edit.ts";
import { emptyKey, type Key } from "../tree/key.ts";
import { binary, dword, sz } from "../tree/value.ts";

let scene: Scene;
let folder = "";

const settings = (port: string, extra: boolean): Key =>
  applyEdits(
    emptyKey("Web", 1n),
    [
      { kind: "set-value", path: "", value: sz("Port", port) },
      { kind: "set-value", path: "Same", value: dword("N", 1) },
      ...(extra ? [{ kind: "set-value" as const, path: "More", value: dword("N", 1) }] : []),
    ],
    1n,
  );

before(async () => {
  scene = await openScene();
  folder = await mkdtemp(join(tmpdir(), "clubar-diff-"));
  await scene.service.registry.transact([{ kind: "put-tree", path: "SOFTWARE\\Web", tree: settings("80", true) }]);
  await writeFile(join(folder, "old"), writeHive(settings("80", false), { time: 1n }));
  await writeFile(join(folder, "new"), writeHive(settings("81", true), { time: 2n }));
  await writeFile(
    join(folder, "text.reg"),
    writeRegText(settings("81", true), { prefix: "HKEY_LOCAL_MACHINE\\SOFTWARE\\Web" }),
  );
  for (const word of ["one", "two"]) {
    const { tree, files } = example(word);
    const tag = { generation: 1, epoch: 1, sequence: word.length };
    const path = join(folder, word);
    await takeBackup({ outside: openOutside(), tree, tag, identity, versions: versionsOf(files), path, node: "n1" });
  }
});
after(async () => {
  await scene.close();
  await rm(folder, { recursive: true });
});

const run = (a: string, b: string, ...more: readonly string[]): Promise<Ended> =>
  clubar(["diff", a, b, ...more], scene, { folder });

test("two hives, as a tree", async () => {
  const { exit, out } = await run("old", "new");
  assert.equal(exit, 0);
  const [, tree] = out.split("\n\n");
  assert.equal(tree, ['~ Port = "80" → "81"', "+ More\\", "+   N = REG_DWORD 0x1"].join("\n"));
  assert.match(out, /\n1 key added, 1 value added, 1 value changed\.\n$/);
});

test("the same content is said, and --exit-code tells the difference", async () => {
  assert.match((await run("old", "old", "--exit-code")).out, /The same content\.\n$/);
  assert.equal((await run("old", "old", "--exit-code")).exit, 0);
  assert.equal((await run("old", "new", "--exit-code")).exit, 9);
});

test("registry text beside the live key: attributes are not compared, and that is said", async () => {
  const { exit, out } = await run("HKLM\\SOFTWARE\\Web", "text.reg");
  assert.equal(exit, 0);
  assert.match(out, /Not compared\s+class names and security/);
  assert.match(out, /\n1 value changed\.\n$/);
});

test("as JSON", async () => {
  const answer = JSON.parse((await run("old", "new", "--json")).out) as {
    readonly same: boolean;
    readonly counts: object;
    readonly differences: { readonly children: readonly { readonly name: string; readonly change: string }[] };
  };
  assert.equal(answer.same, false);
  assert.deepEqual(
    answer.differences.children.map(({ name, change }) => [name, change]),
    [["More", "added"]],
  );
});

test("key containers show which key it is, not the key", async () => {
  const name = { type: 1, provider: "", key: "Web" };
  for (const [file, secret] of [
    ["a.CPR", "secret one"],
    ["b.CPR", "secret two"],
  ] as const) {
    const pkcs8 = new TextEncoder().encode(secret);
    await writeFile(join(folder, file), encodeContainer({ name, exportable: true, pkcs8 }));
  }
  const { out } = await run("a.CPR", "b.CPR");
  assert.match(out, /~ PrivateKeySha256 = /);
  assert.doesNotMatch(out, /secret/);
});

/** A VSS set of a node with its cluster at a moment, on disk. */
async function writeVssSet(word: string, name: string, cluster: boolean): Promise<void> {
  const { files } = memoryFiles();
  await makeVssNode(files, word);
  await backUp(files, cluster ? example(word) : undefined, 1);
  for (const one of (await contentsOf(files, vssPath)).keys()) {
    await mkdir(dirname(join(folder, name, one)), { recursive: true });
    if (!one.endsWith("/")) await writeFile(join(folder, name, one), await files.read(`${vssPath}/${one}`));
  }
}

describe("VSS sets", () => {
  test("two sets: the cluster's part and the node's files, each hive as a tree", async () => {
    await writeVssSet("one", "vss1", true);
    await writeVssSet("two", "vss2", true);
    const { exit, out } = await run("vss1", "vss2");
    assert.equal(exit, 0);
    assert.match(out, /A {2}.*vss1 \(VSS set/);
    assert.match(out, /Checkpoints\\/);
    assert.match(out, / +Node\\\n(.*\n)* +ClusDb\\\n~ +Word = "one" → "two"/);
    assert.match(out, / +registry\\\n +SOFTWARE\\\n(.*\n)*~ +Word = "one" → "two"/);
  });

  test("a set of a node whose service did not run has its own database; a set beside a backup set", async () => {
    await writeVssSet("two", "vss3", false);
    const { exit, out } = await run("vss2", "vss3");
    assert.equal(exit, 0);
    assert.match(out, /- Cluster\\/);
    assert.doesNotMatch(out, /ClusDb/);
    const beside = await run("one", "vss1");
    assert.doesNotMatch(beside.out, / Cluster\\/);
    assert.match(beside.out, /\+ Node\\/);
    assert.match((await run("vss1", "HKLM\\Cluster")).out, /- +Word = "one"/);
  });
});

describe("backup sets", () => {
  test("two sets: database and checkpoints, objects by their names", async () => {
    const { exit, out } = await run("one", "two");
    assert.equal(exit, 0);
    assert.match(out, /bbbbbbbb-0000-4000-8000-000000000001\\ {2}\(web\)/);
    assert.match(out, /~ +Word = "one" → "two"/);
    assert.match(out, /Checkpoints\\/);
    assert.match(out, /~ +Setting = "one\.+/);
  });

  test("a set beside a live key stands for its checkpoint of it", async () => {
    const { exit, out } = await run("one", "hklm\\software\\WEB");
    assert.equal(exit, 0);
    assert.match(out, /A {2}.*one, checkpoint of web \(backup set/);
    assert.match(out, /- Setting = "one/);
    assert.match(out, /\+ Port = "80"/);
  });

  test("a set beside the cluster database stands for its own", async () => {
    const { out } = await run("one", "HKLM\\Cluster");
    assert.match(out, /- +Word = "one"/);
    assert.doesNotMatch(out, /Runtime/);
  });

  test("no part of it goes with another key: says which checkpoints there are", async () => {
    await scene.service.registry.transact([{ kind: "create-key", path: "SOFTWARE\\Else" }]);
    const { exit, err } = await run("one", "HKLM\\SOFTWARE\\Else");
    assert.equal(exit, 2);
    assert.match(err, /no part that goes with HKLM\\SOFTWARE\\Else/);
    assert.match(err, /SOFTWARE\\Web/);
  });
});

test("long data that begins alike says where it differs", async () => {
  const data = (last: number): Uint8Array => Uint8Array.from({ length: 400 }, (_, at) => (at === 390 ? last : 7));
  for (const [file, last] of [
    ["long-a", 1],
    ["long-b", 2],
  ] as const) {
    const tree = applyEdits(emptyKey("R", 1n), [{ kind: "set-value", path: "", value: binary("B", data(last)) }], 1n);
    await writeFile(join(folder, file), writeHive(tree, { time: 1n }));
  }
  assert.match((await run("long-a", "long-b")).out, /\(from byte 390 on\)/);
});

describe("what can't be compared is named", () => {
  const wrong: readonly (readonly [string, string, number, RegExp])[] = [
    ["absent", "old", 8, /no file or folder .*absent/],
    ["junk", "old", 5, /junk is no hive, no key container and no registry text/],
    ["torn", "old", 5, /offset/],
    [".", "old", 5, /no backup set whose database can be read/],
    ["HKCU\\Software", "old", 2, /only HKEY_LOCAL_MACHINE/],
    ["HKLM\\SOFTWARE\\Absent", "old", 8, /no registry key HKLM\\SOFTWARE\\Absent/],
    ["changes.reg", "old", 5, /asks for deletions/],
  ];
  before(async () => {
    await writeFile(join(folder, "junk"), "nonsense");
    await writeFile(join(folder, "torn"), writeHive(settings("80", false), { time: 1n }).slice(0, 4200));
    const deletion = "Windows Registry Editor Version 5.00\r\n\r\n[-HKEY_LOCAL_MACHINE\\SOFTWARE\\Web]\r\n";
    await writeFile(join(folder, "changes.reg"), deletion);
  });
  for (const [a, b, exit, reason] of wrong) {
    test(`${a} beside ${b}`, async () => {
      const ended = await run(a, b);
      assert.match(ended.err, reason);
      assert.equal(ended.exit, exit);
      assert.match(ended.err, /Nothing/);
    });
  }
});
