import assert from "node:assert/strict";
import { test } from "node:test";
import { fail } from "../base/errors.ts";
import { silentLog } from "../base/log.ts";
import type { Outside } from "../base/outside.ts";
import { addNode } from "../database/commands/node.ts";
import { initialDatabase } from "../database/initial-database.ts";
import { Replica } from "../database/replica.ts";
import { createMemoryStore, openMemoryQuorum } from "../quorum/memory/quorum.ts";
import type { Quorum } from "../quorum/quorum.ts";
import { firstTag } from "../quorum/tag.ts";
import { applyEdits } from "../tree/edit.ts";
import { emptyKey } from "../tree/key.ts";
import { sz } from "../tree/value.ts";
import { Arrivals } from "./arrivals.ts";
import { imageOf } from "./copy-image.ts";
import type { HostLink } from "./host-link.ts";
import { Leader } from "./leader.ts";
import { Membership } from "./membership.ts";
import { nodeRecord } from "./node-records.ts";
import { joinItself, refuseOtherFolder } from "./other-folder.ts";
import { directoryTiming, takeoverWait } from "./timing.ts";

const guid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const identity = { name: "c", instance: guid(1), generation: 1, lineage: guid(2) };
const timing = directoryTiming();

/** A world in which every sleep passes at once. */
function world() {
  let now = 1000;
  let random = 0;
  const outside = {
    clock: { boot: () => now, wall: () => now },
    timers: {
      sleep: async (ms: number, signal?: AbortSignal) => {
        await new Promise((resolve) => setImmediate(resolve));
        if (signal?.aborted !== true) now += ms;
      },
    },
    random: { bytes: (count: number) => new Uint8Array(count).fill(random++) },
  } as unknown as Outside;
  const calls: string[] = [];
  const store = createMemoryStore();
  store.fault = (call) => {
    calls.push(call);
    return undefined;
  };
  const host: HostLink = {
    endpoint: "h",
    follow: () => undefined,
    lead: async () => void calls.push("lead"),
    stopLeading: () => undefined,
    stopFollowing: () => undefined,
    grantFor: async (length) => void calls.push(`grant ${length}`),
    admit: async (node, incarnation) => void calls.push(`admit ${node} ${incarnation}`),
    expire: async () => undefined,
    onSilence: () => undefined,
    onRefused: () => undefined,
    onSuperseded: () => undefined,
    ended: new Promise(() => undefined),
  };
  return { outside, store, calls, host };
}

/** A cluster of nodes 1 and 2. */
async function cluster() {
  const made = world();
  const quorum = openMemoryQuorum(made.store, made.outside);
  let guids = 10;
  const first = initialDatabase({
    clusterName: "c",
    instance: identity.instance,
    nodeId: "1",
    nodeName: "n1",
    time: 0n,
    newGuid: () => guid(guids++),
  });
  const tree = applyEdits(first, addNode(first, { name: "n2" }).edits, 0n);
  await quorum.create(identity, imageOf(tree, firstTag, 0));
  const replica = new Replica(emptyKey("Cluster", 0n), { generation: 0, epoch: 0, sequence: 0 }, "");
  const parts = (node: string) => ({
    outside: made.outside,
    quorum,
    host: made.host,
    timing,
    log: silentLog,
    replica,
    logSizeMax: () => 1e9,
    self: { node, incarnation: guid(3), endpoint: "e1" },
    generation: 0,
    dial: () => Promise.reject(new Error("nobody to dial")),
    saveDiverged: async () => undefined,
  });
  return { ...made, quorum, replica, parts };
}

async function leading(quorum: Quorum, parts: ConstructorParameters<typeof Membership>[0]): Promise<Leader> {
  const leadership = await quorum.claim(0, { ...parts.self, hostEndpoint: "h" });
  assert.ok(leadership);
  return Leader.start(parts, leadership, { lastMovement: 0 });
}

const joinOf = (node: string, incarnation: string) => ({
  node,
  incarnation,
  endpoint: `e${node}`,
  lineage: "",
  admitted: 0,
  tag: { generation: 0, epoch: 0, sequence: 0 },
});

