/** What the loop makes of what its host does and of what the database says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseScenario } from "../../test/policy/scenario.ts";
import { fail } from "../base/errors.ts";
import { silentLog } from "../base/log.ts";
import { openOutside } from "../base/outside-node.ts";
import type { Database } from "../database/database.ts";
import type { Update } from "../database/update.ts";
import { type GroupState, readState } from "../database/state.ts";
import { type ResourceSpec } from "../monitor/protocol.ts";
import { resourceState } from "../monitor/resource-state.ts";
import { applyEdits, type Edit } from "../tree/edit.ts";
import type { Key } from "../tree/key.ts";
import { dword, sz, type Value } from "../tree/value.ts";
import { OwnerLoop, type ResourceHost } from "./owner-loop.ts";
import type { RunningResource } from "./owner.ts";

const outside = openOutside();

function treeWith(type: string, owner = 1): Key {
  const group = `group web owner=${owner} generation=3`;
  const lines = ["node 1 n1 up", "node 2 n2 up", group, `  resource disk "${type}" offline`];
  return parseScenario(lines.join("\n")).tree;
}

/** Node 1's loop over a database of its own, with a host that the test plays. */
class Scene {
  tree: Key;
  /** Of its only resource. */
  readonly id: string;
  /** The sentences of what the loop told the database. */
  readonly told: string[] = [];
  readonly loop: OwnerLoop;
  readonly #end = new AbortController();
  #running: Promise<void> | undefined;

  constructor(tree: Key, host: Pick<ResourceHost, "start" | "stop" | "terminate"> & Partial<ResourceHost>) {
    this.tree = tree;
    const state = readState(this.tree);
    [this.id = ""] = state.resources.keys();
    const database = {
      tree: () => this.tree,
      submit: async ({ because, edits }: Update) => {
        this.told.push(because);
        this.edit(edits);
        return { outcome: "applied", tag: {} };
      },
      self: { node: "1", incarnation: state.nodes.get("1")?.incarnation ?? "" },
    } as unknown as Database;
    const checkpoints = {
      restoreBeforeOnline: () => Promise.resolve({ notice: "" }),
      begin: () => undefined,
      captureNow: () => Promise.resolve({ failed: [] }),
      end: () => undefined,
    };
    const parts = { outside, database, checkpoints, log: silentLog, poll: 5 };
    this.loop = new OwnerLoop({ ...parts, host: { makeReady: () => undefined, ...host } });
  }

  edit(edits: readonly Edit[]): void {
    this.tree = applyEdits(this.tree, edits, 2n);
  }

  group(): GroupState {
    const [group] = readState(this.tree).groups.values();
    assert.ok(group);
    return group;
  }

  /** The host tells it. */
  says(state: 2 | 4): void {
    const { ownershipGeneration } = this.group();
    this.loop.hostEvent({ resource: this.id, ownershipGeneration, state, because: "It was so." });
  }

  run(): void {
    this.#running = this.loop.run(this.#end.signal);
  }

  async end(): Promise<void> {
    this.#end.abort();
    await this.#running;
  }
}

for (const type of ["Physical Disk", "Generic Application"]) {
  test(`a ${type} whose host comes to no answer is still on its way, and its group is not released`, async () => {
    const stopped = Promise.withResolvers<void>();
    const lost = (): Promise<void> => {
      stopped.resolve();
      return Promise.reject(fail("CLUSTER_NODE_UNREACHABLE", { happened: "The host does not answer." }));
    };
    const start = async (): Promise<void> => {
      scene.says(resourceState.online);
      const path = scene.group().runtimePath;
      const values = [sz("MoveTo", "2"), sz("MoveReason", "move")];
      scene.edit(values.map((value) => ({ kind: "set-value", path, value })));
    };
    const scene: Scene = new Scene(treeWith(type), { start, stop: lost, terminate: lost });
    scene.run();
    await stopped.promise;
    const lets = (): boolean => scene.told.some((because) => /releases|hands/.test(because));
    for (let rounds = 0; rounds < 20 && !lets(); rounds += 1) await outside.timers.sleep(5);
    await scene.end();
    assert.equal(scene.loop.running().get(scene.id)?.phase, "offline-pending");
    assert.ok(!lets(), scene.told.join("\n"));
  });
}

test("what is on its way to this node is made ready once, as it will be started here", async () => {
  const ready: ResourceSpec[] = [];
  const started = Promise.withResolvers<ResourceSpec>();
  const start = async (spec: ResourceSpec): Promise<void> => started.resolve(spec);
  const done = (): Promise<void> => Promise.resolve();
  const makeReady = (spec: ResourceSpec): void => void ready.push(spec);
  const scene = new Scene(treeWith("OCF Agent", 2), { start, stop: done, terminate: done, makeReady });
  const set = (...values: Value[]): void => {
    const path = scene.group().runtimePath;
    scene.edit(values.map((value) => ({ kind: "set-value", path, value })));
    scene.loop.kick();
  };
  scene.run();
  set(sz("MoveTo", "1"), sz("MoveReason", "move"));
  for (let looks = 0; looks < 1000 && ready.length === 0; looks += 1) await outside.timers.sleep(1);
  assert.equal(ready.length, 1);
  set(sz("MoveReason", "drain"));
  scene.edit([{ kind: "delete-value", path: scene.group().runtimePath, name: "MoveTo" }]);
  set(sz("Owner", "1"), dword("OwnershipGeneration", 4));
  assert.deepEqual([await started.promise], ready);
  await scene.end();
});

test("restarts count no longer when somebody took it offline", async () => {
  let starts = 0;
  const start = async (): Promise<void> => {
    scene.says(resourceState.online);
    if (++starts === 1) scene.says(resourceState.failed);
  };
  const done = (): Promise<void> => Promise.resolve();
  const scene: Scene = new Scene(treeWith("Generic Application"), { start, stop: done, terminate: done });
  scene.run();
  const reaches = async (phase: string): Promise<number> => {
    const entry = (): RunningResource | undefined => scene.loop.running().get(scene.id);
    while (entry()?.phase !== phase || starts < 2) await outside.timers.sleep(1);
    return entry()?.restarts.length ?? -1;
  };
  assert.equal(await reaches("online"), 1);
  scene.edit([{ kind: "set-value", path: scene.group().path, value: dword("PersistentState", 0) }]);
  scene.loop.kick();
  assert.equal(await reaches("offline"), 0);
  await scene.end();
});
