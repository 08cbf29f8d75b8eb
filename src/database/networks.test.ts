import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { applyEdits } from "../tree/edit.ts";
import { emptyKey, findKey, type Key } from "../tree/key.ts";
import { dword, multiSzOf, sz } from "../tree/value.ts";
import { valueOf } from "../tree/key.ts";
import { ChangeBuilder } from "./change.ts";
import { Failure } from "../base/errors.ts";
import { describeInterfaces, removeInterfaces, reportUnreachable } from "./commands/network.ts";
import { setNetworkProperties } from "./commands/network-role.ts";
import { setResourceParameters } from "./commands/resource.ts";
import { addressesKeptOff, decideNetworkStates, readNetworks } from "./networks.ts";

let made = 0;
const newGuid = (): string => `00000000-0000-4000-8000-${String(++made).padStart(12, "0")}`;

function members(...nodes: readonly string[]): Key {
  const edits = nodes.flatMap((node) => [
    { kind: "set-value", path: `Nodes\\${node}`, value: sz("NodeName", `N${node}`) } as const,
    { kind: "set-value", path: `Runtime\\Nodes\\${node}`, value: dword("State", 0) } as const,
    { kind: "set-value", path: `Runtime\\Nodes\\${node}`, value: sz("Incarnation", `life-${node}`) } as const,
  ]);
  return applyEdits(emptyKey("", 0n), edits, 0n);
}

const on = (lan: number, node: string, adapter = `eth${lan}`): Parameters<typeof describeInterfaces>[2][number] => ({
  address: `10.0.${lan}.${node}`,
  adapter,
  subnet: `10.0.${lan}.0`,
  mask: "255.255.255.0",
});

function described(tree: Key, node: string, ...lans: readonly number[]): Key {
  const found = lans.map((lan) => on(lan, node));
  const change = describeInterfaces(tree, node, found, newGuid);
  const after = change === undefined ? tree : applyEdits(tree, change.edits, 0n);
  assert.equal(describeInterfaces(after, node, found, newGuid), undefined, "said once");
  return after;
}

const shown = (tree: Key): readonly string[] => {
  const { networks, interfaces } = readNetworks(tree);
  return networks.map(({ id, name, address, state }) => {
    const here = interfaces.filter(({ network }) => network === id).map((one) => `${one.name} ${one.state}`);
    return `${name} ${address} ${state}: ${here.join(", ")}`;
  });
};

test("a node's addresses become interfaces on networks by their subnets", () => {
  let tree = described(members("1", "2"), "1", 0, 1);
  tree = described(tree, "2", 0, 1);
  assert.deepEqual(shown(tree), [
    "Cluster Network 1 10.0.0.0 3: N1 - eth0 3, N2 - eth0 3",
    "Cluster Network 2 10.0.1.0 3: N1 - eth1 3, N2 - eth1 3",
  ]);
  // Elsewhere now: what nobody is on goes, and a name is not given again.
  tree = described(described(tree, "1", 0), "2", 0, 2);
  assert.deepEqual(shown(tree), [
    "Cluster Network 1 10.0.0.0 3: N1 - eth0 3, N2 - eth0 3",
    "Cluster Network 3 10.0.2.0 3: N2 - eth2 3",
  ]);
  const evicted = new ChangeBuilder(tree);
  removeInterfaces(evicted, tree, "2");
  tree = applyEdits(tree, evicted.build("").edits, 0n);
  assert.deepEqual(shown(tree), ["Cluster Network 1 10.0.0.0 3: N1 - eth0 3"]);
  assert.equal(describeInterfaces(tree, "9", [], newGuid), undefined);
});

test("two subnets on one device have two names", () => {
  const both = describeInterfaces(members("1"), "1", [on(0, "1", "eth0"), on(1, "1", "eth0")], newGuid);
  const { interfaces } = readNetworks(applyEdits(members("1"), both?.edits ?? [], 0n));
  assert.deepEqual(
    interfaces.map(({ name }) => name),
    ["N1 - eth0", "N1 - eth0 (10.0.1.1)"],
  );
});

