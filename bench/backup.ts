/** A backup of a quorum directory full of checkpoint versions, beside `cp -a` of the same bytes. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { takeBackup } from "../src/backup/take.ts";
import { newGuid } from "../src/base/guid.ts";
import { openOutside } from "../src/base/outside-node.ts";
import { ratio, type Row, row } from "./measure.ts";
import { largeQuorum } from "./large-quorum.ts";

const outside = openOutside();

export async function benchBackup(runs: number, say: (line: string) => void): Promise<readonly Row[]> {
  const top = mkdtempSync(join(tmpdir(), "clubar-bench-backup-"));
  try {
    const { quorum, tree, tag, identity, bytes } = await largeQuorum(outside, join(top, "quorum"), () =>
      newGuid(outside.random),
    );
    const copies: number[] = [];
    const synced: number[] = [];
    const sets: number[] = [];
    for (let run = 0; run < runs; run++) {
      const [copy, set] = [join(top, `copy-${run}`), join(top, `set-${run}`)];
      mkdirSync(copy);
      let begun = performance.now();
      execFileSync("cp", ["-a", quorum.place, copy]);
      copies.push(performance.now() - begun);
      execFileSync("sync", ["-f", copy]);
      synced.push(performance.now() - begun);
      begun = performance.now();
      await takeBackup({ outside, tree, tag, identity, versions: quorum.versions, path: set, node: "BENCH" });
      sets.push(performance.now() - begun);
      rmSync(copy, { recursive: true });
      rmSync(set, { recursive: true });
      say(`run ${run + 1} of ${runs}`);
    }
    const size = `${(bytes / 1e6).toFixed(0)} MB`;
    const copy = row("backup", `cp -a of ${size}`, "ms", copies);
    const durable = row("backup", `cp -a of ${size} and sync`, "ms", synced);
    const set = row("backup", `backup of ${size}: durable, read back, verified`, "ms", sets);
    return [copy, durable, { ...set, note: `${ratio(set, copy)}; ${ratio(set, durable)}` }];
  } finally {
    rmSync(top, { recursive: true, force: true });
  }
}
