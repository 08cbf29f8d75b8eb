import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { example, group, mail, web } from "../../test/crash-points/example-cluster.ts";
import { readHive } from "../hive/read.ts";
import { readRegTree } from "../hive/reg-text.ts";
import { writeRegText } from "../hive/reg-write.ts";
import { writeHive } from "../hive/write.ts";
import * as arbitrary from "../tree/arbitrary.ts";
import { applyEdits, type Edit } from "../tree/edit.ts";
import { dword, multiSz, sz, type Value } from "../tree/value.ts";
import { isClusterDatabase, viewCluster } from "./cluster-view.ts";

const set = (path: string, value: Value): Edit => ({ kind: "set-value", path, value });
const network = "cccccccc-0000-4000-8000-000000000001";
const disk = "bbbbbbbb-0000-4000-8000-000000000003";
/** What Windows has beside what clubar writes (clusdb-real §2). */
const asWindows = applyEdits(
  example("word").tree,
  [
    set("", sz("PaxosTag", "3:3:276")),
    set("", sz("ClusterNameResource", web)),
    set("", dword("FixQuorum", 0)),
    set("Nodes\\1", dword("MajorVersion", 6)),
    set("Nodes\\1", dword("MinorVersion", 3)),
    set("Nodes\\1", dword("BuildNumber", 9600)),
    set(`Groups\\${group}`, multiSz("PreferredOwners", ["2", "7"])),
    set(`Resources\\${web}`, sz("DependsOn", `([${mail}]) and ([${disk}])`)),
    set(`Resources\\${mail}`, multiSz("DependsOn", [`{${disk.toUpperCase()}}`])),
    set(`Resources\\${mail}`, dword("PersistentState", 0xffffffff)),
    set(`Resources\\${mail}`, dword("SeparateMonitor", 1)),
    set(`Resources\\${mail}\\Parameters`, sz("Address", "10.0.0.5")),
    set(`Resources\\${mail}\\MSDTCPRIVATE\\MSDTC\\Security`, dword("TurnOffRpcSecurity", 1)),
    set(`Resources\\${disk}`, sz("Name", "Disk 1")),
    set(`Networks\\${network}`, sz("Name", "LAN")),
    set(`Networks\\${network}`, dword("Role", 3)),
    set("NetworkInterfaces\\dddddddd-0000-4000-8000-000000000001", sz("Network", network)),
    set("NetworkInterfaces\\dddddddd-0000-4000-8000-000000000001", sz("Node", "1")),
    set("Quorum", sz("Resource", disk)),
    set("HadrAgNameToldMap", sz("ag", "1")),
    set("IBM\\DB2\\PROFILES", sz("x", "1")),
  ],
  5n,
);

test("a database as Windows keeps it, names instead of ids", () => {
  const view = viewCluster(asWindows);
  assert.deepEqual([view.name, view.tag], ["TOWER", "3:3:276"]);
  assert.deepEqual(view.nodes[0], { id: "1", name: "n1", version: "6.3.9600", weight: null });
  const found = view.groups.find(({ id }) => id === group);
  assert.deepEqual(found?.preferredOwners, ["n2", "7"]);
  assert.deepEqual(found.resources, ["web", "mail"]);
  const [first, second] = view.resources;
  assert.deepEqual(first?.dependsOn, ["([mail]) and ([Disk 1])"]);
  assert.equal(first.checkpoints.registry.length, 1);
  assert.equal(first.checkpoints.crypto.length, 1);
  assert.deepEqual(second?.dependsOn, ["Disk 1"]);
  assert.deepEqual([second.group, second.persistentState, second.separateMonitor], ["web group", "as its group", true]);
  assert.deepEqual(second.parameters, { Word: "word", Address: "10.0.0.5" });
  assert.deepEqual(view.networks, [
    {
      id: network,
      name: "LAN",
      role: "internal and client",
      address: null,
      mask: null,
      interfaces: [{ node: "n1", adapter: null, address: null }],
    },
  ]);
  assert.deepEqual(view.quorum, { Resource: "Disk 1" });
  assert.deepEqual(view.properties, {
    AvailableStorage: "Available Storage",
    ClusterNameResource: "web",
    FixQuorum: 0,
  });
  assert.deepEqual(view.dangling, ["group web group → 7"]);
});

test("what applications keep is told, not taken apart, and comes back unchanged through hive and text", () => {
  const own = [
    { path: "HadrAgNameToldMap", keys: 1, values: 1 },
    { path: "IBM", keys: 3, values: 1 },
    { path: `Resources\\${mail}\\MSDTCPRIVATE`, keys: 3, values: 1 },
  ];
  const view = viewCluster(asWindows);
  assert.deepEqual(view.own, own);
  assert.deepEqual(viewCluster(readHive(writeHive(asWindows, { time: 1n, minor: 3 })).root), view);
  assert.deepEqual(viewCluster(readRegTree(writeRegText(asWindows)).root), view);
});

test("any tree is shown", () => {
  fc.assert(
    fc.property(arbitrary.tree(), arbitrary.tree(), (a, b) => {
      const tree = applyEdits(
        a,
        [
          { kind: "put-tree", path: "Resources", tree: b },
          { kind: "put-tree", path: "Groups", tree: b },
        ],
        1n,
      );
      assert.equal(isClusterDatabase(tree), false);
      viewCluster(tree);
    }),
  );
  assert.equal(isClusterDatabase(asWindows), true);
});
