import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { openFiles } from "./outside-node-files.ts";
import { bytesOfName, nameOf } from "./file-names.ts";
import { OutsideError } from "./outside.ts";

const folder = mkdtempSync(join(tmpdir(), "clubar-attributes-"));
after(() => rmSync(folder, { recursive: true }));
const files = openFiles();

test("any bytes are a name, and that name is those bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      assert.deepEqual([...bytesOfName(nameOf(bytes))], [...bytes]);
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      assert.equal(nameOf(new TextEncoder().encode(text)), text);
    }),
  );
});

test("a name that is no UTF-8 can be listed, read, renamed and removed", async () => {
  const raw = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0x61, 0xff, 0xc3, 0x28])]);
  writeFileSync(raw, "odd");
  const [name = ""] = (await files.list(folder)).filter((one) => !one.isWellFormed());
  assert.equal(name, "a\udcff\udcc3(");
  assert.equal(new TextDecoder().decode(await files.read(`${folder}/${name}`)), "odd");
  await files.rename(`${folder}/${name}`, `${folder}/${name}2`);
  assert.equal((await files.stat(`${folder}/${name}2`))?.kind, "file");
  await files.unlink(`${folder}/${name}2`);
  assert.deepEqual(readdirSync(folder), []);
});

test("links are told, read, made and not followed", async () => {
  await files.makeLink("../nowhere", `${folder}/link`);
  assert.equal((await files.stat(`${folder}/link`))?.kind, "link");
  assert.equal(await files.readLink(`${folder}/link`), "../nowhere");
  writeFileSync(join(folder, "file"), "f");
  await files.makeLink("file", `${folder}/to-file`);
  await assert.rejects(files.open(`${folder}/to-file`, "read-no-link"), { code: "ELOOP" });
  assert.equal(await files.realPath(`${folder}/to-file`), await files.realPath(`${folder}/file`));
  await (await files.open(`${folder}/file`, "read-no-link")).close();
  for (const name of ["link", "file", "to-file"]) await files.unlink(`${folder}/${name}`);
});

test("two names are exchanged at once, also a file and a folder", async (t) => {
  await files.makeFolder(`${folder}/a`);
  writeFileSync(join(folder, "a", "in"), "");
  writeFileSync(join(folder, "b"), "");
  try {
    await files.exchange(`${folder}/a`, `${folder}/b`);
  } catch (error) {
    if (error instanceof OutsideError && ["ENOSYS", "EINVAL"].includes(error.code)) return t.skip(error.message);
    throw error;
  }
  assert.equal((await files.stat(`${folder}/a`))?.kind, "file");
  assert.deepEqual(await files.list(`${folder}/b`), ["in"]);
  await assert.rejects(files.exchange(`${folder}/a`, `${folder}/none`), { code: "ENOENT" });
});

test("an access list is read as the kernel keeps it and can be set", async (t) => {
  const [one, two] = [join(folder, "one"), join(folder, "two")];
  writeFileSync(one, "");
  writeFileSync(two, "");
  assert.equal(await files.readAcl(one, "access"), undefined);
  // linux/posix_acl_xattr.h: version 2, then tag, permissions and id of owner, user 12345, group, mask, others.
  const acl = new DataView(new ArrayBuffer(4 + 5 * 8));
  acl.setUint32(0, 2, true);
  const entries = [
    [1, 6, 0xffffffff],
    [2, 4, 12345],
    [4, 0, 0xffffffff],
    [16, 4, 0xffffffff],
    [32, 0, 0xffffffff],
  ] as const;
  for (const [at, [tag, permissions, id]] of entries.entries()) {
    acl.setUint16(4 + at * 8, tag, true);
    acl.setUint16(6 + at * 8, permissions, true);
    acl.setUint32(8 + at * 8, id, true);
  }
  const bytes = new Uint8Array(acl.buffer);
  try {
    await files.setAcl(one, "access", bytes);
  } catch (error) {
    if (error instanceof OutsideError && ["ENOTSUP", "EOPNOTSUPP"].includes(error.code)) return t.skip(error.message);
    throw error;
  }
  const read = await files.readAcl(one, "access");
  assert.deepEqual([...(read ?? [])], [...bytes]);
  await files.setAcl(two, "access", read ?? new Uint8Array());
  assert.equal(((await files.stat(two))?.mode ?? 0) & 0o070, 0o040);
  await assert.rejects(files.setAcl(join(folder, "none"), "access", bytes), { code: "ENOENT" });
});

test("who may not give files away says so, and who may does", async () => {
  const path = join(folder, "owned");
  writeFileSync(path, "");
  if (!files.mayChangeOwners()) return assert.rejects(files.setOwner(path, 12345, 12345), { code: "EPERM" });
  await files.setOwner(path, 12345, 54321);
  const { owner, group } = (await files.stat(path)) ?? {};
  assert.deepEqual([owner, group], [12345, 54321]);
});

test("a change in a watched folder is told", async () => {
  await files.makeFolder(`${folder}/watched`);
  const told = Promise.withResolvers<string | undefined>();
  const stop = files.watchFolder(`${folder}/watched`, (name) => told.resolve(name));
  execFileSync("sh", ["-c", `echo x >'${folder}/watched/new'`]);
  assert.equal(await told.promise, "new");
  stop();
  assert.throws(() => files.watchFolder(`${folder}/not-there`, () => undefined), { code: "ENOENT" });
});
