/** A cluster for tests of checkpoints: one database in memory, a quorum in memory, nodes with registries on simulated disks. */
import { newGuid } from "../../src/base/guid.ts";
import { silentLog } from "../../src/base/log.ts";
import { fail } from "../../src/base/errors.ts";
import type { Clock, Outside, Timers } from "../../src/base/outside.ts";
import { createCheckpoints, type Checkpoints, type ContainerStore } from "../../src/checkpoint/checkpoint.ts";
import { verifyEvidence } from "../../src/checkpoint/verify.ts";
import { prepare } from "../../src/database/apply.ts";
import type { Change } from "../../src/database/change.ts";
import type { Database } from "../../src/database/database.ts";
import type { SubmitResult, Update } from "../../src/database/update.ts";
import { createMemoryStore, openMemoryQuorum, type MemoryStore } from "../../src/quorum/memory/quorum.ts";
import type { CheckpointVersions, Leadership, Quorum } from "../../src/quorum/quorum.ts";
import type { Tag } from "../../src/quorum/tag.ts";
import { formatContainerName, type ContainerName } from "../../src/registry/container-name.ts";
import { openRegistry, type Registry } from "../../src/registry/registry.ts";
import { Disk } from "../../src/sim/disk.ts";
import { openFiles } from "../../src/sim/files.ts";
import { randomFrom } from "../../src/sim/random.ts";
import { applyEdits, type Edit } from "../../src/tree/edit.ts";
import { buildKey, findValue, type Key } from "../../src/tree/key.ts";
import { dword, multiSz, sz, textOf } from "../../src/tree/value.ts";
import { imageOf, identity } from "../conformance/quorum-scene.ts";

export const resource = "44444444-4444-4444-8444-444444444444";
export const otherResource = "66666666-6666-4666-8666-666666666666";
export const group = "77777777-7777-4777-8777-777777777777";
export const otherGroup = "88888888-8888-4888-8888-888888888888";

/** Time that jumps to the next sleeper as soon as nothing else happens. */
export class JumpingTime {
  now = 0;
  #sleepers: { at: number; wake: () => void }[] = [];
  #pumping = false;
  readonly clock: Clock = { boot: (): number => this.now, wall: (): number => 1_767_225_600_000 + this.now };
  readonly timers: Timers = { sleep: (ms: number, signal?: AbortSignal): Promise<void> => this.#sleep(ms, signal) };

  #sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const sleeper = { at: this.now + ms, wake: resolve };
      this.#sleepers.push(sleeper);
      signal?.addEventListener("abort", () => {
        this.#sleepers = this.#sleepers.filter((one) => one !== sleeper);
        resolve();
      });
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      this.#sleepers.sort((a, b) => a.at - b.at);
      const next = this.#sleepers.shift();
      if (next === undefined) return;
      this.now = Math.max(this.now, next.at);
      next.wake();
      if (this.#sleepers.length > 0) this.#pump();
    });
  }
}

export class Containers implements ContainerStore {
  readonly bytes: Map<string, Uint8Array> = new Map<string, Uint8Array>();
  readonly hidden: Set<string> = new Set<string>();
  readonly #handlers = new Map<string, Set<() => void>>();
  failImport = false;

  exportContainer(name: ContainerName): Uint8Array {
    const text = formatContainerName(name);
    const bytes = this.bytes.get(text);
    if (bytes === undefined) throw fail("NTE_BAD_KEYSET", { happened: `There is no ${text}.` });
    if (this.hidden.has(text)) throw fail("NTE_BAD_KEY", { happened: `${text} is not exportable.` });
    return bytes;
  }

  async importContainer(name: ContainerName, bytes: Uint8Array): Promise<void> {
    await Promise.resolve();
    if (this.failImport) throw fail("DISK_FULL", { happened: "The disk is full." });
    this.set(formatContainerName(name), bytes);
  }

  async delete(name: ContainerName): Promise<void> {
    this.bytes.delete(formatContainerName(name));
    await Promise.resolve();
  }

  watch(name: ContainerName, handler: () => void): () => void {
    const text = formatContainerName(name);
    const handlers = this.#handlers.get(text) ?? new Set();
    this.#handlers.set(text, handlers.add(handler));
    return () => handlers.delete(handler);
  }

