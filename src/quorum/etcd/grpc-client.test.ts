import assert from "node:assert/strict";
import { test } from "node:test";
import type { Timers } from "../../base/outside.ts";
import { GrpcError, type GrpcEndpoint } from "../../base/outside-node-grpc.ts";
import { createGrpcClient } from "./grpc-client.ts";

/** Two members that answer after so many milliseconds, or never. */
function members(patience: number): {
  readonly client: ReturnType<typeof createGrpcClient>;
  readonly away: number[];
  readonly asked: { readonly member: number; readonly timeout: number }[];
} {
  let now = 0;
  const away = [1, 1];
  const asked: { member: number; timeout: number }[] = [];
  const timers: Timers = { sleep: (ms) => Promise.resolve(void (now += ms)) };
  const endpoint = (member: number): GrpcEndpoint => ({
    ask: (_method, _request, timeout) => {
      asked.push({ member, timeout });
      const takes = away[member] ?? 0;
      now += Math.min(takes, timeout);
      if (takes > timeout) return Promise.reject(new GrpcError(4, "Deadline exceeded"));
      return Promise.resolve({ ID: "1", TTL: "1" });
    },
    close: () => undefined,
  });
  const endpoints = [0, 1].map((member) => ({ address: `m${member}`, grpc: endpoint(member) }));
  const outside = { clock: { boot: () => now, wall: () => now }, timers };
  const own = { ca: undefined, path: undefined, until: undefined };
  return { client: createGrpcClient({ endpoints, outside, patience, own }), away, asked };
}

test("a member that does not answer is left after 400 ms", async () => {
  const { client, away, asked } = members(1600);
  await client.grantLease(1);
  away[0] = Number.POSITIVE_INFINITY;
  await client.grantLease(1);
  await client.grantLease(1);
  assert.deepEqual(
    asked.map(({ member, timeout }) => `${member} ${timeout}`),
    ["0 400", "0 400", "1 400", "1 400"],
  );
});

test("an etcd that is a second away is asked with the patience that it needs, and no longer than that", async () => {
  const { client, away, asked } = members(1600);
  away.fill(1000);
  await assert.rejects(client.grantLease(1), { code: "ETIMEDOUT" });
  await assert.rejects(client.grantLease(1), { code: "ETIMEDOUT" });
  for (let call = 0; call < 3; call++) await client.grantLease(1);
  away.fill(1);
  await client.grantLease(1);
  const before = asked.length;
  await client.grantLease(1);
  assert.equal(asked[before]?.timeout, 400);
  assert.equal(asked.length, before + 1);
});
