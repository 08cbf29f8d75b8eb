/** Types that do not die with their host: nothing is proven, and the next host starts nothing, before they are released. */
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { after, test } from "node:test";
import { holds, openScene, type Scene } from "../../test/monitor/scene.ts";
import { readOutlasting } from "./outlasting.ts";
import { resourceState } from "./resource-state.ts";
import { defaultTimes, type ResourceType } from "./resource-type.ts";
import { sz } from "../tree/value.ts";

const { online, offline, failed } = resourceState;
const scenes: Scene[] = [];
after(async () => {
  for (const { engine, folder } of scenes) {
    await engine.terminateAll("End of the test.");
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Stands for an address or a mount: outside of every container, taken away by `terminate` only. */
function markType(marks: Set<string>, refuse: () => boolean = () => false): ResourceType {
  return {
    name: "Mark",
    diesWithHost: false,
    times: defaultTimes,
    parameters: [],
    online: async ({ resource }) => void marks.add(resource.name),
    offline: async ({ resource }) => void marks.delete(resource.name),
    async terminate(context) {
      if (refuse()) throw new Error("It is busy.");
      // Releasing may run programs although there is no permit any more.
      const { environment, folder, resource } = context;
      const program = { program: ["true"], environment, folder, machine: true, watched: false } as const;
      await (await context.start(program)).ended;
      marks.delete(resource.name);
    },
    looksAlive: async () => true,
    isAlive: async () => true,
  };
}

async function open(type: ResourceType, folder?: string): Promise<Scene> {
  const scene = await openScene({ types: [type], ...(folder === undefined ? {} : { folder }) });
  scenes.push(scene);
  return scene;
}

const records = ({ outside, folder }: Scene): Promise<readonly unknown[]> => readOutlasting(outside.files, folder);

test("is on record before it begins; the next host of the node releases what is left, knowing its parameters", async () => {
  const marks = new Set<string>();
  const first = await open(markType(marks));
  assert.match((await first.online("m", "Mark", [sz("Any", "x")])).because, /There is no parameter Any/);
  assert.deepEqual(await records(first), []);
  assert.equal((await first.online("m", "Mark", [])).state, online);
  assert.equal((await records(first)).length, 1);
  const next = await open(markType(marks), first.folder);
  await next.engine.endOutlasting();
  assert.deepEqual([...marks], []);
  assert.deepEqual(await records(first), []);
  assert.equal(next.running.size, 0);
});

test("offline and failure forget it once nothing is left", async () => {
  const marks = new Set<string>();
  const scene = await open({
    ...markType(marks),
    isAlive: async () => marks.size === 2,
    looksAlive: async () => false,
  });
  assert.equal((await scene.online("m", "Mark", [], { looksAlivePollInterval: 5 })).state, online);
  await scene.reaches("m", failed);
  assert.deepEqual([[...marks], await records(scene)], [[], []]);
  await scene.online("n", "Mark", []);
  await scene.engine.stop("n");
  assert.equal(scene.states("n").at(-1), offline);
  assert.deepEqual([[...marks], await records(scene)], [[], []]);
});

test("the proof and the record wait until it is released", async () => {
  const marks = new Set<string>();
  let busy = true;
  let tries = 0;
  const scene = await open(markType(marks, () => ++tries > 0 && busy));
  await scene.online("m", "Mark", []);
  let isProven = false;
  const proof = scene.engine.setMayRun(false, "The permit ended.").then(() => (isProven = true));
  await holds(scene.outside, () => tries >= 3);
  assert.equal(isProven, false);
  assert.equal(scene.events.at(-1)?.held, true);
  assert.equal((await records(scene)).length, 1);
  busy = false;
  await proof;
  assert.deepEqual([[...marks], await records(scene), scene.running.size], [[], [], 0]);
});

test("a record that can't be read stops the next host", async () => {
  const scene = await open(markType(new Set()));
  await scene.online("m", "Mark", []);
  writeFileSync(`${scene.folder}/resources/m/outlasting.json`, "{");
  const next = await open(markType(new Set()), scene.folder);
  await assert.rejects(next.engine.endOutlasting(), { name: "INVALID_DATA" });
});

test("a type that dies with its host can start nothing in the machine", async () => {
  const scene = await open({
    ...markType(new Set()),
    diesWithHost: true,
    online: async (context) => {
      const { environment, folder } = context;
      await context.start({ program: ["true"], environment, folder, machine: true, watched: false });
    },
  });
  assert.match((await scene.online("m", "Mark", [])).because, /outside of its PID namespace/);
});
