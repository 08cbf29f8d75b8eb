import assert from "node:assert/strict";
import { test } from "node:test";
import { fail } from "../base/errors.ts";
import { openOutside } from "../base/outside-node.ts";
import { type Connection, OutsideError } from "../base/outside.ts";
import type { Caller } from "./call.ts";
import { decodeMessage, encodeMessage } from "./message.ts";
import { dialPaths } from "./paths.ts";

const { timers, clock } = openOutside();

/** A node on several networks, each of which can be cut (what is sent is lost, nobody hears of it) or refuse connections. */
class Networks {
  readonly asked: string[] = [];
  readonly cut: Set<string> = new Set();
  readonly refused: Set<string> = new Set();
  readonly keptOff: Set<string> = new Set();
  readonly #closers = new Map<string, () => void>();
  connections = 0;

  dial(): Promise<Caller> {
    const connect = (address: string): Promise<Connection> => {
      const place = address.replace(/^tls:2@/, "").replace(/:7400$/, "");
      if (this.refused.has(place)) return Promise.reject(new OutsideError("ECONNREFUSED", place));
      this.connections++;
      return Promise.resolve(this.#connection(place));
    };
    const outside = { timers, clock, net: { connect, listen: () => assert.fail() } };
    return dialPaths(outside, "tls:2@a:7400,b:7400", "c1", (host) => this.keptOff.has(host));
  }

  async connected(count: number): Promise<void> {
    while (this.connections < count) await timers.sleep(5);
  }

  close(place: string): void {
    this.#closers.get(place)?.();
  }

  #connection(place: string): Connection {
    const frames: ((frame: Uint8Array) => void)[] = [];
    const closed: (() => void)[] = [];
    let open = true;
    const close = (): void => {
      if (open) for (const handler of closed) handler();
      open = false;
    };
    this.#closers.set(place, close);
    return {
      send: (frame) => {
        if (!open || this.cut.has(place)) return;
        const message = decodeMessage(frame);
        if (message.kind !== "call") return;
        this.asked.push(`${message.method} at ${place}`);
        const failure = fail("FILE_NOT_FOUND", { happened: "There is none." });
        const { id, instance } = message;
        const answer =
          message.method === "fail"
            ? ({ kind: "failure", id, instance, failure } as const)
            : ({ kind: "answer", id, instance, body: place } as const);
        queueMicrotask(() => {
          for (const handler of frames) handler(encodeMessage(answer));
        });
      },
      onFrame: (handler) => void frames.push(handler),
      onClose: (handler) => void closed.push(handler),
      close,
    };
  }
}

test("nothing goes over a network that is kept off, from the next call on; when all are, they are used", async () => {
  const networks = new Networks();
  networks.keptOff.add("a");
  const caller = await networks.dial();
  assert.equal(networks.connections, 1);
  assert.equal(await caller.call("fetch", {}, 40), "b");
  networks.keptOff.delete("a");
  networks.keptOff.add("b");
  await networks.connected(2);
  assert.equal(await caller.call("fetch", {}, 40), "a");
  networks.cut.add("a");
  await assert.rejects(caller.call("fetch", {}, 40), /did not answer fetch/);
  assert.deepEqual(networks.asked, ["fetch at b", "fetch at a"]);
  caller.close();
  networks.cut.clear();
  networks.keptOff.add("a");
  const last = await networks.dial();
  assert.equal(await last.call("fetch", {}, 40), "a");
  last.close();
});

test("a call that one network loses is answered over the other, which comes first from then on", async () => {
  const networks = new Networks();
  const caller = await networks.dial();
  assert.equal(await caller.call("fetch", {}, 40), "a");
  networks.cut.add("a");
  assert.equal(await caller.call("fetch", {}, 40), "b");
  networks.cut.delete("a");
  assert.equal(await caller.call("fetch", {}, 40), "b");
  assert.deepEqual(networks.asked, ["fetch at a", "fetch at b", "fetch at b"]);
  caller.close();
});

test("what must not arrive twice is sent once, where somebody answers", async () => {
  const networks = new Networks();
  const caller = await networks.dial();
  networks.cut.add("a");
  assert.equal(await caller.call("at-owner", {}, 40), "b");
  assert.deepEqual(networks.asked, ["ping at b", "at-owner at b"]);
  networks.cut.add("b");
  await assert.rejects(caller.call("at-owner", {}, 40), { name: "CLUSTER_NODE_UNREACHABLE" });
  assert.equal(networks.asked.length, 2);
  caller.close();
});

test("a network that has just answered is not asked first", async () => {
  const networks = new Networks();
  const caller = await networks.dial();
  await caller.call("fetch", {}, 10_000);
  assert.equal(await caller.call("submit", {}, 10_000), "a");
  assert.deepEqual(networks.asked, ["fetch at a", "submit at a"]);
  caller.close();
});

test("a refusal is an answer: nobody else is asked", async () => {
  const networks = new Networks();
  const caller = await networks.dial();
  await assert.rejects(caller.call("fail", {}, 10_000), { name: "FILE_NOT_FOUND" });
  assert.deepEqual(networks.asked, ["ping at a", "fail at a"]);
  caller.close();
});

test("a silent connection is given up and made anew while another one holds", async () => {
  const networks = new Networks();
  const caller = await networks.dial();
  networks.cut.add("a");
  await caller.call("fetch", {}, 40);
  networks.cut.delete("a");
  while (networks.connections < 3) await timers.sleep(5);
  networks.cut.add("b");
  assert.equal(await caller.call("fetch", {}, 40), "a");
  caller.close();
});

test("it is closed when the last connection is, and opens when one network lets it", async () => {
  const networks = new Networks();
  networks.refused.add("a");
  const caller = await networks.dial();
  assert.equal(await caller.call("fetch", {}, 10_000), "b");
  const closed = new Promise<void>((resolve) => caller.onClose(resolve));
  networks.close("b");
  await closed;
  await assert.rejects(caller.call("fetch", {}, 10_000), { name: "CLUSTER_NODE_UNREACHABLE" });
  networks.refused.add("b");
  await assert.rejects(networks.dial(), { name: "CLUSTER_NODE_UNREACHABLE" });
});