  set(text: string, bytes: Uint8Array): void {
    this.bytes.set(text, bytes);
    for (const handler of this.#handlers.get(text) ?? []) handler();
  }
}

/** Calls of one life of a node; it dies at one of them, before or after the call took effect. */
export class Gate {
  calls = 0;
  dead = false;
  dieAt: number = Number.POSITIVE_INFINITY;
  dieAfter = false;
  /** The call that goes no further until `resume`; resolves `stalled`. */
  stallAt: number = Number.POSITIVE_INFINITY;
  readonly stalled: Promise<void>;
  readonly resume: () => void;
  readonly #resumed: Promise<void>;
  #stall: () => void = () => undefined;
  #onDeath: (() => void)[] = [];

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#resumed = promise;
    this.resume = resolve;
    this.stalled = new Promise((stall) => {
      this.#stall = stall;
    });
  }

  async pass<T>(effect: () => Promise<T>): Promise<T> {
    if (this.dead) return never();
    const number = ++this.calls;
    if (number === this.stallAt) {
      this.#stall();
      await this.#resumed;
    }
    const dies = number === this.dieAt;
    if (dies && !this.dieAfter) return this.#die();
    const result = await effect();
    if (dies) return this.#die();
    return this.dead ? never() : result;
  }

  whenDead(): Promise<void> {
    return this.dead ? Promise.resolve() : new Promise((resolve) => this.#onDeath.push(resolve));
  }

  kill(): void {
    this.dead = true;
    for (const tell of this.#onDeath) tell();
  }

  #die(): Promise<never> {
    this.kill();
    return never();
  }
}

function never(): Promise<never> {
  return new Promise<never>(() => undefined);
}

export interface Life {
  readonly checkpoints: Checkpoints;
  readonly gate: Gate;
}

export class Scene {
  readonly time: JumpingTime = new JumpingTime();
  readonly store: MemoryStore = createMemoryStore();
  readonly nodes: SceneNode[] = [];
  tree: Key;
  tag: Tag = { generation: 1, epoch: 1, sequence: 0 };
  /** What the next submit answers instead of being ordered, or after it was. */
  nextAnswer: { readonly ordered: boolean; readonly answer: SubmitResult } | undefined;
  #quorum: Quorum | undefined;
  #leadership: Leadership | undefined;

  private constructor() {
    this.tree = initialTree();
  }

  static async open(nodeCount = 2): Promise<Scene> {
    const scene = new Scene();
    scene.#quorum = openMemoryQuorum(scene.store, scene.time);
    await scene.#quorum.create(identity, imageOf("first"));
    const who = { node: "1", incarnation: "i", endpoint: "e", hostEndpoint: "h" };
    scene.#leadership = await scene.#quorum.claim(0, who);
    for (let id = 1; id <= nodeCount; id++) scene.nodes.push(await SceneNode.open(scene, String(id)));
    return scene;
  }

