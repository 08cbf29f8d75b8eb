import assert from "node:assert/strict";
import { test } from "node:test";
import { BlockList } from "node:net";
import fc from "fast-check";
import { subnetOf } from "./subnet.ts";

test("subnets of both families", () => {
  assert.equal(subnetOf("10.77.3.9", "255.255.0.0"), "10.77.0.0");
  assert.equal(subnetOf("127.0.0.2", "255.0.0.0"), "127.0.0.0");
  assert.equal(subnetOf("fd00:1:2:3:4:5:6:7", "ffff:ffff:ffff:ffff::"), "fd00:1:2:3::");
  assert.equal(subnetOf("::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), "::1");
  assert.equal(subnetOf("fe80::9%eth0", "ffff:ffff:ffff:ffff::"), "fe80::");
  assert.equal(subnetOf("fe80:0:0:1::1", "ffff::"), "fe80::");
  assert.equal(subnetOf("1:0:0:2:0:0:0:3", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), "1:0:0:2::3");
  assert.equal(subnetOf("::ffff:10.1.2.3", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:0"), "::ffff:a01:0");
  for (const [address, mask] of [
    ["10.0.0.1", "ffff::"],
    ["node-1", "255.0.0.0"],
    ["::1", "255.0.0.0"],
  ] as const)
    assert.equal(subnetOf(address, mask), undefined);
});

test("an address is in its subnet, as node.js sees it", () => {
  const bits = fc.integer({ min: 1, max: 128 });
  fc.assert(
    fc.property(fc.ipV6(), bits, (address, prefix) => {
      const words = Array.from({ length: 8 }, (_, index) => {
        const set = Math.min(16, Math.max(0, prefix - 16 * index));
        return ((0xffff << (16 - set)) & 0xffff).toString(16);
      });
      const subnet = subnetOf(address, words.join(":"));
      assert.ok(subnet !== undefined);
      const list = new BlockList();
      list.addSubnet(subnet, prefix, "ipv6");
      assert.ok(list.check(address, "ipv6"), `${address}/${prefix}: ${subnet}`);
      assert.equal(subnetOf(subnet, words.join(":")), subnet);
    }),
  );
});
