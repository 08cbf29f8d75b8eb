/** What a restore is planned from, and the plan: plain data. */
import type { DeviceLayout } from "../backup/backup.ts";
import type { Blocker } from "../base/blocked.ts";
import type { Tag } from "../quorum/tag.ts";
import type { Key } from "../tree/key.ts";
import type { Changes } from "./differences.ts";
import type { Hold } from "./hold.ts";
import type { CopySource } from "./source.ts";
import type { TreeChanges } from "./restored-tree.ts";

/** A set that was read whole; `damage` names what is wrong with it. */
export interface SetFacts {
  readonly path: string;
  /** One digest over all its files. */
  readonly digest: string;
  readonly cluster: { readonly name: string; readonly instance: string };
  readonly generation: number;
  readonly lineage: string | undefined;
  readonly tag: Tag | undefined;
  readonly time: number | undefined;
  /** undefined when it is too damaged to be read. */
  readonly tree: Key | undefined;
  /** `{GUID}/0000000n.CPT` of the versions in it. */
  readonly versions: readonly string[];
  readonly quorumDevice: DeviceLayout;
  readonly damage: readonly string[];
  readonly notChecked: readonly string[];
}

/** What is in the quorum now. */
export type PresentFacts =
  | { readonly state: "none" }
  | { readonly state: "unreadable"; readonly why: string }
  | {
      readonly state: "readable";
      readonly cluster: { readonly name: string; readonly instance: string };
      readonly generation: number;
      readonly lineage: string;
      readonly tag: Tag;
      readonly tree: Key;
      /** Content digest of `configurationOf(tree)`. */
      readonly contentDigest: string;
    };

/** What is known of another node. Unknown is not down. */
export interface NodeFact {
  readonly id: string;
  readonly name: string;
  readonly state: "running" | "stopped" | "unknown";
  /** How that is known, as the end of a sentence: "its service answers". */
  readonly evidence: string;
  /** The highest generation it has seen. */
  readonly generation?: number;
}

/** What a restore is planned from. */
export interface RestoreInput {
  readonly set: SetFacts;
  readonly present: PresentFacts;
  /** The quorum folder to restore into. */
  readonly place: string;
  /** The place that this node used until now, when a drive names another one. */
  readonly formerPlace?: string;
  /** What is there, when it is another one than `place`. */
  readonly former?: PresentFacts;
  readonly drive?: string;
  /** Every node but this one, of the set and of the present cluster. */
  readonly nodes: readonly NodeFact[];
  readonly self: { readonly id: string; readonly name: string };
  /** The same restore replaces this node's registry and keys; where what they held is kept. */
  readonly ownFilesKeptIn?: string;
  /** The cluster that this node belongs to by its own record, for when the quorum can't tell. */
  readonly ownInstance?: string;
  readonly quorumDevice: DeviceLayout;
  /** The highest generation seen in the quorum, finished or not. */
  readonly highestGeneration: number;
  readonly force: boolean;
  readonly adoptIdentity: boolean;
  /** Groups stay offline after it: all (true), none (false), or those whose settings may be newer than the set's. */
  readonly hold?: boolean;
  /** The newest database that this node knows of, when the quorum can't tell: for what its settings may be. */
  readonly lastKnown?: Key;
  /** The folder for safety backups. */
  readonly safetyFolder: string;
  /** The plan that a person agreed to, when this is to be the same one. */
  readonly agreed?: Pick<RestorePlan, "safety">;
  /** Random: names the plan, and the lineage of its generation. */
  readonly id: string;
  readonly lineage: string;
  /** Wall time in milliseconds. */
  readonly now: number;
}

/** An idempotent step. */
export interface Step {
  readonly kind:
    | "stop-nodes"
    | "safety-backup"
    | "safety-copy"
    | "build"
    | "verify-built"
    | "switch"
    | "place"
    | "finish";
  /** What it does, for people. */
  readonly what: string;
}

/** A plan; plain JSON. It may be executed only when `blockers` is empty. */
export interface RestorePlan {
  readonly id: string;
  readonly time: number;
  readonly place: string;
  readonly formerPlace: string | undefined;
  readonly drive: string | undefined;
  readonly set: {
    readonly path: string;
    readonly digest: string;
    readonly tag: string | undefined;
    readonly time: number | undefined;
  };
  /** Instead of a set: a copy of the database (forced quorum). `set.path` then says in words what it is. */
  readonly copy?: CopySource;
  /** Of the quorum when the plan was made; undefined when there was none or it could not be read. */
  readonly present: { readonly tag: string; readonly contentDigest: string } | undefined;
  readonly identity: {
    readonly name: string;
    readonly instance: string;
    readonly generation: number;
    readonly lineage: string;
  };
  readonly generation: { readonly from: number; readonly to: number };
  readonly tag: Tag;
  readonly treeChanges: TreeChanges;
  readonly force: boolean;
  /** Node ids that are told to stop. */
  readonly stopNodes: readonly string[];
  /** Where the present state goes first; undefined when there is none. */
  readonly safety: string | undefined;
  readonly steps: readonly Step[];
  readonly blockers: readonly Blocker[];
  readonly warnings: readonly string[];
  /** Groups that stay offline until they are released. */
  readonly held: readonly Hold[];
  readonly changes: Changes | undefined;
  /** Updates after the set, which the restore takes back. */
  readonly lost: { readonly updates: number | undefined; readonly sentence: string };
  /** Names of nodes that must join again. */
  readonly mustJoinAgain: readonly string[];
  readonly notChecked: readonly string[];
}
