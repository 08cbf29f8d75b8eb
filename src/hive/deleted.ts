import type { Value } from "../tree/value.ts";

/** A key or a value that was deleted and whose bytes are still in a free cell. */
export interface DeletedEntry {
  readonly kind: "key" | "value";
  /** Where in the file its structure begins. */
  readonly offset: number;
  readonly name: string;
  /**
   * Path of a key, or of the key that a value belonged to, as far as it can be followed; `…` stands for what is not known any more.
   * undefined: a value that no key claims.
   */
  readonly path: string | undefined;
  /** FILETIME of a key. */
  readonly lastWritten: bigint | undefined;
  /** Of a value. Its data are what stands where they were: `whole` says whether they are complete. */
  readonly value: Value | undefined;
  /** Whether all bytes of the data lie in free space still. Always true for a key. */
  readonly whole: boolean;
}

/** Deleted keys and values that can be read in the free cells of a hive, in the order of their offsets. Throws nothing. */
export function deletedEntries(_bytes: Uint8Array): DeletedEntry[] {
  return [];
}
