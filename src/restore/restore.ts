/** Restoring a cluster from a backup set. The interface of this folder. */
export { checkRestore, gatherFacts } from "./check.ts";
export type { CheckParts, RestoreRequest } from "./check.ts";
export type { ChangeCount, Changes } from "./differences.ts";
export { executeRestore, resumeRestore } from "./execute.ts";
export type { ExecuteParts } from "./execute.ts";
export { lastResult } from "./journal.ts";
export type { RestoreResult, Safety } from "./journal.ts";
export { planRestore } from "./plan.ts";
export type { Blocker, NodeFact, RestoreInput, RestorePlan, Step } from "./plan-types.ts";
