import assert from "node:assert/strict";
import { test } from "node:test";
import { ownInterfaces } from "./own-interfaces.ts";

test("an address is on the device in whose subnet it lies; one that is nowhere here is left out", async () => {
  const found = await ownInterfaces([
    "127.0.0.2:7400",
    "203.0.113.1:7400",
    "no-such-name.invalid:7400",
    "localhost:7400",
  ]);
  const [second, named, ...more] = found;
  assert.deepEqual(second, { address: "127.0.0.2", adapter: "lo", subnet: "127.0.0.0", mask: "255.0.0.0" });
  assert.deepEqual([named?.address, named?.adapter, more], ["localhost", "lo", []]);
});
