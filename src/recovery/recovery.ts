/**
 * The Cluster Recovery Utility's engine: what the command line, the API and the web page start and follow (facts §5). Everything goes
 * through `RecoverySource`, the cluster as one node sees it.
 */
import type { Checkpoint, RecreateLine, RecreateOptions } from "../checkpoint/checkpoint.ts";
import type { ClusterState } from "../database/state.ts";

export type { DiskFact } from "./disks/disk-list.ts";
export { planRecreation, recreate } from "./recreate.ts";
export { planDiskReplacement, type ReplaceDiskPlan, type ReplaceDiskRequest } from "./replace-disk.ts";
export { RecreationRuns, type RecreationRun } from "./runs.ts";

/** The cluster as one node sees it; `atOwner` goes to the node that owns the resource now. */
export interface RecoverySource {
  state(): ClusterState;
  /** The checkpoints of a resource by id. */
  checkpoints(resource: string): readonly Checkpoint[];
  /** Name of the node whose live settings of the resource are the newest, when that is known. */
  lastOwner(resource: string): string | undefined;
  /** `Checkpoints.recreate` and `withdraw` on the owner. Rejects when there is none, when it is down, or does not answer. */
  atOwner(call: OwnerCall): Promise<readonly RecreateLine[]>;
}

/** A call for one resource by id. */
export interface OwnerCall extends RecreateOptions {
  readonly call: "recreate" | "withdraw";
  readonly resource: string;
}

/** What to re-create. */
export interface RecreationRequest {
  /** Ids or names; undefined: all resources. */
  readonly resources?: readonly string[];
  /** Delete the files of all versions first, so that nothing stale can be put in place from then on. */
  readonly deleteFirst: boolean;
  /** Leave out, as failed, resources whose owner was not the last to run them: what is live there may be older than the file. */
  readonly newestOnly?: boolean;
}

/** One resource of a request. */
export interface RecreationTarget {
  readonly resource: string;
  readonly name: string;
  readonly group: string | null;
  /** Name of the node that owns it now: where what is live is read. */
  readonly owner: string | null;
  /** online, offline, failed … */
  readonly state: string;
  readonly checkpoints: number;
  /** A sentence when what is live on the owner may not be the newest; "" otherwise. */
  readonly warning: string;
}

/** The result for one checkpoint, or what it would be. */
export interface RecreationLine extends RecreateLine {
  /** Id and name of its resource. */
  readonly resource: string;
  readonly resourceName: string;
  readonly owner: string | null;
}

/** How many of each. */
export interface RecreationCounts {
  readonly reCreated: number;
  readonly same: number;
  readonly failed: number;
}

/** What was done or would be done. */
export interface RecreationReport {
  readonly targets: readonly RecreationTarget[];
  readonly lines: readonly RecreationLine[];
  readonly counts: RecreationCounts;
  /** 0, 4 when only a part was done, otherwise why nothing was. */
  readonly exit: number;
}

/** What happens while it goes on, in order. `withdrawn` lines come before any other when files are deleted first. */
export type RecreationEvent =
  | { readonly kind: "begin"; readonly targets: readonly RecreationTarget[]; readonly checkpoints: number }
  | {
      readonly kind: "resource";
      readonly resource: string;
      readonly name: string;
      readonly doing: "withdraw" | "recreate";
    }
  | { readonly kind: "line"; readonly line: RecreationLine }
  | { readonly kind: "end"; readonly report: RecreationReport };

export type { RecreateLine };
