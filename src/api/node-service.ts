/**
 * What the API needs of a running node; `daemon/` implements it. Everything here may be called on any node of the cluster:
 * updates go to the leader, checkpoint calls to the resource's owner, backups to the leader's node.
 */
import type { BackupResult } from "../backup/take.ts";
import type { ErrorName } from "../base/errors.ts";
import type { AddOptions, CheckpointKind, Checkpoints, RecreateOptions } from "../checkpoint/checkpoint.ts";
import type { Change } from "../database/change.ts";
import type { Database } from "../database/database.ts";
import type { RunningResource } from "../failover/owner.ts";
import type { Timing } from "../membership/timing.ts";
import type { TypeDescription } from "../monitor/module-messages.ts";
import type { ParameterReport, ParametersAsked } from "../monitor/type-look.ts";
import type { Claim, ClusterIdentity, Quorum } from "../quorum/quorum.ts";
import type { Tag } from "../quorum/tag.ts";
import type { FenceCalls } from "./fence-calls.ts";
import type { Diagnosis } from "../recovery/doctor.ts";
import type { DiskFact, ReplaceDiskRequest } from "../recovery/recovery.ts";
import type { KeyContainers } from "../registry/key-containers.ts";
import type { Registry } from "../registry/registry.ts";
import type { Key } from "../tree/key.ts";

/** A running node. */
export interface NodeService {
  /** The node's data folder. */
  readonly data: string;
  readonly node: { readonly id: string; readonly name: string };
  readonly database: Database;
  readonly quorum: Quorum;
  readonly registry: Registry;
  readonly keys: KeyContainers;
  readonly checkpoints: Checkpoints;
  identity(): ClusterIdentity;
  status(): NodeStatus;
  /** Lets everything else of the service go on between the slices of long work. */
  pause(): Promise<void>;
  /**
   * Builds a change out of this node's copy and submits it; builds anew when a condition was refused because somebody else
   * changed the same thing (at most ten times). Resolves when this node's copy has it. Throws what `build` throws.
   */
  change(build: (tree: Key) => Change): Promise<Tag>;
  /** Calls a checkpoint function on the node that owns the resource's group; see `CheckpointCall`. */
  atOwner(call: CheckpointCall): Promise<unknown>;
  /** Changes this node's registry; under a checkpoint of an online resource it resolves when the new version is committed. */
  changeRegistry(work: (registry: Registry) => Promise<void>): Promise<{ readonly pending: readonly string[] }>;
  changeKeys(work: (keys: KeyContainers) => Promise<void>): Promise<{ readonly pending: readonly string[] }>;
  /** Writes a backup set on the leader's node; `path` is absolute. Fails with CLUSTER_BACKUP_IN_PROGRESS while one is taken. */
  backup(path: string): Promise<BackupResult>;
  /** What a restore would do. Nothing is changed. */
  planRestore(request: RestoreRequest): Promise<RestorePlanView>;
  /** Carries a plan out: this node's life ends, the set is put in place, a new life forms the cluster. Resolves when it leads or failed. */
  restore(request: RestoreRequest): Promise<RestoreOutcome>;
  readonly forceQuorum?: ForceQuorumCalls;
  readonly moveQuorum?: MoveQuorumCalls;
  /** The disks that every node sees. */
  readonly disks?: () => Promise<readonly NodeDisks[]>;
  readonly trust?: TrustCalls | undefined;
  readonly fencing?: FenceCalls;
  /** Absent: modules and parameters are not looked at before they are stored. */
  readonly types?: TypeCalls | undefined;
  /** After an eviction: whether content that is sealed from now on is sealed with a key that the evicted node never had. */
  readonly isKeyRotated?: () => Promise<boolean>;
  /** What is wrong, what is not, what to do. */
  readonly doctor?: () => Promise<Diagnosis>;
  /** A node is certainly off; asks for its name a second time. */
  confirmDown(node: string, repeatedName: string): Promise<Tag>;
  /** Moves the groups away, ends the applications in order, leaves the cluster; the process ends after the answer. */
  stop(drain: boolean): Promise<void>;
  /** The same for another node's service, by node id; only this node's can be stopped when absent. */
  stopNode?(node: string, drain: boolean): Promise<void>;
  /** The newest backup that this node knows of. */
  lastBackup?(): LastBackup | undefined;
  /** Lets this node's files stand for a shadow copy, for `limitMs` at most. BUSY while frozen. */
  freeze?(limitMs: number): Promise<FrozenNode>;
  /** Ends it. INVALID_PARAMETER for an id that never was one. */
  thaw?(id: string): ThawedNode;
  /** As `stop`, and the service begins anew in the same process: what is staged goes into place in between. */
  restart?(): Promise<void>;
}

/** What a person asks of a forced quorum. */
export interface ForceQuorumAsked {
  /** Another quorum folder, absolute; the present one unless given. */
  readonly quorum?: string;
  /** Node or generation whose copy of the database is taken; the newest one unless given. */
  readonly from?: string;
  readonly force: boolean;
  /** Every group stays offline afterwards until it is released. */
  readonly hold: boolean;
  /** The plan that the person agreed to. */
  readonly planId?: string;
}

/** Forms the quorum anew from the newest copy of the database. */
export interface ForceQuorumCalls {
  plan(asked: ForceQuorumAsked): Promise<RestorePlanView>;
  /** Resolves when this node leads, or its service begins anew with another quorum. */
  carryOut(asked: ForceQuorumAsked): Promise<RestoreOutcome>;
}