  get versions(): CheckpointVersions {
    if (this.#quorum === undefined) throw new Error("not open");
    return this.#quorum.versions;
  }

  get leadership(): Leadership {
    if (this.#leadership === undefined) throw new Error("not open");
    return this.#leadership;
  }

  node(id: number): SceneNode {
    const node = this.nodes[id - 1];
    if (node === undefined) throw new Error(`no node ${id}`);
    return node;
  }

  async order(update: Update): Promise<SubmitResult> {
    await verifyEvidence(this.versions, update);
    await this.time.timers.sleep(0);
    const { nextAnswer } = this;
    this.nextAnswer = undefined;
    if (nextAnswer?.ordered === false) return nextAnswer.answer;
    const tag = { ...this.tag, sequence: this.tag.sequence + 1 };
    const prepared = prepare(this.tree, update, tag, this.time.clock.wall());
    if (prepared.outcome === "refused") return { outcome: "refused", condition: prepared.condition };
    if (prepared.outcome === "applies") {
      this.tree = prepared.tree;
      this.tag = tag;
    }
    return nextAnswer?.answer ?? { outcome: "applied", tag };
  }

  edit(...edits: readonly Edit[]): void {
    this.tree = applyEdits(this.tree, edits, 1n);
  }

  async change(change: Change): Promise<SubmitResult> {
    return this.order({ ...change, requestId: newGuid(this.node(1).outside.random) });
  }

  /** The group belongs to a node, under a new ownership generation. */
  place(node: number, id: string = group): void {
    const path = `Runtime\\Groups\\${id}`;
    const generation = this.generation(id) + 1;
    this.edit(
      { kind: "set-value", path, value: sz("Owner", String(node)) },
      { kind: "set-value", path, value: dword("OwnershipGeneration", generation) },
      { kind: "set-value", path: `Runtime\\Nodes\\${node}`, value: sz("Incarnation", `i${node}`) },
    );
  }

  generation(id: string = group): number {
    const value = findValue(this.tree, `Runtime\\Groups\\${id}`, "OwnershipGeneration");
    return value === undefined ? 0 : new DataView(value.data.buffer, value.data.byteOffset).getUint32(0, true);
  }

  /** The database as the leader's node has it. */
  leaderDatabase(): Database {
    return this.database("1", new Gate());
  }

  database(node: string, gate: Gate): Database {
    return {
      tree: () => this.tree,
      tag: () => this.tag,
      submit: (update) => gate.pass(() => this.order(update)),
      waitFor: () => Promise.resolve(),
      onChange: () => () => undefined,
      self: { node, incarnation: `i${node}` },
      isLeader: () => node === "1",
    };
  }
}

export class SceneNode {
  readonly id: string;
  readonly outside: Outside;
  readonly registry: Registry;
  readonly keys: Containers = new Containers();
  readonly #scene: Scene;

  private constructor(scene: Scene, id: string, outside: Outside, registry: Registry) {
    this.#scene = scene;
    this.id = id;
    this.outside = outside;
    this.registry = registry;
  }

  static async open(scene: Scene, id: string): Promise<SceneNode> {
    const disk = new Disk(id);
    const random = randomFrom(id);
    const view = { diskOf: () => disk, wall: () => scene.time.clock.wall(), folder: "/" };
    const { files } = openFiles(view, {
      async call(call) {
        call.enter?.();
        await Promise.resolve();
        return call.effect();
      },
    });
    const { clock, timers } = scene.time;
    const outside = {
      clock,
      timers,
      files,
      random: { bytes: (count: number) => random.bytes(count) },
    } as unknown as Outside;
    return new SceneNode(scene, id, outside, await openRegistry(outside, "/data/registry"));
  }

  /** A new life of the node's service. */
  life(): Life {
    const gate = new Gate();
    const { versions } = this.#scene;
    const gated: CheckpointVersions = {
      put: (...args) => gate.pass(() => versions.put(...args)),
      read: (version) => gate.pass(() => versions.read(version)),
      list: (id) => gate.pass(() => versions.list(id)),
      resources: () => gate.pass(() => versions.resources()),
    };
    const registry = Object.create(this.registry) as Registry;
    registry.transact = (edits) => gate.pass(() => this.registry.transact(edits));
    registry.root = () => this.registry.root();
    registry.watch = (path, handler) => this.registry.watch(path, () => (gate.dead ? undefined : handler()));
    const checkpoints = createCheckpoints({
      outside: this.outside,
      database: this.#scene.database(this.id, gate),
      registry,
      keys: this.keys,
      versions: gated,
      log: silentLog,
      folder: "/data",
    });
    return { checkpoints, gate };
  }

  async set(path: string, text: string): Promise<void> {
    await this.registry.transact([{ kind: "set-value", path, value: sz("v", text) }]);
  }

  get(path: string): string | undefined {
    return textOf(findValue(this.registry.root(), path, "v"));
  }
}

function initialTree(): Key {
  const key = (name: string, values: Parameters<typeof buildKey>[0]["values"], children: Key[] = []): Key =>
    buildKey({ name, lastWritten: 1n, values, children });
  return key(
    "Cluster",
    [],
    [
      key(
        "Groups",
        [],
        [
          key(group, [sz("Name", "Group"), multiSz("Contains", [resource])]),
          key(otherGroup, [sz("Name", "Other group"), multiSz("Contains", [otherResource])]),
        ],
      ),
      key(
        "Resources",
        [],
        [
          key(resource, [sz("Name", "Shop"), sz("Type", "Generic Application")]),
          key(otherResource, [sz("Name", "Mail"), sz("Type", "Generic Application")]),
        ],
      ),
      key("Runtime", [], [key("Groups", [], [key(group, []), key(otherGroup, [])])]),
    ],
  );
}
