/**
 * IPv6 Address on a real network: a cable joins n0, 2001:db8::1 here, and n1, 2001:db8::2 at the neighbour.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { isInside, layCable } from "../../../test/monitor/cable.ts";
import { holds } from "../../../test/monitor/scene.ts";
import { killApplication } from "../application-kill.ts";
import { dword, sz } from "../../tree/value.ts";
import { resourceState } from "../resource-state.ts";
import { interfaceAddresses } from "./ipv6-address.ts";
import { probeNeighbour } from "./ipv6-address-perl.ts";

const { online, failed, offline } = resourceState;

if (isInside(import.meta.url, "-6", "2001:db8::1/64", 7)) {
  const cable = await layCable(["2001:db8::1/64", "nodad"], ["2001:db8::2/64", "nodad"]);
  const { scene, run, there, found, own } = cable;
  // Its own addresses of the link are tried for a second or so.
  await holds(scene.outside, () => !/tentative/.test(run("ip", "-6", "address") + there("ip", "-6", "address")));
  const connects =
    "use IO::Socket::IP; exit(IO::Socket::IP->new(PeerHost => shift, PeerPort => 8080, Timeout => 5) ? 0 : 1)";
  const serves = `use IO::Socket::IP; $| = 1;
    my $s = IO::Socket::IP->new(Listen => 5, LocalHost => "::", LocalPort => 8080); print "up\\n"; 1 while $s->accept`;

  test("others find it and connect to it where it is online, and nowhere afterwards", async () => {
    assert.equal(found(probeNeighbour, "2001:db8::77"), "");
    const event = await scene.online("web", "IPv6 Address", [
      sz("Address", "2001:DB8:0::77"),
      dword("PrefixLength", 64),
    ]);
    assert.equal(event.state, online, `${event.because} ${scene.output("web")}`);
    assert.equal(found(probeNeighbour, "2001:db8::77"), own);
    const server = spawn("perl", ["-e", serves]);
    await new Promise((resolve) => server.stdout.once("data", resolve));
    there("perl", "-e", connects, "2001:db8::77");
    server.kill("SIGKILL");
    await scene.engine.stop("web");
    assert.equal(scene.states("web").at(-1), offline);
    assert.doesNotMatch(run("ip", "address"), /2001:db8::77|clip/);
    assert.equal(found(probeNeighbour, "2001:db8::77"), "");
  });

  test("those who knew the address elsewhere learn its new place by the announcement", async () => {
    const elsewhere = "02:00:00:00:00:78";
    there("ip", "-6", "neigh", "replace", "2001:db8::78", "lladdr", elsewhere, "dev", "n1", "nud", "stale");
    const event = await scene.online("moved", "IPv6 Address", [
      sz("Address", "2001:db8::78"),
      dword("ProbeTimeout", 0),
    ]);
    assert.equal(event.state, online);
    assert.match(there("ip", "-6", "neigh", "show", "2001:db8::78", "dev", "n1"), new RegExp(`lladdr ${own}`));
    await scene.engine.stop("moved");
  });

  test("an address that somebody has is refused, naming who", async () => {
    const event = await scene.online("taken", "IPv6 Address", [sz("Address", "2001:db8::2")]);
    assert.equal(event.state, failed);
    const mac = /ether (\S+)/.exec(there("ip", "link", "show", "n1"))?.[1];
    assert.match(event.because, new RegExp(`2001:db8::2 is in use on the network, by ${mac}`));
    assert.doesNotMatch(run("ip", "address"), /clip/);
  });

  test("somebody who tries it for himself is told that it is in use", async () => {
    assert.equal((await scene.online("ours", "IPv6 Address", [sz("Address", "2001:db8::79")])).state, online);
    there("ip", "-6", "address", "add", "2001:db8::79/64", "dev", "n1");
    await holds(scene.outside, () => /2001:db8::79.*dadfailed/.test(there("ip", "-6", "address")));
    await scene.engine.stop("ours");
  });

  test("wrong addresses and networks are said", async () => {
    for (const [name, values, said] of [
      ["a", [sz("Address", "2001:db8::g")], /no IPv6 address/],
      ["b", [sz("Address", "10.0.0.1")], /no IPv6 address/],
      ["c", [sz("Address", "2001:db8:0:0::1")], /has 2001:db8:0:0::1 already, on n0/],
      ["d", [sz("Address", "2001:db9::1")], /network of 2001:db9::1; there are: .*n0 2001:db8::1\/64/],
      ["e", [sz("Address", "2001:db8::9"), dword("PrefixLength", 48)], /network of 2001:db8::9/],
      ["f", [sz("Address", "fe80::9")], /one machine or link only/],
    ] as const) {
      const event = await scene.online(name, "IPv6 Address", values);
      assert.equal(event.state, failed);
      assert.match(event.because, said);
    }
    assert.equal(scene.running.size, 0);
  });

  test("an address that somebody takes away is missed by the quick look, which starts no process", async () => {
    const times = { looksAlivePollInterval: 20, isAlivePollInterval: 3_600_000 };
    const values = [sz("Address", "2001:DB8:0::8"), dword("ProbeTimeout", 0)];
    assert.equal((await scene.online("taken-away", "IPv6 Address", values, times)).state, online);
    const device = /clip\w+/.exec(run("ip", "link"))?.[0] ?? "";
    const sees = (address: string, on: string): boolean =>
      interfaceAddresses.has(readFileSync(interfaceAddresses.path, "utf8"), address, on);
    assert.ok(sees("2001:db8::8", device) && sees("2001:db8::1", "n0"));
    assert.ok(!sees("2001:db8::8", "n0") && !sees("2001:db8::80", device));
    run("ip", "-6", "address", "del", "2001:db8::8/128", "dev", device);
    await scene.reaches("taken-away", failed);
  });

  test("the end of its container, as the end of the host brings it, takes address and answers away", async () => {
    const times = { looksAlivePollInterval: 20, isAlivePollInterval: 20 };
    const event = await scene.online("dead", "IPv6 Address", [sz("Address", "2001:db8::80")], times);
    assert.equal(event.state, online);
    const [record] = [...scene.running.values()];
    assert.ok(record !== undefined);
    assert.match(readFileSync("/proc/self/net/dev", "utf8"), /clip/);
    await killApplication(scene.outside, record);
    assert.doesNotMatch(readFileSync("/proc/self/net/dev", "utf8"), /clip/);
    assert.equal(found(probeNeighbour, "2001:db8::80"), "");
    await scene.reaches("dead", failed);
  });
}