test("what a node reports counts for this life of it, and while it is up", () => {
  let tree = members("1", "2", "3");
  for (const node of ["1", "2", "3"]) tree = described(tree, node, 0, 1);
  const { interfaces } = readNetworks(tree);
  const [first] = interfaces.filter(({ name }) => name === "N1 - eth0");
  assert.ok(first);
  const say = (node: string, ids: readonly string[]): void => {
    const change = reportUnreachable(tree, node, `life-${node}`, ids);
    assert.ok(change);
    tree = applyEdits(tree, change.edits, 0n);
  };
  say("2", [first.id]);
  assert.deepEqual(shown(tree)[0], "Cluster Network 1 10.0.0.0 2: N1 - eth0 2, N2 - eth0 2, N3 - eth0 3");
  say("3", [first.id]);
  assert.deepEqual(shown(tree), [
    "Cluster Network 1 10.0.0.0 2: N1 - eth0 1, N2 - eth0 3, N3 - eth0 3",
    "Cluster Network 2 10.0.1.0 3: N1 - eth1 3, N2 - eth1 3, N3 - eth1 3",
  ]);
  assert.equal(reportUnreachable(tree, "3", "life-3", [first.id]), undefined);
  assert.equal(reportUnreachable(tree, "3", "an older life", []), undefined);
  const down = (node: string): void => {
    tree = applyEdits(tree, [{ kind: "set-value", path: `Runtime\\Nodes\\${node}`, value: dword("State", 1) }], 0n);
  };
  down("2");
  down("3");
  assert.deepEqual(shown(tree)[0], "Cluster Network 1 10.0.0.0 3: N1 - eth0 3, N2 - eth0 0, N3 - eth0 0");
  down("1");
  assert.deepEqual(shown(tree)[0], "Cluster Network 1 10.0.0.0 0: N1 - eth0 0, N2 - eth0 0, N3 - eth0 0");
  const runtime = findKey(tree, "Runtime\\Nodes\\2");
  assert.deepEqual(runtime && multiSzOf(valueOf(runtime, "Unreachable")), [first.id]);
});

test("states say what they mean, whoever reports", () => {
  const nodes = ["1", "2", "3", "4"];
  const all = nodes.map((node) => ({ id: `i${node}`, node, network: "n" }));
  const reports = fc.uniqueArray(fc.tuple(fc.constantFrom(...nodes), fc.constantFrom(...nodes)), { selector: String });
  fc.assert(
    fc.property(reports, fc.subarray(nodes), (silent, up) => {
      const said = new Map(
        up.map((node) => [node, new Set(silent.filter(([who]) => who === node).map(([, whom]) => `i${whom}`))]),
      );
      const { interfaces, networks } = decideNetworkStates(all, said);
      const reaches = (a: string, b: string): boolean => !silent.some(([x, y]) => [a + b, b + a].includes(x + y));
      const state = (node: string): number | undefined => interfaces.get(`i${node}`);
      for (const node of nodes) {
        const others = up.filter((other) => other !== node);
        if (!up.includes(node)) assert.equal(state(node), 0);
        else if (others.length === 0) assert.equal(state(node), 3);
        else if (others.every((other) => !reaches(node, other))) assert.equal(state(node), 1);
        else assert.equal(state(node), others.every((other) => state(other) === 1 || reaches(node, other)) ? 3 : 2);
      }
      const pairs = up.flatMap((a) => up.filter((b) => a < b).map((b) => reaches(a, b)));
      const expected = up.length === 0 ? 0 : pairs.every(Boolean) ? 3 : pairs.some(Boolean) ? 2 : 1;
      assert.equal(networks.get("n"), expected);
    }),
  );
});

