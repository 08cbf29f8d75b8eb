/** Every cap of the reader and the writer. Sources: Microsoft's "Registry element size limits" and the regf format itself. */
export const limits = {
  /** Levels of keys below the root. */
  depth: 512,
  /** UTF-16 units of a key's name; the root's name has the same cap. */
  keyNameUnits: 255,
  /** UTF-16 units of a value's name. */
  valueNameUnits: 16_383,
  /** UTF-16 units of a class name: its length in bytes is a 16-bit field. */
  classNameUnits: 32_767,
  /** Data up to here is kept inside the value's own cell. */
  inlineBytes: 4,
  /** Data above this is cut into segments of this size when the minor version is above 3. */
  segmentBytes: 16_344,
  /** Segments of one value: a 16-bit count. */
  segments: 65_535,
  /** Entries of one leaf of a subkey list as offreg.dll writes them: (4096 - 32 - 8) / 8. */
  leafEntries: 507,
  /** Leaves under one index root: a 16-bit count. */
  leaves: 65_535,
  /** All bins together: bit 31 of an offset says "volatile". */
  binsBytes: 0x7fff_f000,
  /** UTF-16 units of a path that a finding tells; of longer ones the end. */
  pathUnits: 1024,
  /** Findings of one rule that the checker lists one by one; more are counted. */
  findingsPerRule: 1000,
} as const;
