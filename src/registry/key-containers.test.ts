import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import fc from "fast-check";
import { openOutside } from "../base/outside-node.ts";
import { valueName } from "../tree/arbitrary.ts";
import { decodeContainer, encodeContainer } from "./container-codec.ts";
import { formatContainerName, parseContainerName, type ContainerName } from "./container-name.ts";
import { withFault } from "./faulty-files.ts";
import { openKeyContainers, type KeyContainers } from "./key-containers.ts";

const outside = openOutside();
const message = Buffer.from("what is signed");

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "keys-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return join(folder, "Keys");
}

function name(key: string): ContainerName {
  return { type: 1, provider: "", key };
}

function verifies(containers: KeyContainers, container: ContainerName): boolean {
  const key = createPublicKey(containers.publicPem(container));
  const hash = key.asymmetricKeyType === "ed25519" ? null : "sha256";
  return verify(hash, message, key, containers.sign(container, message));
}

test("keys of each kind are made, sign, leave and come to another node", async (t) => {
  const here = await openKeyContainers(outside, await temporaryFolder(t));
  const there = await openKeyContainers(outside, await temporaryFolder(t));
  for (const algorithm of ["rsa-2048", "ec-p256", "ed25519"] as const) {
    const container = { type: 24, provider: "Some Provider", key: algorithm };
    await here.create(container, algorithm, true);
    assert.ok(verifies(here, container));
    const content = here.exportContainer(container);
    assert.deepEqual(here.exportContainer(container), content);
    await there.importContainer(container, content);
    assert.ok(verifies(there, container));
    assert.equal(there.publicPem(container), here.publicPem(container));
    assert.deepEqual(there.exportContainer(container), content);
  }
  assert.deepEqual(
    there.list().map((info) => [info.name.key, info.algorithm, info.exportable]),
    [
      ["ec-p256", "ec-p256", true],
      ["ed25519", "ed25519", true],
      ["rsa-2048", "rsa-2048", true],
    ],
  );
});

test("files are closed to others, whatever they were, and hold whatever name", async (t) => {
  const folder = await temporaryFolder(t);
  const odd = { type: 1, provider: "../..", key: "/etc/passwd \ud800 ä" };
  const first = await openKeyContainers(outside, folder);
  await first.create(odd, "ed25519", false);
  await first.create(name("other"), "ed25519", true);
  const files = await readdir(folder);
  assert.ok(files.every((file) => /^[0-9a-f]{64}\.key$/.test(file)));
  assert.equal(files.length, 2);
  await chmod(folder, 0o755);
  for (const file of files) {
    assert.equal((await stat(join(folder, file))).mode & 0o777, 0o600);
    await chmod(join(folder, file), 0o644);
  }
  await writeFile(join(folder, `${files[0]}.0.tmp~`), "half a key");
  const again = await openKeyContainers(outside, folder);
  assert.ok(verifies(again, { ...odd, key: odd.key.toUpperCase() }));
  assert.equal((await stat(folder)).mode & 0o777, 0o700);
  for (const file of files) assert.equal((await stat(join(folder, file))).mode & 0o777, 0o600);
  assert.equal((await readdir(folder)).length, 2);
});

test("what is absent, taken, not exportable, foreign or damaged is refused by its name", async (t) => {
  const folder = await temporaryFolder(t);
  const containers = await openKeyContainers(outside, folder);
  const [open, kept, absent] = [name("Open"), name("Kept"), name("absent")];
  await containers.create(open, "ed25519", true);
  await containers.create(kept, "ed25519", false);
  const content = containers.exportContainer(open);
  assert.throws(() => containers.exportContainer(kept), { name: "NTE_BAD_KEY" });
  for (const use of [
    () => containers.exportContainer(absent),
    () => containers.sign(absent, message),
    () => containers.publicPem(absent),
  ]) {
    assert.throws(use, { name: "NTE_BAD_KEYSET" });
  }
  await assert.rejects(containers.delete(absent), { name: "NTE_BAD_KEYSET" });
  await assert.rejects(containers.create(name("OPEN"), "ed25519", true), { name: "NTE_EXISTS" });
  await assert.rejects(containers.create(name(""), "ed25519", true), { name: "INVALID_NAME" });
  await assert.rejects(containers.importContainer(kept, content), { name: "NTE_BAD_DATA" });
  const unexportable = encodeContainer({ ...decodeContainer(content), exportable: false });
  await assert.rejects(containers.importContainer(open, unexportable), { name: "NTE_BAD_KEY" });
  await assert.rejects(containers.importPem(open, "no key", true), { name: "NTE_BAD_DATA" });
  const small = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey.export({ format: "pem", type: "pkcs8" });
  await assert.rejects(containers.importPem(open, small.toString(), true), { name: "NTE_BAD_KEY" });
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (place, change) => {
      const damaged = content.slice();
      damaged[place % damaged.length] = (damaged[place % damaged.length] ?? 0) ^ change;
      assert.throws(() => decodeContainer(damaged), { name: /^(NTE_BAD_DATA|VERSION_NOT_SUPPORTED)$/ });
      assert.throws(() => decodeContainer(content.subarray(0, place % content.length)), { name: "NTE_BAD_DATA" });
    }),
  );
});