const roleOf = (tree: Key, name: string): number | undefined =>
  readNetworks(tree).networks.find((one) => one.name === name)?.role;
const withRole = (tree: Key, network: string, role: number): Key =>
  applyEdits(tree, setNetworkProperties(tree, { network, properties: { Role: role } }).edits, 0n);
const refused = (name: string, work: () => unknown): void =>
  assert.throws(work, (error) => error instanceof Failure && error.name === name);

test("a network is taken from the cluster, but not the last one on which two nodes meet", () => {
  let tree = described(described(described(members("1", "2", "3"), "1", 0, 1), "2", 0, 1), "3", 0, 2);
  assert.deepEqual(addressesKeptOff(tree), []);
  refused("CLUSTER_NETWORK_NOT_FOUND", () => withRole(tree, "nowhere", 1));
  refused("INVALID_PARAMETER", () => withRole(tree, "cluster network 2", 4));
  tree = withRole(tree, "cluster network 2", 0);
  assert.deepEqual(addressesKeptOff(tree), ["10.0.1.1", "10.0.1.2"]);
  refused("CLUSTER_LAST_INTERNAL_NETWORK", () => withRole(tree, "Cluster Network 1", 2));
  // Node 3 meets the others there only, whatever else the two have.
  tree = withRole(tree, "Cluster Network 2", 3);
  assert.equal(roleOf(tree, "Cluster Network 2"), 3);
  refused("CLUSTER_LAST_INTERNAL_NETWORK", () => withRole(tree, "Cluster Network 1", 0));
  const alone = described(members("1"), "1", 0, 1);
  refused("CLUSTER_LAST_INTERNAL_NETWORK", () =>
    withRole(withRole(alone, "Cluster Network 1", 0), "Cluster Network 2", 0),
  );
});

test("every order of changes leaves each two nodes a network", () => {
  const change = fc.record({ network: fc.nat(2), role: fc.nat(3) });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
      let tree = described(described(described(members("1", "2", "3"), "1", 0, 1, 2), "2", 0, 1), "3", 0, 2);
      for (const { network, role } of changes) {
        try {
          tree = withRole(tree, `Cluster Network ${network + 1}`, role);
        } catch (error) {
          assert.ok(error instanceof Failure);
        }
      }
      const off = new Set(addressesKeptOff(tree));
      const lans = (node: string): number[] => [0, 1, 2].filter((lan) => !off.has(`10.0.${lan}.${node}`));
      const onLans = { 1: [0, 1, 2], 2: [0, 1], 3: [0, 2] };
      for (const [one, other] of [
        ["1", "2"],
        ["1", "3"],
        ["2", "3"],
      ] as const)
        assert.ok(
          lans(one).some(
            (lan) => onLans[one].includes(lan) && onLans[other].includes(lan) && lans(other).includes(lan),
          ),
        );
    }),
  );
});

test("addresses of groups lie on networks for clients only", () => {
  const id = "5555aaaa-0000-4000-8000-000000000001";
  let tree = described(described(members("1", "2"), "1", 0, 1), "2", 0, 1);
  tree = applyEdits(
    tree,
    [
      { kind: "set-value", path: `Resources\\${id}`, value: sz("Name", "Address") },
      { kind: "set-value", path: `Resources\\${id}`, value: sz("Type", "IP Address") },
      { kind: "set-value", path: `Resources\\${id}\\Parameters`, value: sz("Address", "10.0.0.99") },
    ],
    0n,
  );
  refused("CLUSTER_NETWORK_HAS_DEPENDENTS", () => withRole(tree, "Cluster Network 1", 1));
  tree = withRole(tree, "Cluster Network 2", 1);
  const set = (Address: string): unknown =>
    setResourceParameters(tree, { resource: "Address", parameters: { Address } });
  refused("CLUSTER_NETWORK_HAS_DEPENDENTS", () => set("10.0.1.99"));
  set("10.0.0.98");
  set("192.168.7.1");
});
