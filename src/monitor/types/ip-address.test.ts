/**
 * IP Address on a real network: a cable joins n0, 10.9.0.1 here, and n1, 10.9.0.2 at the neighbour.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { isInside, layCable } from "../../../test/monitor/cable.ts";
import { holds } from "../../../test/monitor/scene.ts";
import { sha256 } from "../../base/digest.ts";
import { killApplication } from "../application-kill.ts";
import { dword, sz } from "../../tree/value.ts";
import { resourceState } from "../resource-state.ts";
import { localAddresses } from "./ip-address.ts";
import { holdDevice, probeAddress } from "./ip-address-perl.ts";

const { online, failed, offline } = resourceState;

if (isInside(import.meta.url, "-4", "10.9.0.1/24", 8)) {
  const { scene, run, there, found, own } = await layCable(["10.9.0.1/24"], ["10.9.0.2/24"]);

  test("others find it where it is online, and nowhere afterwards", async () => {
    assert.equal(found(probeAddress, "10.9.0.77"), "");
    const event = await scene.online("web", "IP Address", [
      sz("Address", "10.9.0.77"),
      sz("SubnetMask", "255.255.255.0"),
    ]);
    assert.equal(event.state, online, `${event.because} ${scene.output("web")}`);
    assert.equal(found(probeAddress, "10.9.0.77"), own);
    await scene.engine.stop("web");
    assert.equal(scene.states("web").at(-1), offline);
    assert.doesNotMatch(run("ip", "address"), /10\.9\.0\.77|clip/);
    assert.equal(found(probeAddress, "10.9.0.77"), "");
  });

  test("those who knew the address elsewhere learn its new place by the announcement", async () => {
    const elsewhere = "02:00:00:00:00:77";
    there("ip", "neigh", "replace", "10.9.0.78", "lladdr", elsewhere, "dev", "n1", "nud", "stale");
    assert.equal((await scene.online("moved", "IP Address", [sz("Address", "10.9.0.78")])).state, online);
    const known = there("ip", "neigh", "show", "10.9.0.78", "dev", "n1");
    assert.match(known, new RegExp(`lladdr ${own}`));
    await scene.engine.stop("moved");
  });

  test("an address that somebody has is refused, naming who", async () => {
    const event = await scene.online("taken", "IP Address", [sz("Address", "10.9.0.2")]);
    assert.equal(event.state, failed);
    const mac = /ether (\S+)/.exec(there("ip", "link", "show", "n1"))?.[1];
    assert.match(event.because, new RegExp(`10\\.9\\.0\\.2 is in use on the network, by ${mac}`));
    assert.doesNotMatch(run("ip", "address"), /clip/);
  });

  test("wrong addresses and networks are said", async () => {
    for (const [name, values, said] of [
      ["a", [sz("Address", "10.9.0.777")], /no IPv4 address/],
      ["f", [sz("Address", "10.9.0.9"), sz("SubnetMask", "33")], /SubnetMask is 33/],
      ["b", [sz("Address", "10.9.0.1")], /has 10\.9\.0\.1 already, on n0/],
      ["c", [sz("Address", "10.8.0.1")], /no interface .* network of 10\.8\.0\.1; there are: .*n0 10\.9\.0\.1\/24/],
      ["d", [sz("Address", "10.9.0.9"), sz("SubnetMask", "255.255.0.255")], /SubnetMask is 255\.255\.0\.255/],
      ["e", [sz("Address", "10.9.0.9"), sz("SubnetMask", "255.255.0.0")], /network of 10\.9\.0\.9/],
    ] as const) {
      const event = await scene.online(name, "IP Address", values);
      assert.equal(event.state, failed);
      assert.match(event.because, said);
    }
    assert.equal(scene.running.size, 0);
  });

  test("a device that can't be made is the cause that is told, with the log", async () => {
    const device = `clip${sha256(new TextEncoder().encode("busy")).slice(0, 9)}`;
    const holder = spawn("perl", ["-e", holdDevice, device]);
    await holds(scene.outside, () => run("ip", "link").includes(device));
    const event = await scene.online("busy", "IP Address", [sz("Address", "10.9.0.90")]);
    holder.kill("SIGKILL");
    await once(holder, "exit");
    assert.equal(event.state, failed);
    assert.match(event.because, /TUNSETIFF: Device or resource busy/);
    assert.match(event.because, /\/output\.log/);
    assert.doesNotMatch(event.because, /there are/);
  });

  test("a cable that is pulled out fails it", async () => {
    const times = { looksAlivePollInterval: 20, isAlivePollInterval: 20 };
    const event = await scene.online(
      "cable",
      "IP Address",
      [sz("Address", "10.9.0.79"), dword("ProbeTimeout", 0)],
      times,
    );
    assert.equal(event.state, online);
    there("ip", "link", "set", "n1", "down");
    await scene.reaches("cable", failed);
    there("ip", "link", "set", "n1", "up");
    assert.doesNotMatch(run("ip", "address"), /clip/);
  });

  test("an address that somebody takes away is missed by the quick look, which starts no process", async () => {
    const times = { looksAlivePollInterval: 20, isAlivePollInterval: 3_600_000 };
    const values = [sz("Address", "10.9.0.8"), dword("ProbeTimeout", 0)];
    assert.equal((await scene.online("taken-away", "IP Address", values, times)).state, online);
    const sees = (address: string): boolean =>
      localAddresses.has(readFileSync(localAddresses.path, "utf8"), address, "");
    assert.deepEqual(["10.9.0.8", "10.9.0.1", "10.9.0.80", "10.9.0.0", "1.9.0.8"].map(sees), [
      true,
      true,
      false,
      false,
      false,
    ]);
    run("ip", "address", "del", "10.9.0.8/32", "dev", /clip\w+/.exec(run("ip", "link"))?.[0] ?? "");
    await scene.reaches("taken-away", failed);
  });

  test("the end of its container, as the end of the host brings it, takes the address away before it counts as ended", async () => {
    const event = await scene.online("dead", "IP Address", [sz("Address", "10.9.0.80")]);
    assert.equal(event.state, online);
    const [record] = [...scene.running.values()];
    assert.ok(record !== undefined);
    assert.match(readFileSync("/proc/self/net/dev", "utf8"), /clip/);
    await killApplication(scene.outside, record);
    assert.doesNotMatch(readFileSync("/proc/self/net/dev", "utf8"), /clip/);
    assert.equal(found(probeAddress, "10.9.0.80"), "");
    await scene.reaches("dead", failed);
  });
}
