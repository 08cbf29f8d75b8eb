/** File Share on the addresses of IP Address and IPv6 Address resources, in a network of its own, with Debian's samba and smbclient. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isInside, layCable } from "../../../test/monitor/cable.ts";
import { dword, sz, type Value } from "../../tree/value.ts";
import { resourceState } from "../resource-state.ts";

const { online, failed } = resourceState;
const skip = !(existsSync("/usr/sbin/smbd") && existsSync("/usr/bin/smbclient")) && "needs smbd (samba) and smbclient";

if (isInside(import.meta.url, "-6", "2001:db8::1/64", skip === false ? 3 : 0)) {
  const { scene, run } = await layCable(["10.9.0.1/24"], ["10.9.0.2/24"]);
  run("ip", "address", "add", "2001:db8::1/64", "dev", "n0", "nodad");
  const folder = join(scene.folder, "data");
  mkdirSync(folder);
  for (const path of [scene.folder, folder]) chmodSync(path, 0o755);
  writeFileSync(join(folder, "file"), "hello\n");
  const values = (address: string): readonly Value[] => [
    sz("ShareName", "data"),
    sz("Path", folder),
    sz("Address", address),
    dword("Guests", 1),
  ];

  // 10.9.0.64 is the first of a /30 to /26, and 10.9.0.63 the last.
  for (const [type, address] of [
    ["IP Address", "10.9.0.64"],
    ["IPv6 Address", "2001:db8::60"],
  ] as const) {
    test(`a client lists and reads it on an ${type}`, { skip }, async () => {
      const at = await scene.online(address, type, [sz("Address", address), dword("ProbeTimeout", 0)]);
      assert.equal(at.state, online, `${at.because} ${scene.output(address)}`);
      const event = await scene.online(type, "File Share", values(address));
      assert.equal(event.state, online, `${event.because}\n${scene.output(type)}`);
      const client = (...words: string[]): string => {
        const { stdout, stderr } = spawnSync("smbclient", ["-N", ...words], { encoding: "utf8" });
        return `${stdout}${stderr}`;
      };
      assert.match(client("-L", `//${address}`), /data +Disk/);
      assert.match(client(`//${address}/data`, "-c", "get file -"), /^hello$/m);
      await scene.engine.stop(type);
      await scene.engine.stop(address);
    });
  }

  test("on an address that is not there smbd's own words are the reason, with its log", { skip }, async () => {
    const event = await scene.online("nowhere", "File Share", values("10.9.0.99"));
    assert.equal(event.state, failed);
    assert.match(event.because, /smbd.*: .*Cannot assign requested address.*No sockets available/s);
    assert.match(event.because, /\/nowhere\/output\.log/);
  });
}
