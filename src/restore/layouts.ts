/** Compares the partitions under the quorum with those in a set, as RestoreClusterDatabase does (facts §2.2). Pure. */

import type { DeviceLayout } from "../backup/backup.ts";

/** The outcome, with sentences for people. */
export type LayoutComparison =
  | { readonly result: "same" }
  | { readonly result: "NOT CHECKED"; readonly why: string }
  | { readonly result: "different"; readonly why: string; readonly next: string };

/** Only the number of partitions and their offsets count. */
export function compareLayouts(set: DeviceLayout, present: DeviceLayout): LayoutComparison {
  if (!set.checked) return { result: "NOT CHECKED", why: `in the set: ${set.why}` };
  if (!present.checked) return { result: "NOT CHECKED", why: present.why };
  const same =
    set.partitions.length === present.partitions.length &&
    set.partitions.every((offset, at) => offset === present.partitions[at]);
  if (same) return { result: "same" };
  const show = ({ partitions }: { readonly partitions: readonly number[] }): string =>
    `${partitions.length} (${partitions.join(", ")})`;
  return {
    result: "different",
    why:
      "The restore routine cannot find a quorum disk with the same partition layout as the quorum disk described in the backup. " +
      "The existing quorum disk must have a layout (number of partitions and offsets to each partition) identical to " +
      "the layout stored in the backup. " +
      `In the backup: ${show(set)}; now: ${show(present)}.`,
    next:
      "Reconfigure the quorum disk to match the layout described in the backup, " +
      "or run the program again using the FORCE command-line argument.",
  };
}
