/** Registry hives (regf): bytes in, a key tree out, and back. Pure; runs wherever JavaScript does. */
export { defaultSecurity } from "./default-security.ts";
export { HiveError } from "./hive-error.ts";
export { limits } from "./limits.ts";
export { listHive } from "./listing.ts";
export type { Hive } from "./read.ts";
export { readHive } from "./read.ts";
export type { WriteOptions } from "./write.ts";
export { writeHive } from "./write.ts";