test("a join that was long on its way is refused once that life has been proven over", async () => {
  const { quorum, replica, parts, calls } = await cluster();
  const leader = await leading(quorum, parts("1"));
  const [old, present] = [guid(4), guid(5)];
  await quorum.proofs.write({ node: "2", incarnation: old });
  await leader.join(joinOf("2", present));
  await assert.rejects(leader.join(joinOf("2", old)), { name: "CLUSTER_POISONED" });
  assert.equal(calls.includes(`admit 2 ${old}`), false);
  await leader.review();
  const record = nodeRecord(replica.tree(), "2");
  assert.deepEqual([record?.up, record?.incarnation], [true, present]);
});

test("a node that lives in another folder may not be taken over by a copy of it; after its time is over it may", async () => {
  const { quorum, replica, parts, calls, outside } = await cluster();
  const leader = await leading(quorum, parts("1"));
  const [living, copy] = [guid(4), guid(5)];
  await leader.join(joinOf("2", living));
  await assert.rejects(leader.join({ ...joinOf("2", copy), endpoint: "elsewhere" }), { name: "CLUSTER_NODE_UP" });
  assert.deepEqual([calls.includes(`admit 2 ${copy}`), nodeRecord(replica.tree(), "2")?.incarnation], [false, living]);
  await outside.timers.sleep(timing.permit);
  await leader.silent("2", living);
  await outside.timers.sleep(10 * timing.permit);
  await leader.review();
  await leader.join({ ...joinOf("2", copy), endpoint: "elsewhere" });
  assert.equal(nodeRecord(replica.tree(), "2")?.incarnation, copy);
});

test("a host whose node has just been let in may still be on its way to ask", async () => {
  const { quorum, replica, parts, outside } = await cluster();
  const leader = await leading(quorum, parts("1"));
  const life = guid(4);
  const isUp = async (): Promise<boolean | undefined> => {
    await leader.silent("2", life);
    await outside.timers.sleep(10 * timing.permit);
    await leader.review();
    return nodeRecord(replica.tree(), "2")?.up;
  };
  await leader.join(joinOf("2", life));
  assert.equal(await isUp(), true);
  assert.equal(await isUp(), false);
});

test("a node's host asks for permits before its copy is taken, and no more when none can be had", async () => {
  const { quorum, parts, host, calls } = await cluster();
  const leader = await leading(quorum, parts("1"));
  const lead: Partial<HostLink> = {
    follow: () => void calls.push("follow"),
    stopFollowing: () => {
      calls.push("stop-following");
      membership.stop("the test has seen enough");
    },
  };
  const load = (): Promise<never> => {
    calls.push("load");
    return Promise.reject(new Error("the quorum can't be read"));
  };
  const never = (): Promise<never> => new Promise(() => undefined);
  const replica = new Replica(emptyKey("Cluster", 0n), { generation: 0, epoch: 0, sequence: 0 }, "");
  const membership = new Membership({
    ...parts("2"),
    replica,
    self: { node: "2", incarnation: guid(4), endpoint: "e2" },
    quorum: { ...quorum, load },
    host: { ...host, ...lead },
    dial: async () => ({
      join: (request) => leader.join(request),
      fetch: never,
      submit: never,
      closed: never(),
      close: () => undefined,
    }),
  });
  calls.length = 0;
  const stopLate = setTimeout(() => membership.stop("the test waited long enough"), 2000);
  await membership.run();
  clearTimeout(stopLate);
  const seen = calls.filter((call) => ["follow", "load", "stop-following"].includes(call));
  assert.deepEqual(seen.slice(-3), ["follow", "load", "stop-following"], seen.join(" "));
});

test("a leader whose own node lived in another folder starts nothing before that life's time is over", async () => {
  const { quorum, replica, parts, outside } = await cluster();
  const former = await leading(quorum, parts("1"));
  await former.join({ ...joinOf("1", guid(3)), endpoint: "elsewhere" });
  await former.stop(true);
  const begin = outside.clock.boot();
  const self = { node: "1", incarnation: guid(6), endpoint: "e1" };
  const leadership = await quorum.claim(1, { ...self, hostEndpoint: "h" });
  assert.ok(leadership);
  const leader = await Leader.start({ ...parts("1"), self }, leadership, { lastMovement: begin });
  const request = { ...joinOf("1", guid(6)), tag: replica.tag(), lineage: replica.lineage() };
  await assert.rejects(
    joinItself(leader, request, { outside, log: silentLog, timing }, () => true),
    { name: "CLUSTER_NODE_UP" },
  );
  await joinItself(leader, request, { outside, log: silentLog, timing }, () => false);
  assert.equal(nodeRecord(replica.tree(), "1")?.incarnation, guid(6));
  assert.ok(outside.clock.boot() - begin >= takeoverWait(timing));
});