test("a key whose halves don't belong together is well-formed and refused all the same", async (t) => {
  const containers = await openKeyContainers(outside, await temporaryFolder(t));
  const [pkcs8, other] = [1, 2].map(() =>
    generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" }),
  );
  const { createPrivateKey } = await import("node:crypto");
  const mixed = createPrivateKey({
    format: "jwk",
    key: { ...pkcs8, d: other?.d ?? "", dp: other?.dp ?? "", dq: other?.dq ?? "" },
  });
  const content = encodeContainer({
    name: name("m"),
    exportable: true,
    pkcs8: mixed.export({ format: "der", type: "pkcs8" }),
  });
  await assert.rejects(containers.importContainer(name("m"), content), { name: "NTE_BAD_DATA" });
  assert.deepEqual(containers.list(), []);
});

test("PEM of any kind comes in and replaces; watchers hear of each change and of nothing else", async (t) => {
  const folder = await temporaryFolder(t);
  const containers = await openKeyContainers(outside, folder);
  const heard: string[] = [];
  const stop = containers.watch(name("watched"), () => heard.push("watched"));
  const pems = [
    generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "pem", type: "pkcs1" }),
    generateKeyPairSync("ec", { namedCurve: "secp384r1" }).privateKey.export({ format: "pem", type: "sec1" }),
    generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }),
  ];
  for (const pem of pems) {
    await containers.importPem(name("WATCHED"), pem.toString(), true);
    assert.ok(verifies(containers, name("watched")));
    await containers.importPem(name("WATCHED"), pem.toString(), true);
    await containers.importContainer(name("watched"), containers.exportContainer(name("watched")));
    assert.deepEqual(heard.splice(0), ["watched"]);
  }
  await containers.create(name("other"), "ed25519", true);
  assert.deepEqual(heard, []);
  await containers.delete(name("watched"));
  assert.deepEqual(heard.splice(0), ["watched"]);
  assert.deepEqual(
    (await openKeyContainers(outside, folder)).list().map((info) => info.name.key),
    ["other"],
  );
  stop();
  await containers.create(name("watched"), "ed25519", true);
  assert.deepEqual(heard, []);
});

test("a damaged file keeps nobody from the other keys, and importing mends it", async (t) => {
  const folder = await temporaryFolder(t);
  const first = await openKeyContainers(outside, folder);
  await first.create(name("a"), "ed25519", true);
  const content = first.exportContainer(name("a"));
  const [file] = await readdir(folder);
  assert.ok(file);
  await first.create(name("b"), "ed25519", true);
  await writeFile(join(folder, file), "damaged");
  const again = await openKeyContainers(outside, folder);
  assert.throws(() => again.sign(name("a"), message), { name: "NTE_BAD_DATA" });
  assert.deepEqual(
    again.list().map((info) => info.name.key),
    ["b"],
  );
  await again.importContainer(name("a"), content);
  assert.ok(verifies(again, name("a")));
  assert.deepEqual(new Uint8Array(await readFile(join(folder, file))), content);
});

test("a replacement that fails or is cut off anywhere leaves the old key or the new one", async (t) => {
  const source = await openKeyContainers(outside, await temporaryFolder(t));
  const contents: Uint8Array[] = [];
  for (let number = 0; number < 2; number++) {
    await source.create(name("k"), "ed25519", true);
    contents.push(source.exportContainer(name("k")));
    await source.delete(name("k"));
  }
  const [oldKey = new Uint8Array(), newKey = new Uint8Array()] = contents;
  for (const how of ["fail", "fail-after", "crash"] as const) {
    for (let at = 1; at <= 6; at++) {
      const folder = await temporaryFolder(t);
      await (await openKeyContainers(outside, folder)).importContainer(name("k"), oldKey);
      const faulty = await openKeyContainers(withFault(outside, { at, how }).outside, folder);
      const done = await faulty.importContainer(name("k"), newKey).then(
        () => true,
        () => false,
      );
      const now = (await openKeyContainers(outside, folder)).exportContainer(name("k"));
      assert.deepEqual(now, done || Buffer.from(now).equals(newKey) ? newKey : oldKey);
      if (how !== "crash") assert.deepEqual(faulty.exportContainer(name("k")), now);
    }
  }
});

test("names go to text and back", () => {
  const part = valueName().map((text) => text.replaceAll(/[\\\0]/g, "_"));
  fc.assert(
    fc.property(fc.nat(0xffff_ffff), part, part, (type, provider, key) => {
      const container = { type, provider, key: `k${key}` };
      assert.deepEqual(parseContainerName(formatContainerName(container)), container);
      const content = { name: container, exportable: true, pkcs8: Uint8Array.of(1, 2, 3) };
      assert.deepEqual(decodeContainer(encodeContainer(content)), content);
    }),
  );
  assert.deepEqual(parseContainerName("1\\\\MyKey"), name("MyKey"));
  for (const bad of [
    "",
    "MyKey",
    "1\\MyKey",
    "x\\\\k",
    "01\\\\k",
    "1\\\\",
    "1\\\\k\\l",
    "4294967296\\\\k",
    "-1\\\\k",
  ]) {
    assert.throws(() => parseContainerName(bad), { name: "INVALID_NAME" }, bad);
  }
});
