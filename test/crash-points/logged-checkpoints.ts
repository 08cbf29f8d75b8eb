/** Checkpoints on a simulated disk that may crash: the database is nothing but the quorum's log. */
import assert from "node:assert/strict";
import { silentLog } from "../../src/base/log.ts";
import type { Files, Outside } from "../../src/base/outside.ts";
import { createCheckpoints, type Checkpoints } from "../../src/checkpoint/checkpoint.ts";
import { verifyEvidence } from "../../src/checkpoint/verify.ts";
import { applyRecord, prepare } from "../../src/database/apply.ts";
import type { Database } from "../../src/database/database.ts";
import { encodeUpdate } from "../../src/database/update-codec.ts";
import type { SubmitResult, Update } from "../../src/database/update.ts";
import { readHive, writeHive } from "../../src/hive/index.ts";
import { openDiskQuorum } from "../../src/quorum/disk/quorum.ts";
import type { Leadership, Loaded, Quorum, SnapshotImage } from "../../src/quorum/quorum.ts";
import type { Tag } from "../../src/quorum/tag.ts";
import { openKeyContainers, type KeyContainers } from "../../src/registry/key-containers.ts";
import { openRegistry, type Registry } from "../../src/registry/registry.ts";
import type { Key } from "../../src/tree/key.ts";
import { identity } from "../conformance/quorum-scene.ts";
import { JumpingTime, Scene } from "../checkpoint/scene.ts";

/** The same names and keys in every run. */
function outsideOf(files: Files, salt: number): Outside {
  const { clock, timers } = new JumpingTime();
  let made = 0;
  const bytes = (count: number): Uint8Array => new Uint8Array(count).fill(++made & 0xff).fill(salt, 0, 1);
  return { files, clock, timers, random: { bytes } } as unknown as Outside;
}

const imageOf = (tree: Key, tag: Tag): SnapshotImage => ({ tag, hive: writeHive(tree, { time: 1n }) });

function replay(loaded: Loaded): { tree: Key; tag: Tag } {
  let { root: tree } = readHive(loaded.snapshot.hive);
  for (const record of loaded.records) tree = applyRecord(tree, record);
  return { tree, tag: loaded.records.at(-1)?.tag ?? loaded.snapshot.tag };
}

/** A database that is nothing but the quorum's log. */
class LoggedDatabase implements Database {
  readonly self = { node: "1", incarnation: "i1" };
  readonly #quorum: Quorum;
  readonly #leadership: Leadership;
  #state: { tree: Key; tag: Tag };

  constructor(quorum: Quorum, leadership: Leadership, state: { tree: Key; tag: Tag }) {
    this.#quorum = quorum;
    this.#leadership = leadership;
    this.#state = state;
  }

  tree(): Key {
    return this.#state.tree;
  }

  tag(): Tag {
    return this.#state.tag;
  }

  async submit(update: Update): Promise<SubmitResult> {
    await verifyEvidence(this.#quorum.versions, update);
    const tag = { ...this.#state.tag, sequence: this.#state.tag.sequence + 1 };
    const prepared = prepare(this.#state.tree, update, tag, 0);
    if (prepared.outcome === "refused") return prepared;
    assert.equal(prepared.outcome, "applies");
    const answer = await this.#leadership.append({ tag, time: 0, body: encodeUpdate(update) });
    if (answer === "unknown" || prepared.outcome !== "applies") return { outcome: "unknown" };
    this.#state = { tree: prepared.tree, tag };
    return { outcome: "applied", tag };
  }

  waitFor(): Promise<void> {
    return Promise.resolve();
  }

  onChange(): () => void {
    return () => undefined;
  }

  isLeader(): boolean {
    return true;
  }
}

/** One life of node 1: the leader, which owns the resource. */
export interface Opened {
  readonly checkpoints: Checkpoints;
  readonly registry: Registry;
  readonly keys: KeyContainers;
  readonly database: LoggedDatabase;
  readonly quorum: Quorum;
  readonly leadership: Leadership;
}

/** Opens what is on the disk; with `first`, makes a cluster of it. */
export async function open(files: Files, salt: number, first?: Key): Promise<Opened> {
  const outside = outsideOf(files, salt);
  const quorum = await openDiskQuorum(outside, "/shared/quorum");
  if (first !== undefined) await quorum.create(identity, imageOf(first, { generation: 1, epoch: 0, sequence: 0 }));
  const claim = await quorum.leader();
  const leadership = await quorum.claim(claim?.epoch ?? 0, {
    node: "1",
    incarnation: "i",
    endpoint: "e",
    hostEndpoint: "h",
  });
  assert.ok(leadership !== undefined);
  let state: { tree: Key; tag: Tag } | undefined;
  await leadership.takeOver((loaded) => {
    const found = replay(loaded);
    state = { tree: found.tree, tag: { ...found.tag, epoch: leadership.epoch } };
    return imageOf(state.tree, state.tag);
  });
  assert.ok(state !== undefined);
  const database = new LoggedDatabase(quorum, leadership, state);
  const registry = await openRegistry(outside, "/node/registry");
  const keys = await openKeyContainers(outside, "/node/keys");
  const checkpoints = createCheckpoints({
    outside,
    database,
    registry,
    keys,
    versions: quorum.versions,
    log: silentLog,
    folder: "/node",
  });
  return { checkpoints, registry, keys, database, quorum, leadership };
}

/** A database whose one resource belongs to node 1. */
export async function firstTree(): Promise<Key> {
  const scene = await Scene.open(1);
  scene.place(1);
  return scene.tree;
}
