/** What a partition table says. */

/** Bytes of the disk from `at`; fewer than `length` only at its end. */
export type ReadAt = (at: number, length: number) => Promise<Uint8Array>;

/** Offsets and sizes in bytes. */
export interface Partition {
  /** As the kernel numbers it: entries of the table from 1, logical partitions of an MBR from 5. */
  readonly number: number;
  readonly offset: number;
  readonly size: number;
}

/** What the beginning of a disk says. Partitions by ascending offset. */
export type PartitionTable =
  | { readonly kind: "mbr"; readonly signature: number; readonly partitions: readonly Partition[] }
  | {
      readonly kind: "gpt";
      /** Lower case, without braces. */
      readonly guid: string;
      readonly partitions: readonly Partition[];
      /** Said when the table at the end of the disk had to be used; "" otherwise. */
      readonly notice: string;
    }
  | { readonly kind: "none" }
  | { readonly kind: "damaged"; readonly why: string };

/** Ascending. */
export function byOffset(partitions: readonly Partition[]): readonly Partition[] {
  return [...partitions].sort((a, b) => a.offset - b.offset || a.number - b.number);
}

/** For reading numbers out of bytes. */
export function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
