/** Restoring a cluster from a backup set, and one node from its files. The interface of this folder. */
export { askNodes, nodesOfPlan } from "./ask-nodes.ts";
export { checkRestore } from "./check.ts";
export type { CheckParts } from "./check.ts";
export { executeRestore, resumeRestore } from "./execute.ts";
export type { ExecuteParts, ResumeParts } from "./execute.ts";
export { type Hold, lastOwners } from "./hold.ts";
export { lastResult, readRecord, takeLocks } from "./journal.ts";
export type { RestoreResult } from "./journal.ts";
export { checkNodeRestore } from "./node/check.ts";
export { commitNodeRestore, discardNodeRestore } from "./node/commit.ts";
export type { LiveNode, NodeRestorePlan, NodeSetFacts } from "./node/plan.ts";
export { isStagedName, lastNodeRestore, lockNodeRestore, stagedRestore } from "./node/record.ts";
export { openStaging, restoreThatWaits } from "./node/stage.ts";
export type { Staging } from "./node/stage.ts";
export type { NodeFact, RestorePlan } from "./plan-types.ts";
export { highestGeneration, readPresent } from "./present.ts";
export { copyChanges } from "./restored-tree.ts";
export { type DatabasePlace, digestOfCopy, type LostVersion, readDatabase } from "./source.ts";
