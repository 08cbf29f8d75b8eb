import type { Finding } from "./finding.ts";
import { KeyInspection, isKeyCell } from "./inspect-keys.ts";
import { state } from "./inspect-bins.ts";
import { SecurityInspection } from "./inspect-security.ts";
import { Inspection } from "./inspection.ts";
import { base, baseBlockSize, nk } from "./layout.ts";

/** All inconsistencies of a hive, in the order of their offsets; empty when it is sound. Throws nothing; work is O(size). */
export function checkHive(bytes: Uint8Array): Finding[] {
  return inspectHive(bytes).inspection.findings.all();
}

/** What an inspection of the whole tree found. */
export interface InspectedHive {
  readonly inspection: Inspection;
  readonly keys: KeyInspection;
  readonly securities: SecurityInspection;
}

/** Looks at everything that the root leads to, and at what nothing leads to; with `partial` also into a page inside which the file ends. */
export function inspectHive(bytes: Uint8Array, partial = false): InspectedHive {
  const inspection = new Inspection(bytes, partial);
  const securities = new SecurityInspection(inspection);
  const keys = new KeyInspection(inspection, securities);
  const root = inspection.cellAt(inspection.root);
  const isRoot = typeof root !== "string" && root.length >= nk.name && isKeyCell(inspection, root.data);
  if (isRoot) keys.walk(inspection.root, -1, 0);
  else inspection.lose("key", "base-root", base.root, undefined, "the base block leads to no root key");
  securities.finish();
  reportUnused(inspection);
  return { inspection, keys, securities };
}

/** Allocated cells that nothing leads to. */
function reportUnused(inspection: Inspection): void {
  inspection.current = -1;
  const { cells } = inspection.bins;
  for (let i = 0; i < cells.length; i++) {
    if (cells[i] !== state.allocated) continue;
    const data = baseBlockSize + i * 8 + 4;
    const what = isKeyCell(inspection, data)
      ? "a key that nothing leads to"
      : "an allocated cell that nothing leads to";
    inspection.report("warning", isKeyCell(inspection, data) ? "key-unreachable" : "cell-unused", data - 4, data, what);
  }
}
