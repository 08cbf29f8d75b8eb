/** Updates on the quorum directory, beside what the file system can do at all: write and fsync of as many bytes. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newGuid } from "../src/base/guid.ts";
import { openOutside } from "../src/base/outside-node.ts";
import { encodeUpdate } from "../src/database/update-codec.ts";
import { initialDatabase } from "../src/database/initial-database.ts";
import { imageOf } from "../src/membership/copy-image.ts";
import { openDiskQuorum } from "../src/quorum/disk/quorum.ts";
import type { Leadership } from "../src/quorum/quorum.ts";
import { firstTag } from "../src/quorum/tag.ts";
import { sz } from "../src/tree/value.ts";
import { quantile, ratio, type Row, row } from "./measure.ts";

const updates = 300;
/** How many are under way at a time when the rate counts. */
const concurrent = 64;

/** Both floors and both sides of one run after the other, so that a slow moment hits them alike. */
export async function benchQuorum(runs: number, say: (line: string) => void): Promise<readonly Row[]> {
  const samples = { floor: [], floorLate: [], alone: [], aloneLate: [], floorRate: [], rate: [] } as Record<
    string,
    number[]
  >;
  for (let run = 0; run < runs; run++) {
    const folder = mkdtempSync(join(tmpdir(), "clubar-bench-quorum-"));
    try {
      const floor = await fsyncFloor(folder);
      const quorum = await openQuorum(join(folder, "quorum"));
      const alone = await oneByOne(quorum);
      samples["floor"]?.push(quantile(floor, 0.5));
      samples["floorLate"]?.push(quantile(floor, 0.99));
      samples["alone"]?.push(quantile(alone, 0.5));
      samples["aloneLate"]?.push(quantile(alone, 0.99));
      samples["floorRate"]?.push(1000 / quantile(floor, 0.5));
      samples["rate"]?.push(await together(quorum));
      await quorum.leadership.resign();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    say(`run ${run + 1} of ${runs}`);
  }
  const of = (name: string): readonly number[] => samples[name] ?? [];
  const floor = row("quorum", "write + fsync", "ms", of("floor"));
  const late = row("quorum", "write + fsync, 99 of 100", "ms", of("floorLate"));
  const floorRate = row("quorum", "write + fsync, one by one", "/s", of("floorRate"));
  const alone = row("quorum", "update acknowledged", "ms", of("alone"));
  const aloneLate = row("quorum", "update acknowledged, 99 of 100", "ms", of("aloneLate"));
  const rate = row("quorum", `updates, ${concurrent} at a time`, "/s", of("rate"));
  return [
    floor,
    late,
    floorRate,
    { ...alone, note: ratio(alone, floor) },
    { ...aloneLate, note: ratio(aloneLate, late) },
    { ...rate, note: ratio(rate, floorRate) },
  ];
}

const outside = openOutside();
const guid = (): string => newGuid(outside.random);

interface Open {
  readonly leadership: Leadership;
  sequence: number;
}

async function openQuorum(place: string): Promise<Open> {
  const quorum = await openDiskQuorum(outside, place);
  const tree = initialDatabase({
    clusterName: "BENCH",
    instance: guid(),
    nodeId: "1",
    nodeName: "A",
    time: 0n,
    newGuid: guid,
  });
  await quorum.create({ name: "BENCH", instance: guid(), generation: 1, lineage: guid() }, imageOf(tree, firstTag, 0));
  const leadership = await quorum.claim(0, { node: "1", incarnation: guid(), endpoint: "none", hostEndpoint: "none" });
  if (leadership === undefined) throw new Error("somebody else took the epoch");
  const tag = { ...firstTag, epoch: leadership.epoch, sequence: 1 };
  await leadership.takeOver(() => imageOf(tree, tag, 0));
  return { leadership, sequence: tag.sequence };
}

/** What a person's change looks like: about two hundred bytes. */
const body = encodeUpdate({
  requestId: guid(),
  conditions: [],
  edits: [
    {
      kind: "set-value",
      path: "Resources\\0a3c\\Parameters",
      value: sz("CommandLine", "/usr/sbin/nginx -g daemon off"),
    },
  ],
  because: "A parameter of a resource is set.",
});

async function append(open: Open): Promise<void> {
  const tag = { generation: firstTag.generation, epoch: open.leadership.epoch, sequence: ++open.sequence };
  const outcome = await open.leadership.append({ tag, time: outside.clock.wall(), body });
  if (outcome !== "acknowledged") throw new Error(outcome);
}

async function oneByOne(open: Open): Promise<readonly number[]> {
  const took: number[] = [];
  for (let count = 0; count < updates; count++) {
    const begun = performance.now();
    await append(open);
    took.push(performance.now() - begun);
  }
  return took;
}

/** Updates a second with many under way: one fsync carries several. */
async function together(open: Open): Promise<number> {
  const begun = performance.now();
  let left = updates * 8;
  const worker = async (): Promise<void> => {
    while (left-- > 0) await append(open);
  };
  await Promise.all(Array.from({ length: concurrent }, worker));
  return (updates * 8 * 1000) / (performance.now() - begun);
}

async function fsyncFloor(folder: string): Promise<readonly number[]> {
  const file = await outside.files.open(join(folder, "floor"), "append");
  const took: number[] = [];
  for (let count = 0; count < updates; count++) {
    const begun = performance.now();
    await file.write(body);
    await file.sync();
    took.push(performance.now() - begun);
  }
  await file.close();
  return took;
}
