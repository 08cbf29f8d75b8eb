/** Restoring a cluster from a backup set, and one node from its files. The interface of this folder. */
export { checkRestore } from "./check.ts";
export type { CheckParts } from "./check.ts";
export { executeRestore, resumeRestore } from "./execute.ts";
export type { ExecuteParts } from "./execute.ts";
export { lastResult } from "./journal.ts";
export type { RestoreResult } from "./journal.ts";
export { checkNodeRestore } from "./node/check.ts";
export type { NodeCheckParts } from "./node/check.ts";
export { commitNodeRestore, discardNodeRestore } from "./node/commit.ts";
export type { LiveNode, NodeRestorePlan, NodeSetFacts } from "./node/plan.ts";
export { isStagedName, lastNodeRestore, stagedRestore } from "./node/record.ts";
export type { NodeRestoreRecord, NodeRestoreResult } from "./node/record.ts";
export { openStaging } from "./node/stage.ts";
export type { Staging } from "./node/stage.ts";
export type { NodeFact, RestorePlan } from "./plan-types.ts";
