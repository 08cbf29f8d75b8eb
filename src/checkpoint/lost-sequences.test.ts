/** Whatever is lost, withdrawn, re-created and moved: a resource never comes online with settings older than the newest. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { resource, Scene } from "../../test/checkpoint/scene.ts";
import { readRecords } from "./records.ts";
import type { Checkpoints } from "./checkpoint.ts";
import { inspectStored } from "./stored.ts";

const path = "SOFTWARE\\Shop";

type Action =
  | { readonly kind: "change" | "offline" | "recreate" | "withdraw" | "audit" }
  | { readonly kind: "online" | "edit"; readonly node: number }
  | { readonly kind: "lose"; readonly how: "lost" | "torn" | "older" };

const node = fc.integer({ min: 1, max: 3 });
const plain = { noNullPrototype: true } as const;
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("change" as const) }, plain) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("online" as const), node }, plain) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("edit" as const), node }, plain) },
  {
    weight: 4,
    arbitrary: fc.record(
      { kind: fc.constant("lose" as const), how: fc.constantFrom("lost" as const, "torn" as const, "older" as const) },
      plain,
    ),
  },
  {
    weight: 4,
    arbitrary: fc.record(
      { kind: fc.constantFrom("offline", "recreate", "withdraw", "audit") },
      plain,
    ) as fc.Arbitrary<Action>,
  },
);

/** A resource on one of three nodes, and what its newest settings are. */
class World {
  readonly scene: Scene;
  readonly lives: readonly Checkpoints[];
  newest = "first";
  owner = 1;
  isOnline = false;
  refused = 0;
  started = 0;
  #made = 0;

  private constructor(scene: Scene, lives: readonly Checkpoints[]) {
    this.scene = scene;
    this.lives = lives;
  }

  static async open(): Promise<World> {
    const scene = await Scene.open(3);
    scene.place(1);
    const world = new World(
      scene,
      scene.nodes.map((one) => one.life().checkpoints),
    );
    await scene.node(1).set(path, world.newest);
    await world.here.add(resource, "registry", path);
    return world;
  }

  get here(): Checkpoints {
    const life = this.lives[this.owner - 1];
    assert.ok(life !== undefined);
    return life;
  }

  async perform(action: Action): Promise<void> {
    switch (action.kind) {
      case "change":
        if (this.isOnline) await this.#change();
        return;
      case "edit":
        if (!this.isOnline || action.node !== this.owner)
          await this.scene.node(action.node).set(path, `edit ${++this.#made}`);
        return;
      case "offline":
        await this.#offline();
        return;
      case "online":
        await this.#online(action.node);
        return;
      case "lose":
        this.#lose(action.how);
        return;
      case "recreate":
        return this.#recreate();
      case "withdraw":
        // What is live on an owner that did not run it last may be anything.
        if (this.isOnline) await this.here.withdraw(resource);
        return;
      case "audit":
        await this.here.audit(resource);
    }
  }

  async #change(): Promise<void> {
    const text = `change ${++this.#made}`;
    await this.scene.node(this.owner).set(path, text);
    await this.here.settled();
    this.newest = text;
  }

  async #offline(): Promise<void> {
    if (this.isOnline) await this.here.captureNow(resource);
    this.here.end(resource);
    await this.here.settled();
    this.isOnline = false;
  }

  async #online(at: number): Promise<void> {
    await this.#offline();
    this.scene.place(at);
    this.owner = at;
    const records = readRecords(this.scene.tree, resource);
    const mayHaveEdits = records?.lastOwner === String(at);
    try {
      const { skipped } = await this.here.restoreBeforeOnline(resource);
      const live = this.scene.node(at).get(path) ?? "";
      if (skipped.length === 0) assert.equal(live, this.newest);
      else assert.ok(mayHaveEdits, "without its file it came online on another node than the last");
      this.newest = live;
      this.here.begin(resource, this.scene.generation());
      await this.here.settled();
      this.isOnline = true;
      this.started++;
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      assert.ok(!mayHaveEdits, `its last owner could not bring it online: ${String(error)}`);
      assert.notEqual(await this.#fileState(), "whole");
      this.refused++;
    }
  }

  async #recreate(): Promise<void> {
    const [line] = await this.here.recreate(resource, { newest: true }).catch(() => []);
    if (line === undefined) return;
    assert.notEqual(line.result, "failed", line.sentence);
    assert.equal(await this.#fileState(), "whole");
    this.newest = this.scene.node(this.owner).get(path) ?? "";
  }

  async #fileState(): Promise<string> {
    const records = readRecords(this.scene.tree, resource);
    const [current] = records?.current ?? [];
    assert.ok(records !== undefined && current !== undefined);
    return (await inspectStored(this.scene.versions, records, current)).state;
  }

  #lose(how: "lost" | "torn" | "older"): void {
    const files = this.scene.store.current?.versions.get(resource);
    const number = readRecords(this.scene.tree, resource)?.current[0]?.number ?? 0;
    const name = `${number.toString(16).padStart(8, "0")}.CPT`;
    const bytes = files?.get(name);
    if (files === undefined || bytes === undefined) return;
    const other = [...files].find(([one]) => one !== name)?.[1];
    if (how === "lost" || (how === "older" && other === undefined)) files.delete(name);
    else files.set(name, how === "torn" ? bytes.slice(0, 700) : (other ?? bytes));
  }
}

test("in any order nothing comes online with older settings, and the last owner always does", async () => {
  let refused = 0;
  let started = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 3, maxLength: 25 }), async (actions) => {
      const world = await World.open();
      try {
        for (const one of actions) await world.perform(one);
      } finally {
        for (const life of world.lives) life.close();
      }
      refused += world.refused;
      started += world.started;
    }),
    { numRuns: 150 },
  );
  assert.ok(refused > 20 && started > 100, `${refused} refused, ${started} started`);
});
