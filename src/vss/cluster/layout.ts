/** What lies in a VSS set of a node (docs/formats/vss-set.md). */
import type { SwapLayout } from "../../backup/backup.ts";

/** Names at the top of a set. */
export const vssFile = {
  manifest: "vss.json",
  components: "bcd.xml",
  /** One writer metadata document each: `<writer id>.xml`. */
  writers: "writers",
  /** The node's files, by the names they have below its data folder. */
  node: "node",
  /** The set of BackupClusterDatabase with every checkpoint; not in a set of a node whose service did not run. */
  cluster: "cluster",
  /** Empty, 0444, written last. */
  marker: "Vssbackup.dat",
} as const;

const names: ReadonlySet<string> = new Set(Object.values(vssFile));

/** Entries at the top are moved as a whole. */
export const vssLayout: SwapLayout = {
  isName: (name) => names.has(name),
  isMarker: (name) => name === vssFile.marker,
};

/** All entries at the top, in the order in which they are written. */
export const vssEntries: readonly string[] = Object.values(vssFile);
