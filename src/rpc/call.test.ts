import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Failure, fail } from "../base/errors.ts";
import { openOutside } from "../base/outside-node.ts";
import { OutsideError } from "../base/outside.ts";
import type { Listener, Timers } from "../base/outside.ts";
import * as rpc from "./call.ts";
import type { Caller, Handlers, Peer } from "./call.ts";

const outside = openOutside();
const timeout = 60_000;
let folder = "";
let made = 0;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "clubar-rpc-"));
});
// A test that fails must not leave the process waiting for its sockets.
const open: { close(): unknown }[] = [];
after(async () => {
  for (const one of open) await one.close();
  await rm(folder, { recursive: true });
});
const serve = (...args: Parameters<typeof rpc.serve>): Promise<Listener> => kept(rpc.serve(...args));
const dial = (...args: Parameters<typeof rpc.dial>): Promise<Caller> => kept(rpc.dial(...args));
async function kept<T extends { close(): unknown }>(made: Promise<T>): Promise<T> {
  open.push(await made);
  return made;
}
const place = (): string => join(folder, `${++made}.sock`);

const handlers: Handlers = {
  echo: (body) => Promise.resolve(body),
  who: (_, from) => Promise.resolve(from.instance),
  fail: () =>
    Promise.reject(
      fail("CLUSTER_NODE_UP", {
        happened: "B runs.",
        unchanged: "Nothing.",
        next: "Stop it.",
        cause: new Error("why"),
      }),
    ),
  full: () => Promise.reject(new OutsideError("ENOSPC", "write x")),
  odd: () => Promise.reject(new TypeError("odd")),
  huge: () => Promise.resolve(new Uint8Array(60 * 1024 * 1024)),
};

test("calls, answers and failures cross the wire with all they hold", async () => {
  const at = place();
  const listener = await serve(outside.net, at, () => "c1", handlers);
  const caller = await dial(outside, at, "c1");
  const body = { bytes: Uint8Array.of(1, 2), big: 2n ** 70n, text: "\ud800", list: [null, { $b: 1 }] };
  assert.deepEqual(await caller.call("echo", body, timeout), body);
  assert.equal(await caller.call("echo", undefined, timeout), undefined);
  assert.equal(await caller.call("echo", null, timeout), null);
  await assert.rejects(caller.call("fail", 0, timeout), (error: unknown) => {
    assert.ok(error instanceof Failure);
    const { name, win32, exit, http, happened, unchanged, next, cause } = error;
    assert.deepEqual(
      { name, win32, exit, http, happened, unchanged, next, cause },
      {
        name: "CLUSTER_NODE_UP",
        win32: 5056,
        exit: 3,
        http: 409,
        happened: "B runs.",
        unchanged: "Nothing.",
        next: "Stop it.",
        cause: "Error: why",
      },
    );
    return true;
  });
  await assert.rejects(caller.call("full", 0, timeout), { name: "DISK_FULL" });
  await assert.rejects(caller.call("odd", 0, timeout), { name: "INTERNAL_ERROR", happened: "odd" });
  for (const method of ["nothing", "toString", "__proto__"]) {
    await assert.rejects(caller.call(method, 0, timeout), { name: "INVALID_FUNCTION" });
  }
  caller.close();
  await listener.close();
});

test("another cluster's messages reach no handler; a newcomer's do", async () => {
  const at = place();
  let reached = 0;
  let instance: string | undefined = "c1";
  const listener = await serve(outside.net, at, () => instance, {
    ...handlers,
    count: () => Promise.resolve(++reached),
  });
  const stranger = await dial(outside, at, "c2");
  stranger.tell("count", 0);
  await assert.rejects(stranger.call("count", 0, timeout), { name: "CLUSTER_INSTANCE_ID_MISMATCH", win32: 5893 });
  assert.equal(reached, 0);
  instance = "c2";
  assert.equal(await stranger.call("count", 0, timeout), 1);
  const newcomer = await dial(outside, at, undefined);
  assert.equal(await newcomer.call("who", 0, timeout), undefined);
  assert.equal(await stranger.call("who", 0, timeout), "c2");
  stranger.close();
  newcomer.close();
  await listener.close();
});

