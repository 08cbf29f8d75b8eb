/**
 * What every quorum does, whatever it is made of (docs/safety.md §1). A test file of an implementation calls
 * `testQuorum` with a way to make a fresh, empty quorum.
 */
import { afterEach, beforeEach, describe } from "node:test";
import type { Leadership, Quorum } from "../../src/quorum/quorum.ts";
import { testFiles, testGenerations } from "./quorum-files.ts";
import { testLife } from "./quorum-life.ts";
import { testOldLeaders } from "./quorum-old-leaders.ts";
import type { QuorumPlace } from "./quorum-scene.ts";

export function testQuorum(name: string, make: () => Promise<QuorumPlace>): void {
  describe(`${name} keeps the rules of a quorum`, () => {
    let place: QuorumPlace;
    let one: Quorum;
    let two: Quorum;
    const claimed = new Set<Leadership>();
    const open = async (made: QuorumPlace): Promise<Quorum> => {
      const quorum = await made.open();
      const claim = quorum.claim.bind(quorum);
      quorum.claim = async (after, who) => {
        const leadership = await claim(after, who);
        if (leadership !== undefined) claimed.add(leadership);
        return leadership;
      };
      return quorum;
    };
    beforeEach(async () => {
      const made = await make();
      place = { ...made, open: () => open(made) };
      one = await place.open();
      two = await place.open();
    });
    afterEach(async () => {
      for (const leadership of claimed) await leadership.resign();
      claimed.clear();
      await place.remove();
    });

    describe("life", () => testLife(() => ({ place, one, two })));
    describe("old leaders", () => testOldLeaders(() => ({ place, one, two })));
    describe("generations", () => testGenerations(() => ({ place, one, two })));
    describe("files", () => testFiles(() => ({ place, one, two })));
  });
}
