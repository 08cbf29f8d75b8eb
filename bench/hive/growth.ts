/**
 * `npm run bench -- hive-growth`: what `npm run bench -- hive` measures, for hives of 1, 10, 100 and 1000 MB beside libhivex, to see where
 * it bends.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { freemem, tmpdir } from "node:os";
import { join } from "node:path";
import { writeHive } from "../../src/hive/write.ts";
import { median, type Row, row } from "../measure.ts";
import { compilePeer, memoryRow, pair } from "./hive.ts";
import { ourRounds, sideBySide, type Work } from "./side.ts";
import { bytesPerKey, repeatedTree, syntheticTree } from "./synthetic.ts";

const time = 133_485_408_000_000_000n;

/** Rows for each size, told as they come: about eight minutes on a quiet machine. */
export function benchGrowth(say: (line: string) => void): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "clubar-bench-growth-"));
  try {
    const peer = compilePeer(folder, say);
    return Promise.resolve(peer === undefined ? [] : measure(folder, peer, say));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** How often each work is done: nine times in three turns; with a gigabyte three times in one. */
function timesFor(megabytes: number): Pick<Work, "rounds" | "turns" | "warmUp"> {
  if (megabytes > 100) return { rounds: 3, turns: 1, warmUp: 1 };
  return { rounds: 9, warmUp: megabytes > 10 ? 3 : 12 };
}

function measure(folder: string, peer: string, say: (line: string) => void): Row[] {
  const one = syntheticTree(Math.round(1e6 / bytesPerKey));
  const out = join(folder, "out");
  const file = join(folder, "hive");
  const rows: Row[] = [];
  for (const megabytes of [1, 10, 100, 1000]) {
    if (freemem() < megabytes * memoryPerMegabyte) {
      say(`NOT RUN: ${megabytes} MB, which take ${(megabytes * memoryPerMegabyte) / 2 ** 30} GiB of free memory`);
      continue;
    }
    say(`making ${megabytes} MB`);
    writeFileSync(file, writeHive(repeatedTree(megabytes, one), { time, expectedSize: megabytes * 1.02e6 }));
    const times = timesFor(megabytes);
    const works: Work[] = [
      { name: "open", file, ...times },
      { name: "walk", file, ...times },
      { name: "lookup", file, count: 100_000, peerCount: 2000, ...times },
      { name: "rewrite", file, ...times },
    ];
    for (const work of works) {
      say(`${work.name} ${megabytes} MB`);
      const what = `${work.name}, ${megabytes} MB`;
      const { ours, theirs } = sideBySide(work, peer, out);
      rows.push(...pair(what, ours, theirs, "no bend"));
      if (work.name === "walk") rows.push(memoryRow(what, file, ours));
    }
    say(`change ${megabytes} MB`);
    const change = ourRounds("change", file, times.rounds, out, "Copy00000");
    const note = `CPU ${median(change.cpu).toPrecision(3)} ms`;
    rows.push(row("hive", `change one value, durable, ${megabytes} MB`, "ms", change.wall, note));
  }
  return rows;
}

/** Bytes of free memory for a megabyte of hive: it, a copy of it, and what the programs have of both. */
const memoryPerMegabyte = 4 * 2 ** 20;
