/**
 * Registry hives (regf) and .reg texts: bytes in, a key tree out, and back; what is in a tree, and how two differ. Pure; runs wherever
 * JavaScript does.
 */
export { Failure } from "../base/errors.ts";
export { diff, type Difference, editsFromDiff } from "../tree/diff.ts";
export { applyEdits, type Edit } from "../tree/edit.ts";
export {
  buildKey,
  childCount,
  childOf,
  childrenOf,
  emptyKey,
  fileTime,
  findKey,
  findValue,
  type Key,
  type KeyParts,
  valueCount,
  valueOf,
  valuesOf,
  wallTime,
} from "../tree/key.ts";
export {
  binary,
  binaryOf,
  dword,
  dwordOf,
  expandSz,
  multiSz,
  multiSzOf,
  qword,
  qwordOf,
  sz,
  textOf,
  type Value,
  valueType,
} from "../tree/value.ts";
export { checkHive } from "./check.ts";
export { commitHive, type PageFile } from "./commit-hive.ts";
export { defaultSecurity } from "./default-security.ts";
export { deletedEntries, type DeletedEntry } from "./deleted.ts";
export { type EditOptions, type FileWrite, type HiveCommit, HiveEditor } from "./edit-hive.ts";
export type { Finding, Severity } from "./finding.ts";
export { HiveError } from "./hive-error.ts";
export { limits } from "./limits.ts";
export { listHive } from "./listing.ts";
export { type HiveKey, type HiveValue, type HiveVisitor, type Layering, openHive, type OpenHive } from "./open.ts";
export type { Hive } from "./read.ts";
export { readHive } from "./read.ts";
export { type AppliedLog, type Recovery, recoverHive } from "./recover.ts";
export { readRegText, readRegTree } from "./reg-text.ts";
export { writeRegText } from "./reg-write.ts";
export type { Loss } from "./inspection.ts";
export { orphansName, type SalvageReport, salvageHive } from "./salvage.ts";
export type { WriteOptions } from "./write.ts";
export { writeHive, writeHiveInSlices } from "./write.ts";
