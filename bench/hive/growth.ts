/**
 * `npm run bench -- hive-growth`: what `npm run bench -- hive` measures, for hives of 1, 10, 100 and 1000 MB beside libhivex, to see where
 * it bends.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeHive } from "../../src/hive/write.ts";
import type { Row } from "../measure.ts";
import { row } from "../measure.ts";
import { compilePeer, memoryRow, pair } from "./hive.ts";
import { ourRounds, sideBySide, type Work } from "./side.ts";
import { bytesPerKey, repeatedTree, syntheticTree } from "./synthetic.ts";

const time = 133_485_408_000_000_000n;

/** Rows for each size. */
export function benchGrowth(runs: number, say: (line: string) => void): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "clubar-bench-growth-"));
  try {
    const peer = compilePeer(folder, say);
    return Promise.resolve(peer === undefined ? [] : measure(folder, peer, Math.max(9, runs), say));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function measure(folder: string, peer: string, runs: number, say: (line: string) => void): Row[] {
  const one = syntheticTree(Math.round(1e6 / bytesPerKey));
  const out = join(folder, "out");
  const file = join(folder, "hive");
  const rows: Row[] = [];
  for (const megabytes of [1, 10, 100, 1000]) {
    say(`making ${megabytes} MB`);
    writeFileSync(file, writeHive(repeatedTree(megabytes, one), { time, expectedSize: megabytes * 1.02e6 }));
    // A gigabyte written 20 times would measure the disk.
    const large = megabytes > 100 ? { warmUp: 2, rounds: 5 } : {};
    const works: Work[] = [
      { name: "open", file, rounds: runs, ...large },
      { name: "walk", file, rounds: runs, ...large },
      { name: "rewrite", file, rounds: runs, warmUp: 2, ...large },
      { name: "lookup", file, rounds: runs, count: 100_000, peerCount: 2000, warmUp: 2, ...large },
    ];
    for (const work of works) {
      say(`${work.name} ${megabytes} MB`);
      const what = `${work.name}, ${megabytes} MB`;
      const { ours, theirs } = sideBySide(work, peer, out);
      const found = pair(what, ours, theirs, "no bend");
      say(`${found[0]?.median.toFixed(1)} ms: ${found[0]?.note}`);
      rows.push(...found);
      if (work.name === "walk") rows.push(memoryRow(what, file, ours));
    }
    say(`change ${megabytes} MB`);
    const change = ourRounds("change", file, runs, out, "Copy00000");
    rows.push(row("hive", `change one value, durable, ${megabytes} MB`, "ms", change.wall));
  }
  return rows;
}