test("too long a message is refused where it is made; the connection goes on", async () => {
  const at = place();
  const listener = await serve(outside.net, at, () => "c1", handlers);
  const caller = await dial(outside, at, "c1");
  await assert.rejects(caller.call("echo", new Uint8Array(60 * 1024 * 1024), timeout), { name: "MORE_DATA" });
  await assert.rejects(caller.call("huge", 0, timeout), { name: "MORE_DATA" });
  const most = new Uint8Array(40 * 1024 * 1024).fill(7);
  const back = await caller.call("echo", most, timeout);
  assert.ok(back instanceof Uint8Array && Buffer.compare(back, most) === 0);
  caller.close();
  await listener.close();
});

test("a call that is not answered fails: by time, by the other end's close, by one's own", async () => {
  const at = place();
  let peers: Peer[] = [];
  const listener = await serve(outside.net, at, () => "c1", {
    ...handlers,
    hang: (_, from) => {
      peers.push(from);
      return new Promise(() => undefined);
    },
  });
  const unreachable = { name: "CLUSTER_NODE_UNREACHABLE" };
  const wakes: (() => void)[] = [];
  const timers: Timers = {
    sleep: (_, signal) =>
      new Promise((resolve) => {
        wakes.push(resolve);
        signal?.addEventListener("abort", () => resolve());
      }),
  };
  const caller = await dial({ net: outside.net, timers }, at, "c1");
  const late = caller.call("hang", 0, 5);
  const other = caller.call("echo", 1, 5);
  wakes[0]?.();
  await assert.rejects(late, unreachable);
  assert.equal(await other, 1);
  const cut = caller.call("hang", 0, timeout);
  while (peers.length < 2) await new Promise(setImmediate);
  const closed = new Promise<void>((resolve) => caller.onClose(resolve));
  peers[1]?.close();
  await assert.rejects(cut, unreachable);
  await closed;
  await assert.rejects(caller.call("echo", 1, timeout), unreachable);
  caller.tell("echo", 1);

  peers = [];
  const second = await dial(outside, at, "c1");
  const own = second.call("hang", 0, timeout);
  while (peers.length < 1) await new Promise(setImmediate);
  const seen = new Promise<void>((resolve) => peers[0]?.onClose(resolve));
  second.close();
  await assert.rejects(own, unreachable);
  await seen;
  const third = await dial(outside, at, "c1");
  const left = new Promise<void>((resolve) => third.onClose(resolve));
  await third.call("echo", 1, timeout);
  await listener.close();
  await left;
  await assert.rejects(dial(outside, at, "c1"), unreachable);
});

test("one-way messages arrive in order, in both directions", async () => {
  const at = place();
  const listener = await serve(outside.net, at, () => "c1", {
    ...handlers,
    count: (body, from) => {
      from.tell("counted", body);
      return Promise.resolve();
    },
  });
  const counted: unknown[] = [];
  const caller = await dial(outside, at, "c1", {
    counted: (body) => {
      counted.push(body);
      return Promise.resolve();
    },
  });
  for (let n = 0; n < 100; n++) caller.tell("count", n);
  await caller.call("echo", 0, timeout);
  assert.deepEqual(
    counted,
    Array.from({ length: 100 }, (_, n) => n),
  );
  caller.close();
  await listener.close();
});

test("a peer that sends anything else is cut off", async () => {
  const at = place();
  const listener = await serve(outside.net, at, () => "c1", handlers);
  for (const frame of [
    "",
    "{",
    "[]",
    '{"kind":"call","id":1.5,"method":"echo"}',
    '{"kind":"call","id":1,"method":7}',
    '{"$b":""}',
  ]) {
    const connection = await outside.net.connect(at);
    const closed = new Promise<void>((resolve) => connection.onClose(resolve));
    connection.send(new TextEncoder().encode(frame));
    await closed;
  }
  await listener.close();
});
