/** Restoring a cluster from a backup set. The interface of this folder. */
export { checkRestore } from "./check.ts";
export type { CheckParts } from "./check.ts";
export { executeRestore, resumeRestore } from "./execute.ts";
export type { ExecuteParts } from "./execute.ts";
export { lastResult } from "./journal.ts";
export type { RestoreResult } from "./journal.ts";
export type { RestorePlan } from "./plan-types.ts";
