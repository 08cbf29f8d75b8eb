/** File Share with a real smbd and smbclient (Debian's samba and smbclient). */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openScene } from "../../../test/monitor/scene.ts";
import { killApplication } from "../application-kill.ts";
import { dword, sz, type Value } from "../../tree/value.ts";
import { resourceState } from "../resource-state.ts";

const { online, failed } = resourceState;
const has = existsSync("/usr/sbin/smbd") && existsSync("/usr/bin/smbclient") && process.getuid?.() === 0;
const skip = !has && "needs root, smbd (samba) and smbclient";
const scene = await openScene();
const place = mkdtempSync(join(tmpdir(), "clubar-share-"));
after(async () => {
  await scene.engine.terminateAll("End of the test.");
  for (const path of [scene.folder, place]) rmSync(path, { recursive: true, force: true });
});
const port = 18_446;
const folder = join(place, "data");
mkdirSync(join(folder, "inner"), { recursive: true });
for (const path of [place, folder, join(folder, "inner")]) chmodSync(path, 0o777);
const values = (...more: Value[]): readonly Value[] => [
  sz("ShareName", "data"),
  sz("Path", folder),
  dword("Port", port),
  sz("Address", "127.0.0.1"),
  ...more,
];
const client = (...words: string[]): { readonly ok: boolean; readonly said: string } => {
  const { status, stdout, stderr } = spawnSync("smbclient", ["-N", "-p", String(port), ...words], { encoding: "utf8" });
  return { ok: status === 0, said: `${stdout}${stderr}` };
};

test("a client reads and writes; the share is gone with its container", { skip }, async () => {
  const more = [dword("Guests", 1), dword("ShareSubDirs", 1), dword("HideSubDirShares", 1), sz("Remark", "all of it")];
  const event = await scene.online("share", "File Share", values(...more));
  assert.equal(event.state, online, `${event.because}\n${scene.output("share")}`);
  writeFileSync(join(place, "up"), "hello");
  const put = client("//127.0.0.1/data", "-c", `put ${join(place, "up")} up`);
  assert.ok(put.ok, put.said);
  assert.equal(readFileSync(join(folder, "up"), "utf8"), "hello");
  const listed = client("-L", "//127.0.0.1").said;
  assert.match(listed, /data +Disk +all of it/);
  assert.doesNotMatch(listed, /inner/);
  assert.ok(client("//127.0.0.1/inner", "-c", "ls").ok);
  const [record] = [...scene.running.values()];
  assert.ok(record !== undefined);
  await killApplication(scene.outside, record);
  await scene.reaches("share", failed);
  assert.equal(client("-L", "//127.0.0.1").ok, false);
});

test("read only is read only, without guests nobody is let in; offline ends it", { skip }, async () => {
  await scene.online("share", "File Share", values(dword("Guests", 1), dword("ReadOnly", 1)));
  assert.match(
    client("//127.0.0.1/data", "-c", `put ${join(place, "up")} no`).said,
    /NT_STATUS_(ACCESS_DENIED|MEDIA_WRITE_PROTECTED)/,
  );
  await scene.engine.stop("share");
  await scene.online("share", "File Share", values());
  assert.equal(client("//127.0.0.1/data", "-c", "ls").ok, false);
  await scene.engine.stop("share");
  assert.equal(scene.running.size, 0);
});

test("what could write other lines of smb.conf is refused; so is a folder that is not there", async () => {
  for (const [wrong, said] of [
    [[sz("ShareName", "a]\n[b"), sz("Path", folder)], /ShareName can't be/],
    [[sz("ShareName", "global"), sz("Path", folder)], /ShareName can't be/],
    [[sz("ShareName", "a"), sz("Path", folder), sz("Remark", "x\nroot preexec = id")], /comment can't be/],
    [[sz("ShareName", "a"), sz("Path", join(place, "none"))], /is no folder on this node/],
  ] as const) {
    const event = await scene.online("wrong", "File Share", wrong);
    assert.equal(event.state, failed);
    assert.match(event.because, said);
  }
  assert.equal(scene.running.size, 0);
});
