/** The quorum on an etcd in memory: answers that get lost, transactions that come late, an etcd that was put back or is full. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { createEtcdModel, type EtcdModel } from "../../sim/etcd-model.ts";
import { testQuorum } from "../../../test/conformance/quorum.ts";
import {
  decode,
  encode,
  failure,
  identity,
  imageOf,
  lead,
  recordOf,
  resource,
  stateOf,
  whoOf,
} from "../../../test/conformance/quorum-scene.ts";
import { openOutside } from "../../base/outside-node.ts";
import type { Quorum } from "../quorum.ts";
import { decodeBatch, encodeBatch } from "./codec.ts";
import { buildGeneration, switchGeneration } from "./generation.ts";
import { formatEtcdPlace, parseEtcdPlace } from "./place.ts";
import { openEtcdQuorum } from "./quorum.ts";
import type { ClusterKeys } from "./seal.ts";

const { random } = openOutside();
const prefix = "/model";
const key = { id: "0011223344556677", secret: random.bytes(32) };
const keys: ClusterKeys = {
  begin: async () => key,
  newest: async () => key,
  find: async (id) => (id === key.id ? key : undefined),
};

function open(client: EtcdModel, own: ClusterKeys = keys): Promise<Quorum> {
  return openEtcdQuorum({ client, prefix, random, keys: own, place: "etcd:model", election: 1000 });
}

async function create(client: EtcdModel): Promise<Quorum> {
  const quorum = await open(client);
  await quorum.create(identity, imageOf("first"));
  return quorum;
}

/** Does every change twice, as a client does whose answers are lost. */
function losingAnswers(): EtcdModel {
  const model = createEtcdModel();
  const txn = model.txn.bind(model);
  model.fault = (transaction) => (transaction.does.some((each) => !("get" in each)) ? "twice" : undefined);
  model.txn = async (transaction) => {
    try {
      return await txn(transaction);
    } catch {
      const { fault } = model;
      model.fault = () => undefined;
      return txn(transaction).finally(() => (model.fault = fault));
    }
  };
  return model;
}

for (const [name, make] of Object.entries({
  "an etcd in memory": createEtcdModel,
  "an etcd whose answers are lost": losingAnswers,
})) {
  testQuorum(name, async () => {
    const client = make();
    return {
      open: () => open(client),
      replace: async (next, image, versions) => {
        await buildGeneration({ client, prefix, random, keys, election: 1000 }, next, image, versions);
        await switchGeneration(client, prefix, next);
        await switchGeneration(client, prefix, next);
      },
      kill: (_incarnation, leadership) => leadership.resign(),
      remove: async () => undefined,
    };
  });
}

describe("an etcd that is late, put back or full", () => {
  test("what an old leader sent comes late and changes nothing", async () => {
    const client = createEtcdModel();
    const one = await create(client);
    const old = await lead(one, "1");
    assert.equal(await old.append(recordOf(1, 1)), "acknowledged");
    client.fault = () => "late";
    await assert.rejects(old.append(recordOf(1, 2)));
    client.fault = () => undefined;
    const young = await lead(await open(client), "2");
    client.deliver();
    assert.equal(await young.append(recordOf(2, 2)), "acknowledged");
    client.deliver();
    assert.deepEqual(stateOf(await one.load()), ["first", "update 1 of 1", "update 2 of 2"]);
  });

  test("on an etcd that was put back nothing more is acknowledged", async () => {
    const client = createEtcdModel();
    const quorum = await create(client);
    const leadership = await lead(quorum, "1");
    const before = new Map(client.content);
    assert.equal(await leadership.append(recordOf(1, 1)), "acknowledged");
    client.content.clear();
    for (const [name, value] of before) client.content.set(name, value);
    await assert.rejects(leadership.append(recordOf(1, 2)), failure("CLUSTERLOG_CORRUPT"));
  });

  test("a full etcd is emptied of its history before the call is tried again", async () => {
    const client = createEtcdModel();
    const quorum = await create(client);
    const leadership = await lead(quorum, "1");
    const done: string[] = [];
    client.compact = async () => void done.push("compact");
    client.disarm = async () => {
      done.push("disarm");
      client.fault = () => undefined;
    };
    client.fault = ({ does }) => (does.some((each) => "put" in each) ? "ENOSPC" : undefined);
    assert.equal(await leadership.append(recordOf(1, 1)), "acknowledged");
    assert.deepEqual(done, ["compact", "disarm"]);
  });

  test("the leader's counter stands still while etcd answers nobody, and the epoch is the same after", async () => {
    const client = createEtcdModel();
    const quorum = await create(client);
    const leadership = await lead(quorum, "1");
    assert.equal(await quorum.confirm(1), true);
    client.fault = () => "ETIMEDOUT";
    await assert.rejects(quorum.confirm(1));
    client.fault = () => undefined;
    assert.equal(await quorum.confirm(1), true);
    assert.equal(await leadership.append(recordOf(1, 1)), "acknowledged");
  });

  test("a host's proof of its life shows that the leader died", async () => {
    const client = createEtcdModel();
    const quorum = await create(client);
    await lead(quorum, "7");
    assert.equal(await quorum.holderDied(1), false);
    await quorum.proofs.write({ node: "7", incarnation: "another" });
    assert.equal(await quorum.holderDied(1), false);
    await quorum.proofs.write({ node: "7", incarnation: whoOf("7").incarnation });
    assert.equal(await quorum.holderDied(1), true);
  });
});