test("after a restore a node that lived in another folder is let in when old permits are over", async () => {
  const { replica, parts, quorum, outside } = await cluster();
  const leader = await leading(quorum, parts("1"));
  const elsewhere = [{ kind: "set-value", path: "Nodes\\2", value: sz("Endpoint", "elsewhere") }] as const;
  await leader.submit({ requestId: guid(90), because: "test", conditions: [], edits: elsewhere });
  const ask = (mayRun: boolean): void => refuseOtherFolder(replica.tree(), joinOf("2", guid(5)), mayRun);
  assert.throws(() => ask(true), { name: "CLUSTER_NODE_UP" });
  ask(false);
  await outside.timers.sleep(takeoverWait(timing));
  await leader.join(joinOf("2", guid(5)));
  assert.equal(nodeRecord(replica.tree(), "2")?.endpoint, "e2");
});

test("a life that is seen to have ended is down at once, without permit; its next life is not touched", async () => {
  const { quorum, replica, parts, calls, host } = await cluster();
  const ended = new Set<string>();
  const asked: string[] = [];
  const hasEnded = async ({ incarnation, endpoint }: { incarnation: string; endpoint: string }): Promise<boolean> => {
    asked.push(`${incarnation} ${endpoint}`);
    return ended.has(incarnation);
  };
  const expire = async (node: string, incarnation: string): Promise<undefined> =>
    void calls.push(`expire ${node} ${incarnation}`);
  const leader = await leading(quorum, { ...parts("1"), host: { ...host, expire }, evidence: { hasEnded } });
  const settled = async (): Promise<void> => {
    await leader.review();
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  const [old, present] = [guid(4), guid(5)];
  await leader.join(joinOf("1", guid(3)));
  await leader.join(joinOf("2", old));
  await settled();
  assert.deepEqual([asked, nodeRecord(replica.tree(), "2")?.up], [[`${old} e2`], true], "it asks of others only");
  ended.add(old);
  await settled();
  assert.equal(nodeRecord(replica.tree(), "2")?.up, false);
  assert.ok(calls.includes(`expire 2 ${old}`), calls.join(" "));
  await assert.rejects(leader.join(joinOf("2", old)), { name: "CLUSTER_POISONED" });
  await leader.join(joinOf("2", present));
  await settled();
  assert.deepEqual(
    [nodeRecord(replica.tree(), "2")?.up, nodeRecord(replica.tree(), "2")?.incarnation],
    [true, present],
  );
});

test("a life that was seen to have ended while its next one joined changes nothing", async () => {
  const { quorum, replica, parts } = await cluster();
  const answer = Promise.withResolvers<boolean>();
  const leader = await leading(quorum, { ...parts("1"), evidence: { hasEnded: () => answer.promise } });
  await leader.join(joinOf("2", guid(4)));
  await leader.review();
  await leader.join(joinOf("2", guid(5)));
  answer.resolve(true);
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(
    [nodeRecord(replica.tree(), "2")?.up, nodeRecord(replica.tree(), "2")?.incarnation],
    [true, guid(5)],
  );
});

test("the counter moves while the quorum is taken over, however long that takes", async () => {
  const { quorum, parts, calls } = await cluster();
  await leading(quorum, parts("1"));
  assert.ok(calls.indexOf("lead") >= 0 && calls.indexOf("lead") < calls.indexOf("takeOver"), calls.join(" "));
});

test("a node that is no member ends its life when it leads: it does not claim again and again", async () => {
  const { parts, calls } = await cluster();
  const membership = new Membership(parts("9"));
  const stopLate = setTimeout(() => membership.stop("the test waited long enough"), 2000);
  const end = await membership.run();
  clearTimeout(stopLate);
  assert.equal(end.refusal?.name, "CLUSTER_NODE_NOT_MEMBER");
  assert.equal(calls.filter((call) => call === "claim").length, 1);
});

test("a leader's own host asks for its permit as soon as it was admitted", async () => {
  const { parts, calls, host } = await cluster();
  const follow = (): void => {
    calls.push("follow");
    if (calls.some((call) => call.startsWith("admit"))) membership.stop("the test has seen enough");
  };
  const membership = new Membership({ ...parts("1"), host: { ...host, follow } });
  const stopLate = setTimeout(() => membership.stop("the test waited long enough"), 2000);
  await membership.run();
  clearTimeout(stopLate);
  assert.ok(calls.lastIndexOf("follow") > calls.findIndex((call) => call.startsWith("admit")), calls.join(" "));
});

test("a leader that never answers a join does not hold up the join to the next leader", async () => {
  const { quorum, parts } = await cluster();
  await leading(quorum, parts("1"));
  const dialed: string[] = [];
  const membership = new Membership({
    ...parts("2"),
    self: { node: "2", incarnation: guid(4), endpoint: "e2" },
    dial: async (endpoint) => {
      dialed.push(endpoint);
      const gone = Promise.withResolvers<never>();
      if (dialed.length === 1)
        await quorum.claim(1, { node: "3", incarnation: guid(7), endpoint: "e3", hostEndpoint: "h" });
      else membership.stop("the test has seen enough");
      gone.promise.catch(() => undefined);
      const never = (): Promise<never> => gone.promise;
      return {
        join: never,
        fetch: never,
        submit: never,
        closed: new Promise(() => undefined),
        close: () => gone.reject(new Error("closed")),
      };
    },
  });
  const stopLate = setTimeout(() => membership.stop("the test waited long enough"), 2000);
  await membership.run();
  clearTimeout(stopLate);
  assert.deepEqual(dialed, ["e1", "e3"]);
});

test("over a damaged quorum a node claims ever more slowly and tells what it found", async () => {
  const { parts } = await cluster();
  const given = parts("1");
  const pauses: number[] = [];
  let told: string | undefined;
  const sleep = async (ms: number): Promise<void> => {
    pauses.push(ms / timing.poll);
    told = membership.trouble()?.happened;
    if (pauses.length === 12) membership.stop("the test has seen enough");
  };
  const claim = (): Promise<never> => Promise.reject(fail("CLUSTERLOG_CORRUPT", { happened: "The log is damaged." }));
  const membership = new Membership({
    ...given,
    quorum: { ...given.quorum, leader: async () => undefined, claim },
    outside: { ...given.outside, timers: { sleep } },
  });
  await membership.run();
  assert.deepEqual(pauses.slice(0, 3), [2, 4, 8]);
  assert.deepEqual(pauses.slice(-2), [600, 600]);
  assert.equal(told, "The log is damaged.");
});

test("who waits for nothing is forgotten", async () => {
  const arrivals = new Arrivals();
  const { timers } = world().outside;
  await Promise.all(Array.from({ length: 10 }, () => arrivals.wait(timers, 5)));
  assert.equal(arrivals.size(), 0);
  const never = { sleep: () => new Promise<void>(() => undefined) };
  const waiting = arrivals.wait(never, 5);
  assert.equal(arrivals.size(), 1);
  arrivals.wake();
  await waiting;
  assert.equal(arrivals.size(), 0);
});

test("a leader whose own copy is not part of the quorum's history puts it aside before it takes the quorum's", async () => {
  for (const [tag, lineage, aside] of [
    [{ generation: 1, epoch: 4, sequence: 9 }, identity.lineage, 1],
    [{ generation: 1, epoch: 4, sequence: 9 }, guid(8), 1],
    [{ generation: 1, epoch: 0, sequence: 0 }, identity.lineage, 0],
    [{ generation: 0, epoch: 0, sequence: 0 }, "", 0],
  ] as const) {
    const { quorum, replica, parts } = await cluster();
    replica.reset(replica.tree(), tag, lineage);
    let saved = 0;
    const saveDiverged = async (): Promise<void> => {
      assert.deepEqual(replica.tag(), tag);
      saved++;
    };
    await leading(quorum, { ...parts("1"), saveDiverged });
    assert.equal(saved, aside, JSON.stringify(tag));
    assert.equal(replica.tag().epoch, 1);
  }
});
