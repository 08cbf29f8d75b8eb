import assert from "node:assert/strict";
import { test } from "node:test";
import { fail } from "../base/errors.ts";
import { silentLog } from "../base/log.ts";
import type { Timers } from "../base/outside.ts";
import { setNetworkProperties } from "../database/commands/network-role.ts";
import { describeInterfaces } from "../database/commands/network.ts";
import { applyEdits } from "../tree/edit.ts";
import { emptyKey, findValue, type Key } from "../tree/key.ts";
import { dword, multiSz, multiSzOf, sz } from "../tree/value.ts";
import { readNetworks } from "../database/networks.ts";
import { Heartbeats } from "./heartbeats.ts";

let made = 0;

/** Two nodes on two networks; beats every 1000 ms, 5 may be missed. */
function twoNodes(): Key {
  let tree = emptyKey("", 0n);
  for (const node of ["1", "2"]) {
    const lans = [0, 1].map((lan) => `10.0.${lan}.${node}`);
    const runtime = `Runtime\\Nodes\\${node}`;
    const values = [
      { kind: "set-value", path: `Nodes\\${node}`, value: sz("NodeName", `N${node}`) },
      {
        kind: "set-value",
        path: `Nodes\\${node}`,
        value: multiSz(
          "Addresses",
          lans.map((host) => `${host}:7400`),
        ),
      },
      { kind: "set-value", path: runtime, value: dword("State", 0) },
      { kind: "set-value", path: runtime, value: sz("Incarnation", `life-${node}`) },
    ] as const;
    tree = applyEdits(tree, values, 0n);
    const found = lans.map((address, lan) => ({ address, adapter: `e${lan}`, subnet: `10.0.${lan}.0`, mask: "m" }));
    const guid = (): string => `00000000-0000-4000-8000-${String(++made).padStart(12, "0")}`;
    tree = applyEdits(tree, describeInterfaces(tree, node, found, guid)?.edits ?? [], 0n);
  }
  return tree;
}

/** A network that is not for the cluster. */
function withoutRole(tree: Key, network: string): Key {
  return applyEdits(tree, setNetworkProperties(tree, { network, properties: { Role: 2 } }).edits, 0n);
}

test("what is silent for too long is reported, and what answers again; not what was missed while this node stood still", async () => {
  let [tree, now] = [twoNodes(), 10_000];
  const cut = new Set<string>();
  const over = new AbortController();
  /** At each boot time what becomes of the world before the next beat. */
  const script: { readonly at: number; readonly does: () => void }[] = [
    { at: 20_000, does: () => cut.add("10.0.0.2") },
    { at: 24_000, does: () => assert.deepEqual(silent(), []) },
    { at: 27_000, does: () => assert.deepEqual(silent(), ["N2 - e0"]) },
    { at: 28_000, does: () => cut.delete("10.0.0.2") },
    { at: 30_000, does: () => assert.deepEqual(silent(), []) },
    { at: 31_000, does: () => cut.add("10.0.0.2").add("10.0.1.2") },
    // This process is frozen for a minute; then everybody answers.
    { at: 33_000, does: () => void (cut.clear(), (now += 60_000)) },
    { at: 94_000, does: () => assert.deepEqual(silent(), []) },
    { at: 96_000, does: () => (tree = withoutRole(tree, "Cluster Network 2")) },
    { at: 97_500, does: () => asked.clear() },
    { at: 100_000, does: () => over.abort() },
  ];
  const silent = (): readonly string[] => {
    const ids = multiSzOf(findValue(tree, "Runtime\\Nodes\\1", "Unreachable")) ?? [];
    return readNetworks(tree)
      .interfaces.filter(({ id }) => ids.includes(id))
      .map(({ name }) => name);
  };
  const timers: Timers = {
    async sleep(ms) {
      await new Promise(setImmediate);
      now += ms;
      while (script[0] !== undefined && script[0].at <= now) script.shift()?.does();
    },
  };
  const asked = new Set<string>();
  const dropped: string[] = [];
  const beats = new Heartbeats({
    outside: { clock: { boot: () => now, wall: () => now }, timers },
    log: silentLog,
    node: "1",
    factor: 1,
    tree: () => tree,
    incarnation: () => "life-1",
    call: (address) => {
      asked.add(address);
      const isCut = [...cut].some((host) => address.includes(`${host}:`));
      return isCut ? Promise.reject(fail("CLUSTER_NODE_UNREACHABLE", { happened: "cut" })) : Promise.resolve(null);
    },
    drop: (address) => void dropped.push(address),
    change: (build) => {
      tree = applyEdits(tree, build(tree).edits, 0n);
      return Promise.resolve();
    },
  });
  await beats.run(over.signal);
  assert.deepEqual([script.length, [...asked], dropped], [0, ["tls:2@10.0.0.2:7400"], ["tls:2@10.0.1.2:7400"]]);
});
