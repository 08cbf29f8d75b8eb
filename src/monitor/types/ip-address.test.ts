/**
 * IP Address on a real network: this file runs itself in a network namespace of its own, with a second one as the neighbour.
 * A cable (veth) joins n0, 10.9.0.1 here, and n1, 10.9.0.2 at the neighbour.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { after, test } from "node:test";
import { openScene, type Scene } from "../../../test/monitor/scene.ts";
import { killApplication } from "../application-kill.ts";
import { dword, sz } from "../../tree/value.ts";
import { resourceState } from "../resource-state.ts";
import { probeAddress } from "./ip-address-perl.ts";

const { online, failed, offline } = resourceState;
const works = spawnSync("unshare", ["--net", "ip", "link", "add", "n0", "type", "veth", "peer", "name", "n1"]);
const why = works.status !== 0 ? "needs root, ip and veth" : !existsSync("/dev/net/tun") && "needs /dev/net/tun";
const inside = process.env["CLUBAR_TEST_NETWORK"] === "own";

if (!inside) {
  test("in a network of its own", { skip: why }, () => {
    const environment: NodeJS.ProcessEnv = { ...process.env, CLUBAR_TEST_NETWORK: "own" };
    delete environment["NODE_TEST_CONTEXT"];
    const words = ["--net", process.execPath, "--test-reporter=spec", new URL(import.meta.url).pathname];
    const ran = spawnSync("unshare", words, { env: environment, encoding: "utf8" });
    assert.equal(ran.status, 0, `${ran.stdout}${ran.stderr}`);
    assert.match(ran.stdout, /pass 6/);
  });
} else {
  const neighbour = spawn("unshare", ["--net", "sh", "-c", "echo ready; exec sleep 1000"]);
  await new Promise((resolve) => neighbour.stdout.once("data", resolve));
  const run = (...words: string[]): string => {
    const { status, stdout, stderr } = spawnSync(words[0] ?? "", words.slice(1), { encoding: "utf8" });
    assert.equal(status, 0, `${words.join(" ")}: ${stderr}`);
    return stdout;
  };
  const there = (...words: string[]): string => run("nsenter", "-t", String(neighbour.pid), "-n", ...words);
  run("ip", "link", "set", "lo", "up");
  run("ip", "link", "add", "n0", "type", "veth", "peer", "name", "n1", "netns", String(neighbour.pid));
  for (const [on, name, address] of [
    [run, "n0", "10.9.0.1/24"],
    [there, "n1", "10.9.0.2/24"],
  ] as const) {
    on("ip", "address", "add", address, "dev", name);
    on("ip", "link", "set", name, "up");
  }
  const scene: Scene = await openScene();
  after(async () => {
    await scene.engine.terminateAll("End of the test.");
    rmSync(scene.folder, { recursive: true, force: true });
    neighbour.kill("SIGKILL");
  });
  /** The hardware address that answers the neighbour; "" when nobody does. */
  const found = (address: string): string => {
    const ask = ["-t", String(neighbour.pid), "-n", "perl", "-e", probeAddress, "n1", address, "200"];
    return spawnSync("nsenter", ask, { encoding: "utf8" }).stdout.trim();
  };
  const own = /ether (\S+)/.exec(run("ip", "link", "show", "n0"))?.[1];

  test("others find it where it is online, and nowhere afterwards", async () => {
    assert.equal(found("10.9.0.77"), "");
    const event = await scene.online("web", "IP Address", [
      sz("Address", "10.9.0.77"),
      sz("SubnetMask", "255.255.255.0"),
    ]);
    assert.equal(event.state, online, `${event.because} ${scene.output("web")}`);
    assert.equal(found("10.9.0.77"), own);
    await scene.engine.stop("web");
    assert.equal(scene.states("web").at(-1), offline);
    assert.doesNotMatch(run("ip", "address"), /10\.9\.0\.77|clip/);
    assert.equal(found("10.9.0.77"), "");
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

  test("the end of its container, as the end of the host brings it, takes the address away before it counts as ended", async () => {
    const event = await scene.online("dead", "IP Address", [sz("Address", "10.9.0.80")]);
    assert.equal(event.state, online);
    const [record] = [...scene.running.values()];
    assert.ok(record !== undefined);
    assert.match(readFileSync("/proc/self/net/dev", "utf8"), /clip/);
    await killApplication(scene.outside, record);
    assert.doesNotMatch(readFileSync("/proc/self/net/dev", "utf8"), /clip/);
    assert.equal(found("10.9.0.80"), "");
    await scene.reaches("dead", failed);
  });
}
