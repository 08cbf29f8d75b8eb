/**
 * A test file in a network of its own: it runs itself in a network namespace, with a second one as the neighbour, and a cable (veth) that
 * joins n0 here and n1 there.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { after, test } from "node:test";
import { openScene, type Scene } from "./scene.ts";

export interface Cable {
  readonly scene: Scene;
  /** Runs a program here, or at the neighbour; it must end with 0. Returns what it wrote. */
  readonly run: (...words: string[]) => string;
  readonly there: (...words: string[]) => string;
  /** The hardware address that answers the neighbour's probe (Perl: interface, address, milliseconds); "" when nobody does. */
  readonly found: (probe: string, address: string) => string;
  /** The hardware address of n0. */
  readonly own: string | undefined;
}

const ready = (family: string, address: string): string =>
  `ip link set lo up && ip link add n0 type veth peer name n1 && ip ${family} address add ${address} dev n0`;

/** Whether this process is the one in the namespace; if not, the test is registered that runs it and counts what passed there. */
export function isInside(file: string, family: "-4" | "-6", address: string, passes: number): boolean {
  if (process.env["CLUBAR_TEST_NETWORK"] === "own") return true;
  const works = spawnSync("unshare", ["--net", "sh", "-c", ready(family, address)]);
  const skip =
    works.status !== 0 ? `needs root, ip, veth and ip ${family}` : !existsSync("/dev/net/tun") && "needs /dev/net/tun";
  test("in a network of its own", { skip }, () => {
    const environment: NodeJS.ProcessEnv = { ...process.env, CLUBAR_TEST_NETWORK: "own" };
    delete environment["NODE_TEST_CONTEXT"];
    const words = ["--net", process.execPath, "--test-reporter=spec", new URL(file).pathname];
    const ran = spawnSync("unshare", words, { env: environment, encoding: "utf8" });
    assert.equal(ran.status, 0, `${ran.stdout}${ran.stderr}`);
    assert.match(ran.stdout, new RegExp(`pass ${passes}\\n`));
  });
  return false;
}

/** Lays the cable; what it made ends with the file's tests. */
export async function layCable(here: readonly string[], neighbours: readonly string[]): Promise<Cable> {
  const neighbour = spawn("unshare", ["--net", "sh", "-c", "echo ready; exec sleep 1000"]);
  await new Promise((resolve) => neighbour.stdout.once("data", resolve));
  const run = (...words: string[]): string => {
    const { status, stdout, stderr } = spawnSync(words[0] ?? "", words.slice(1), { encoding: "utf8" });
    assert.equal(status, 0, `${words.join(" ")}: ${stderr}`);
    return stdout;
  };
  const inside = ["-t", String(neighbour.pid), "-n"];
  const there = (...words: string[]): string => run("nsenter", ...inside, ...words);
  const scene = await openScene();
  after(async () => {
    await scene.engine.terminateAll("End of the test.");
    rmSync(scene.folder, { recursive: true, force: true });
    neighbour.kill("SIGKILL");
  });
  run("ip", "link", "set", "lo", "up");
  run("ip", "link", "add", "n0", "type", "veth", "peer", "name", "n1", "netns", String(neighbour.pid));
  for (const [on, name, address] of [
    [run, "n0", here],
    [there, "n1", neighbours],
  ] as const) {
    on("ip", "address", "add", ...address, "dev", name);
    on("ip", "link", "set", name, "up");
  }
  const found = (probe: string, address: string): string =>
    spawnSync("nsenter", [...inside, "perl", "-e", probe, "n1", address, "200"], { encoding: "utf8" }).stdout.trim();
  return { scene, run, there, found, own: /ether (\S+)/.exec(run("ip", "link", "show", "n0"))?.[1] };
}
