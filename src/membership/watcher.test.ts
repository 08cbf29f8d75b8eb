import assert from "node:assert/strict";
import { test } from "node:test";
import { openOutside } from "../base/outside-node.ts";
import type { Quorum } from "../quorum/quorum.ts";
import { directoryTiming } from "./timing.ts";
import { Watcher } from "./watcher.ts";

const claim = { epoch: 7, node: "1", incarnation: "life", endpoint: "there", hostEndpoint: "there" };

test("while nothing but time passes a glance will do, and every few looks everything is looked at", async () => {
  const glances: (boolean | undefined)[] = [];
  const look: Quorum["look"] = (_, glance) => {
    glances.push(glance);
    return Promise.resolve({ leader: claim, counter: glances.length, holderDied: false });
  };
  const watcher = new Watcher(openOutside(), { look } as unknown as Quorum, directoryTiming());
  for (const idly of [false, true, true, true, true, true, true, false, true]) await watcher.look(claim, idly);
  assert.deepEqual(glances, [false, true, true, true, true, false, true, false, true]);
});

test("an answer that was long on its way is no sign of a counter that stands still", async () => {
  const timing = directoryTiming();
  let [now, counter, takes] = [1000, 5, 1];
  const quorum = {
    look: () => {
      now += takes;
      return Promise.resolve({ leader: claim, counter, holderDied: false });
    },
  } as unknown as Quorum;
  const outside = { ...openOutside(), clock: { boot: () => now, wall: () => now } };
  const watcher = new Watcher(outside, quorum, timing);
  assert.equal(await watcher.look(claim), undefined);
  now += 10;
  takes = 3 * timing.challenge;
  assert.equal(await watcher.look(claim), undefined, "it was asked 10 ms after it had moved");
  takes = 1;
  const seen = await watcher.look(claim);
  assert.equal(seen?.kind, "challenge");
  counter++;
  assert.equal(await watcher.look(claim), undefined);
  now += timing.challenge - 1;
  assert.equal(await watcher.look(claim), undefined);
  assert.equal(watcher.rest(), 1, "the next look comes as soon as it can show something");
  counter++;
  assert.equal(await watcher.look(claim), undefined);
  assert.equal(watcher.rest(), timing.poll);
});
