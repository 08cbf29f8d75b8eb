/** Three nodes that fight for the quorum, each stopped at any call for any time, from a seed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Disk } from "../../src/sim/disk.ts";
import { openFiles } from "../../src/sim/files.ts";
import type { Door, DoorCall } from "../../src/sim/files.ts";
import { randomFrom } from "../../src/sim/random.ts";
import type { RandomStream } from "../../src/sim/random.ts";
import { identity, imageOf, rebuildFor, recordOf, stateOf, whoOf } from "../conformance/quorum-scene.ts";
import type { Leadership, Loaded, Quorum } from "../../src/quorum/quorum.ts";
import { newestTag } from "../../src/quorum/rules.ts";
import { openDiskQuorum } from "../../src/quorum/disk/quorum.ts";

const seeds = Number(process.env["CLUBAR_SEEDS"] ?? 150);

/** Lets one waiting call happen at a time, chosen from the seed; a node may be stopped for a while. */
class Scheduler {
  readonly #random: RandomStream;
  #waiting: { node: number; go: () => void }[] = [];
  #stopped = new Map<number, number>();

  constructor(random: RandomStream) {
    this.#random = random;
  }

  doorOf(node: number): Door {
    return {
      call: <T>(call: DoorCall<T>) =>
        new Promise<T>((resolve, reject) => {
          call.enter?.();
          const go = (): void => {
            try {
              resolve(call.effect());
            } catch (error) {
              reject(error);
            }
          };
          this.#waiting.push({ node, go });
        }),
    };
  }

  /** Runs until `work` is done. */
  async run(work: Promise<unknown>): Promise<void> {
    let done = false;
    const ended = work.finally(() => (done = true));
    while (!done) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#random.chance(0.02)) this.#stopped.set(this.#random.between(0, 2), this.#random.between(0, 60));
      const free = this.#waiting.filter(({ node }) => (this.#stopped.get(node) ?? 0) <= 0);
      for (const [node, left] of this.#stopped) this.#stopped.set(node, left - 1);
      if (free.length === 0) continue;
      const chosen = this.#random.pick(free);
      this.#waiting = this.#waiting.filter((each) => each !== chosen);
      chosen.go();
    }
    await ended;
  }
}

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

async function oneTerm(quorum: Quorum, node: number, random: RandomStream, acknowledged: Set<string>): Promise<void> {
  const leadership = await quorum.claim((await quorum.leader())?.epoch ?? 0, whoOf(String(node)));
  if (leadership === undefined) return;
  try {
    const rebuild = rebuildFor(leadership.epoch);
    let image = imageOf("");
    await leadership.takeOver((loaded: Loaded) => (image = rebuild(loaded)));
    for (let round = 0; round < 4; round++) image = await oneRound(leadership, image, random, acknowledged);
  } catch {
    // Its leadership is over; another node's goes on.
  } finally {
    await leadership.resign();
  }
}

async function oneRound(
  leadership: Leadership,
  image: ReturnType<typeof imageOf>,
  random: RandomStream,
  acknowledged: Set<string>,
): Promise<ReturnType<typeof imageOf>> {
  const records = Array.from({ length: random.between(1, 3) }, (_, i) =>
    recordOf(leadership.epoch, image.tag.sequence + 1 + i),
  );
  const outcomes = await Promise.all(
    records.map(async (record) => {
      const outcome = await leadership.append(record);
      if (outcome === "acknowledged") acknowledged.add(decode(record.body));
      return outcome;
    }),
  );
  if (outcomes.includes("unknown")) throw new Error("step down");
  const lines = [decode(image.hive), ...records.map((record) => decode(record.body))];
  const next = { ...imageOf(lines.join("\n")), tag: records.at(-1)?.tag ?? image.tag };
  if (random.chance(0.4)) await leadership.snapshot(next);
  return next;
}

async function readAndCheck(quorum: Quorum, acknowledged: ReadonlySet<string>): Promise<void> {
  const before = [...acknowledged];
  const loaded = await quorum.load();
  const lines = stateOf(loaded);
  assert.deepEqual(lines, [...new Set(lines)]);
  assert.equal(lines.length, newestTag(loaded).sequence + 1);
  for (const line of before) assert.ok(lines.includes(line), `${line} was acknowledged and is not there`);
}

async function fight(seed: number): Promise<number> {
  const random = randomFrom(seed);
  const disk = new Disk("shared");
  const scheduler = new Scheduler(random);
  const open = (node: number): Promise<Quorum> => {
    const { files } = openFiles({ diskOf: () => disk, wall: () => 0, folder: "/" }, scheduler.doorOf(node));
    return openDiskQuorum({ files, random: { bytes: (count) => random.bytes(count) } }, "/quorum");
  };
  const acknowledged = new Set<string>();
  const node = async (number: number): Promise<void> => {
    const quorum = await open(number);
    for (let term = 0; term < 3; term++) {
      await oneTerm(quorum, number, random, acknowledged);
      await readAndCheck(quorum, acknowledged);
    }
  };
  const work = async (): Promise<void> => {
    await (await open(0)).create(identity, imageOf("first"));
    await Promise.all([node(0), node(1), node(2)]);
    await readAndCheck(await open(0), acknowledged);
  };
  await scheduler.run(work());
  return acknowledged.size;
}

test("whatever the interleaving, acknowledged updates are read by all and in one order", async () => {
  let acknowledged = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    try {
      acknowledged += await fight(seed);
    } catch (cause) {
      throw new Error(`seed ${seed}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
  }
  assert.ok(acknowledged > seeds, "hardly anything was acknowledged: the test tests nothing");
});
