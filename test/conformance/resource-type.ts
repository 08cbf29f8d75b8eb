/**
 * What every resource type must do, whoever wrote it: `describeResourceType` makes the tests. Each type brings a resource that works here,
 * and says how to see from outside whether it is there.
 */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, describe, test } from "node:test";
import type { Disks } from "../../src/disks/disks.ts";
import { killApplication } from "../../src/monitor/application-kill.ts";
import { readRecords } from "../../src/monitor/application-record.ts";
import type { ResourceSpec } from "../../src/monitor/host-engine.ts";
import { readOutlasting } from "../../src/monitor/outlasting.ts";
import { resourceState } from "../../src/monitor/resource-state.ts";
import { sz, type Value } from "../../src/tree/value.ts";
import { holds, openScene, type Scene } from "../monitor/scene.ts";

const { online, offline, failed, onlinePending, offlinePending } = resourceState;

/** A type and a resource of it. */
export interface TypeCandidate {
  readonly type: string;
  /** Parameters with which it comes online here. */
  readonly values: readonly Value[];
  /** Whether the resource serves, seen from outside. */
  readonly isThere: () => boolean | Promise<boolean>;
  /** What it made stays when it is offline, on purpose. */
  readonly stays?: true;
  /** Takes away what it serves with, so that it is not alive any more. */
  readonly breakIt?: (scene: Scene) => void | Promise<void>;
  /** A required parameter; none for a type without. */
  readonly required?: string;
  /** It takes parameters that its table does not name. */
  readonly takesAny?: true;
  readonly module?: ResourceSpec["module"];
  readonly environment?: Readonly<Record<string, string>>;
  readonly disks?: (scene: string) => Disks;
  readonly skip?: string | false;
}

/** What the tests of one candidate share. */
interface Workshop {
  readonly candidate: TypeCandidate;
  readonly open: (folder?: string) => Promise<Scene>;
  /** Brings the resource online, or fails the test. */
  readonly start: (scene: Scene, times?: ResourceSpec["times"]) => Promise<void>;
  readonly nothingIsLeft: (scene: Scene) => Promise<void>;
}

/** The suite. Every test leaves nothing behind. */
export function describeResourceType(candidate: TypeCandidate): void {
  describe(candidate.type, { skip: candidate.skip ?? false }, () => {
    const scenes: Scene[] = [];
    after(async () => {
      for (const { engine, folder } of scenes) {
        await engine.terminateAll("End of the test.");
        rmSync(folder, { recursive: true, force: true });
      }
    });
    const workshop = workshopOf(candidate, scenes);
    testOnline(workshop);
    testEnds(workshop);
    testParameters(workshop);
  });
}

function workshopOf(candidate: TypeCandidate, scenes: Scene[]): Workshop {
  const { type, values, environment, disks, isThere, module } = candidate;
  return {
    candidate,
    async open(folder) {
      const scene = await openScene({
        ...(folder === undefined ? {} : { folder }),
        ...(environment === undefined ? {} : { environment }),
        ...(disks === undefined ? {} : { disks }),
      });
      scenes.push(scene);
      return scene;
    },
    async start(scene, times = {}) {
      const event = await scene.online("one", type, values, times, module);
      assert.equal(event.state, online, `${event.because}\n${scene.output("one")}`);
    },
    async nothingIsLeft(scene) {
      if (candidate.stays !== true) assert.equal(await isThere(), false, "it is still there");
      assert.equal(scene.running.size, 0);
      assert.deepEqual(await readRecords(scene.outside.files, scene.folder), []);
      assert.deepEqual(await readOutlasting(scene.outside.files, scene.folder), []);
    },
  };
}

function testOnline({ candidate, open, start, nothingIsLeft }: Workshop): void {
  const { isThere, breakIt } = candidate;
  test("online and offline, twice; a second start and a second stop change nothing", async () => {
    const scene = await open();
    for (let round = 0; round < 2; round++) {
      await start(scene);
      await holds(scene.outside, isThere);
      const containers = scene.running.size;
      await start(scene);
      assert.equal(scene.running.size, containers);
      await scene.engine.stop("one");
      await scene.engine.stop("one");
      await nothingIsLeft(scene);
    }
    assert.deepEqual([...new Set(scene.states("one"))], [onlinePending, online, offlinePending, offline]);
  });

  test("alive while it is there; failed when it is not", {
    skip: breakIt === undefined && "can't be broken",
  }, async () => {
    const scene = await open();
    await start(scene, { looksAlivePollInterval: 20, isAlivePollInterval: 40 });
    // Several looks of both kinds.
    await scene.outside.timers.sleep(300);
    assert.equal(scene.states("one").at(-1), online, scene.events.at(-1)?.because);
    await breakIt?.(scene);
    await scene.reaches("one", failed);
    await nothingIsLeft(scene);
  });
}

function testEnds({ candidate, open, start, nothingIsLeft }: Workshop): void {
  const { type, values, module } = candidate;
  test("terminate, twice, leaves nothing; neither does the end of the permit, after which it comes back", async () => {
    const scene = await open();
    await start(scene);
    await scene.engine.terminate("one");
    await scene.engine.terminate("one");
    await nothingIsLeft(scene);
    await start(scene);
    await scene.engine.setMayRun(false, "The permit ended.");
    await nothingIsLeft(scene);
    await scene.engine.setMayRun(true, "");
    await start(scene);
    await scene.engine.terminateAll("End of the test.");
    await nothingIsLeft(scene);
  });

  test("one that is too slow is ended at PendingTimeout, and nothing of it is left", async () => {
    const scene = await open();
    const event = await scene.online("one", type, values, { pendingTimeout: 10 }, module);
    if (event.state === failed) assert.match(event.because, /\(PendingTimeout\)/);
    await scene.engine.terminateAll("End of the test.");
    await nothingIsLeft(scene);
  });

  test("stopped while it comes online, nothing is left", async () => {
    const scene = await open();
    const spec = { id: "one", name: "one", type, ownershipGeneration: 1, times: {}, parameters: values };
    scene.engine.start(module === undefined ? spec : { ...spec, module });
    await scene.engine.stop("one");
    assert.equal(scene.states("one").at(-1), offline);
    await nothingIsLeft(scene);
  });

  test("when its host is gone, the next one of the node finds or makes it gone", async () => {
    const scene = await open();
    await start(scene);
    for (const record of scene.running.values()) await killApplication(scene.outside, record);
    const next = await open(scene.folder);
    await next.engine.endOutlasting();
    await scene.engine.terminateAll("End of the test.");
    await nothingIsLeft(scene);
  });
}

function testParameters({ candidate, open, nothingIsLeft }: Workshop): void {
  const { type, values, required, takesAny, module } = candidate;
  test("wrong parameters are named, with those that there are", async () => {
    const scene = await open();
    if (takesAny !== true) {
      const event = await scene.online("one", type, [...values, sz("Colour", "blue")], {}, module);
      assert.equal(event.state, failed);
      assert.match(event.because, /no parameter Colour\b.*Parameters of /);
    }
    if (required !== undefined) {
      const rest = values.filter(({ name }) => name !== required);
      const event = await scene.online("two", type, rest, {}, module);
      assert.equal(event.state, failed);
      assert.match(event.because, new RegExp(`${required} is missing`));
    }
    await nothingIsLeft(scene);
  });
}
