/** Numbers of the regf format. All integers are little-endian; offsets of cells count from the end of the base block. */

/** Bytes before the first bin. */
export const baseBlockSize = 4096;
/** Bytes of a bin before its first cell. */
export const binHeaderSize = 32;
/** Bins begin at, and have sizes of, multiples of this. */
export const binAlignment = 4096;
/** "No cell". */
export const none = 0xffff_ffff;

/** The first bytes of structures, as the 32-bit or 16-bit numbers that they read as. */
export const signature = {
  /** `regf`, `hbin`. */
  hive: 0x6667_6572,
  bin: 0x6e69_6268,
  key: 0x6b6e, // nk
  value: 0x6b76, // vk
  security: 0x6b73, // sk
  bigData: 0x6264, // db
  /** Subkey lists: bare offsets, with four letters of the name, with a hash of the name, and a list of lists. */
  bareLeaf: 0x696c, // li
  hintLeaf: 0x666c, // lf
  hashLeaf: 0x686c, // lh
  indexRoot: 0x6972, // ri
} as const;

/** Fields of the base block. */
export const base = {
  primarySequence: 4,
  secondarySequence: 8,
  lastWritten: 12,
  major: 20,
  minor: 24,
  fileType: 28,
  format: 32,
  root: 36,
  binsSize: 40,
  clustering: 44,
  flags: 144,
  fileName: 48,
  fileNameSize: 64,
  checksum: 508,
} as const;

/** Fields of a key's cell (`nk`). */
export const nk = {
  flags: 2,
  lastWritten: 4,
  /** Bits 0 and 1: what a layered key does to the one below; bit 7: it has its class. */
  layer: 13,
  parent: 16,
  subkeys: 20,
  volatileSubkeys: 24,
  list: 28,
  volatileList: 32,
  values: 36,
  valueList: 40,
  security: 44,
  className: 48,
  maxSubkeyName: 52,
  maxClassName: 56,
  maxValueName: 60,
  maxValueData: 64,
  nameLength: 72,
  classLength: 74,
  name: 76,
} as const;

/** Flags of a key. */
export const keyFlag = {
  hiveEntry: 0x04,
  noDelete: 0x08,
  symlink: 0x10,
  latin1Name: 0x20,
  predefinedHandle: 0x40,
} as const;

/** Fields of a value's cell (`vk`). */
export const vk = { nameLength: 2, dataSize: 4, data: 8, type: 12, flags: 16, name: 20 } as const;

/** Flag of a value whose name has a byte a character. */
export const latin1ValueName = 1;
/** Bit 31 of a value's data size: the data sit in the field of its offset. */
export const inlineData = 0x8000_0000;

/** Fields of a security cell (`sk`). */
export const sk = { next: 4, previous: 8, references: 12, size: 16, descriptor: 20 } as const;

/** Fields of a big data cell (`db`), and the size that Windows gives it. */
export const db = { segments: 2, list: 4, size: 12 } as const;