describe("what is in etcd", () => {
  const large = new Uint8Array(2_500_000).map((_, index) => (index * 31) % 251);

  test("large images, updates and versions are in pieces, and what nothing names goes", async () => {
    const client = createEtcdModel();
    const quorum = await open(client);
    const chunks = (): readonly string[] => [...client.content.keys()].filter((name) => name.includes("/chunk/"));
    await quorum.create(identity, { ...imageOf(""), hive: large });
    assert.equal(chunks().length, 3);
    const leadership = await lead(quorum, "1");
    const record = { ...recordOf(1, 1), body: large };
    assert.equal(await leadership.append(record), "acknowledged");
    assert.equal(await leadership.append(recordOf(1, 2)), "acknowledged");
    assert.deepEqual((await quorum.load()).records, [record, recordOf(1, 2)]);
    const version = await quorum.versions.put(resource, "CPT", 1, large);
    assert.deepEqual(await quorum.versions.read(version), large);
    for (const [name, value] of client.content)
      assert.ok(value.length <= 1_100_000, `${name} has ${value.length} bytes`);
    await leadership.snapshot(imageOf("small", 1, 2));
    assert.equal(chunks().length, 4, "chunks that nothing names were left");
    await leadership.deleteVersion(version);
    assert.equal(chunks().length, 1);
    assert.ok(![...client.content.keys()].some((name) => name.includes("/pending/")));
  });

  test("what is being written is left alone by the leader that clears away", async () => {
    const client = createEtcdModel();
    const quorum = await create(client);
    const leadership = await lead(quorum, "1");
    const txn = client.txn.bind(client);
    let cleared = false;
    client.txn = async (transaction) => {
      if (!cleared && transaction.does.some((each) => "put" in each && each.put.endsWith("/000002"))) {
        cleared = true;
        await leadership.snapshot(imageOf("meanwhile", 1, 0));
      }
      return txn(transaction);
    };
    const version = await quorum.versions.put(resource, "CPT", 1, large);
    assert.ok(cleared);
    assert.deepEqual(await quorum.versions.read(version), large);
  });

  test("an upload whose lease ended is not named, and its chunks go", async () => {
    const client = createEtcdModel();
    const quorum = await create(client);
    const leadership = await lead(quorum, "1");
    let ended = false;
    client.fault = ({ compares = [] }) => {
      if (!ended && compares.some(({ key: name }) => name.includes("/version/"))) {
        ended = true;
        client.endLeases();
      }
      return undefined;
    };
    const version = await quorum.versions.put(resource, "CPT", 1, large);
    assert.ok(ended);
    assert.deepEqual(await quorum.versions.read(version), large);
    await leadership.snapshot(imageOf("again", 1, 0));
    assert.equal([...client.content.keys()].filter((name) => name.includes("/chunk/")).length, 4);
  });

  test("key containers are never in the clear, and open only with their key, as that version", async () => {
    const client = createEtcdModel();
    const quorum = await create(client);
    const secret = "-----BEGIN PRIVATE KEY-----";
    const version = await quorum.versions.put(resource, "CPR", 1, encode(secret));
    for (const value of client.content.values()) assert.ok(!decode(value).includes("PRIVATE"));
    assert.equal(decode(await quorum.versions.read(version)), secret);
    const stranger = await open(client, { ...keys, find: async () => undefined });
    await assert.rejects(stranger.versions.read(version), failure("NTE_BAD_KEY"));
    const wrong = { id: key.id, secret: random.bytes(32) };
    const other = await open(client, { ...keys, newest: async () => wrong, find: async () => wrong });
    await assert.rejects(other.versions.read(version), failure("NTE_BAD_DATA"));
    const [from] = [...client.content].filter(([name]) => name.includes("/version/"));
    assert.ok(from !== undefined);
    client.content.set(from[0].replace("00000001", "00000002"), from[1]);
    await assert.rejects(quorum.versions.read({ ...version, number: 2 }), failure("NTE_BAD_DATA"));
  });

  test("a batch of updates comes back as it was", () => {
    const record = fc.record(
      {
        tag: fc.record({ generation: fc.nat(), epoch: fc.nat(), sequence: fc.nat() }, { noNullPrototype: true }),
        time: fc.integer(),
        body: fc.uint8Array({ maxLength: 300 }),
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(fc.array(record, { minLength: 1 }), (records) => {
        const bytes = encodeBatch(records);
        assert.deepEqual(decodeBatch("record", bytes), records);
        assert.throws(() => decodeBatch("record", bytes.subarray(0, -1)), failure("CLUSTERLOG_CORRUPT"));
      }),
    );
  });
});

test("the place of a quorum on etcd is written in one way and read in all", () => {
  const full = "etcd:https://a:2379,b:2380?prefix=/x/y&election=200&ca=/ca&cert=/c&key=/k%20y&user=u&password-file=/p";
  assert.equal(formatEtcdPlace(parseEtcdPlace(full)), full);
  const short = parseEtcdPlace("etcd:http://a,http://[::1]:99");
  assert.deepEqual(short.endpoints, ["a:2379", "[::1]:99"]);
  assert.deepEqual([short.tls, short.prefix, short.election], [false, "/clubar", undefined]);
  const wrong = [
    "etcd:",
    "etcd:ftp://a",
    "etcd:http://a,https://b",
    "etcd:a b",
    "etcd:a?prefix=x",
    "etcd:a?cert=/c",
    "etcd:a?ca=relative",
    "etcd:a?password=secret",
    "etcd:http://root:secret@a",
    "etcd:http://root:secret?@a",
    "etcd:http://a,root:secret@b",
    "etcd:http://a:99999",
    "etcd:a?election=fast",
    "etcd:a?what=1",
  ];
  for (const place of wrong) {
    assert.throws(
      () => parseEtcdPlace(place),
      (error: Error) => failure("INVALID_PARAMETER")(error) && !error.message.includes("secret"),
      place,
    );
  }
});