/** The disks of one node. */
export interface NodeDisks {
  /** Its name. */
  readonly node: string;
  readonly disks: readonly DiskFact[];
  /** Why it could not be asked; "" otherwise. */
  readonly trouble: string;
}

/** What a person asks of a move of the quorum. */
export interface MoveQuorumAsked {
  /** Of the quorum that it becomes: "directory", "etcd". */
  readonly kind: string;
  /** Absolute path of a folder that is empty or not there yet, or the place of an etcd with nothing below its prefix. */
  readonly place: string;
  /** Disk resources that are exchanged in the same step. */
  readonly replaces?: ReplaceDiskRequest;
  /** The plan that the person agreed to. */
  readonly planId?: string;
}

/** Moves a running cluster to another quorum. Nothing is taken back; applications stay up. */
export interface MoveQuorumCalls {
  plan(asked: MoveQuorumAsked): Promise<RestorePlanView>;
  /**
   * Resolves when it is in force there; this node's service begins anew.
   * Rejects: the cluster is where it was, unless it says "unfinished".
   */
  carryOut(asked: MoveQuorumAsked): Promise<RestoreOutcome>;
}

/** What one node says of a module. */
export interface NodeType {
  /** Its name. */
  readonly node: string;
  /** undefined where `trouble` says why. */
  readonly description: TypeDescription | undefined;
  readonly trouble: string;
  /** What kind of trouble it is, where the node was asked. */
  readonly error?: ErrorName;
}

/** What one node says of parameters. */
export interface NodeReport {
  readonly node: string;
  readonly report: ParameterReport | undefined;
  readonly trouble: string;
}

/** Looks at resource types and parameters where the programs are: one answer a node. */
export interface TypeCalls {
  describe(module: string): Promise<readonly NodeType[]>;
  /** Of a type that needs no program only this node answers. */
  check(asked: ParametersAsked): Promise<readonly NodeReport[]>;
}

/** Gives tokens and certificates; absent on a node without an authority. */
export interface TrustCalls {
  /** One machine may become a node with it, within so many milliseconds. */
  token(lifeMs: number): Promise<{ readonly token: string; readonly expires: number }>;
  /** Signs a user's request (PKCS#10, DER); PEM. INVALID_DATA. */
  userCertificate(
    name: string,
    request: Uint8Array,
    lifeMs: number,
  ): Promise<{
    readonly certificate: string;
    readonly authority: string;
    readonly key: string;
    readonly expires: number;
  }>;
}

/** ClusDb and the hives stand. */
export interface FrozenNode {
  readonly id: string;
  /** Of ClusDb. */
  readonly tag: string;
  readonly limitMs: number;
}

/** Whether the files stood to the end. */
export interface ThawedNode {
  readonly kept: boolean;
  readonly why: string;
}

/** A backup that was taken. */
export interface LastBackup {
  readonly path: string;
  /** Name of the node that wrote it. */
  readonly node: string;
  readonly tag: string;
  /** Wall time in milliseconds. */
  readonly time: number;
}

/** What a person asks a restore for. */
export interface RestoreRequest {
  readonly path: string;
  readonly force: boolean;
  /** `k:`, resolved by the node's table of drives. */
  readonly drive?: string;
  /** Takes over the identity of another cluster's set. */
  readonly adopt?: boolean;
  /** Groups stay offline afterwards: all, none; absent: those whose last known settings are not the set's. */
  readonly hold?: boolean;
  /** The plan that the person agreed to; another one by now is refused. */
  readonly planId?: string;
}

/** A plan as people see it; `blockers` empty means that it can be carried out. */
export interface RestorePlanView {
  readonly id: string;
  readonly lines: readonly string[];
  readonly blockers: readonly { readonly name: ErrorName; readonly sentence: string; readonly next: string }[];
  readonly warnings: readonly string[];
}

/** A restore that is in force. */
export interface RestoreOutcome {
  readonly tag: string;
  readonly safetyBackup: string | undefined;
  readonly lines: readonly string[];
}

/** A call that runs on the node that owns the resource; `resource` is an id or a name. */
export type CheckpointCall =
  | ({
      readonly call: "add";
      readonly resource: string;
      readonly kind: CheckpointKind;
      readonly path: string;
    } & AddOptions)
  | { readonly call: "remove"; readonly resource: string; readonly kind: CheckpointKind; readonly path: string }
  | { readonly call: "revert"; readonly resource: string; readonly path: string; readonly number: number }
  | { readonly call: "capture" | "audit"; readonly resource: string }
  /** `Checkpoints.recreate` and `withdraw`. */
  | ({ readonly call: "recreate" | "withdraw"; readonly resource: string } & RecreateOptions)
  | {
      readonly call: "control";
      readonly resource: string;
      readonly code: number;
      readonly input: Uint8Array | undefined;
      readonly outSize: number | undefined;
    };

/** How a node is now. */
export interface NodeStatus {
  readonly state: "starting" | "member" | "leader" | "alone" | "restoring" | "stopping";
  /** Why it is in that state, when it is not an ordinary member. */
  readonly because: string;
  readonly incarnation: string;
  readonly leader: Claim | undefined;
  readonly tag: Tag;
  readonly timing: Timing;
  /** Boot time in milliseconds at which the permit ends; 0 without one. */
  readonly permitEndsAt: number;
  readonly nowBoot: number;
  readonly containment: string;
  readonly containmentSentence: string;
  /** What the leader can't do now and why; empty on other nodes. */
  readonly waits: readonly string[];
  /** What runs on this node, by resource id. */
  readonly running: ReadonlyMap<string, RunningResource>;
}
