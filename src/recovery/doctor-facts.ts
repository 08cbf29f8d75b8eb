/** What the doctor looks at: plain JSON, gathered by adapters, judged by `diagnose`. What could not be looked at says why. */
import type { QuorumFact } from "./doctor-quorum.ts";

/** Something that was looked at, or why it was not. */
export type Looked<T> = T | { readonly notChecked: string };

/** All of it. */
export interface DoctorFacts {
  /** Wall time in milliseconds. */
  readonly now: number;
  /** How the command is written for this node: `clubar`, or `clubar --data /var/lib/n1`. */
  readonly command: string;
  /** The node's data folder. */
  readonly data: string;
  readonly record: RecordFact;
  readonly service: ServiceFact;
  /** This node's own copy of the database. */
  readonly quorum: Looked<QuorumFact>;
  /** Other nodes and this one, with their copies. */
  readonly nodes: Looked<readonly NodeFact[]>;
  /** As the service tells it; not checked without one. */
  readonly cluster: Looked<ClusterFact>;
  /** Of a cluster on several machines, in the newest copy of the database; absent on one machine and when no copy was found. */
  readonly outliving?: OutlivingFact;
  /** Resources that mount, `Data (Physical Disk)`, where containers do not follow what is unmounted on this machine; absent elsewhere. */
  readonly keptMounts?: readonly string[];
  /** Files of the current checkpoint versions in the generation in force. */
  readonly checkpoints: Looked<readonly CheckpointFact[]>;
  /** Hives of this node's registry. */
  readonly hives: Looked<readonly HiveFact[]>;
  /** A restore or forced quorum that was cut off. */
  readonly unfinished: Looked<{ readonly what: string } | null>;
  /** How the last one ended. */
  readonly lastRestore: { readonly outcome: string; readonly sentence: string } | null;
  /** File names `ClusDb.diverged-…`. */
  readonly diverged: readonly string[];
  readonly space: Looked<readonly SpaceFact[]>;
  /** Of the newest thing that was written: a file or a set. */
  readonly newestWrite: number | null;
  readonly backups: Looked<readonly SetFact[]>;
}

/** What a silent machine would leave in doubt. */
export interface OutlivingFact {
  /** Resources that may outlive their host: `Data (Physical Disk)`. */
  readonly resources: readonly string[];
  /** Names of the nodes that have no fence device. */
  readonly unfenced: readonly string[];
}

/** `node.json`. */
export type RecordFact =
  | {
      readonly state: "ok";
      readonly id: string;
      readonly name: string;
      readonly cluster: string;
      readonly instance: string;
      readonly quorum: string;
    }
  | { readonly state: "none" }
  | { readonly state: "damaged" | "denied"; readonly why: string };

/** Whether the service answers. */
export type ServiceFact =
  | {
      readonly state: "answers";
      /** starting, member, leader, alone, restoring, stopping. */
      readonly role: string;
      readonly because: string;
      readonly waits: readonly string[];
      readonly containment: string;
    }
  | { readonly state: "stopped"; readonly evidence: string }
  | { readonly state: "hangs" | "denied"; readonly evidence: string };

/** A node and its copy. */
export interface NodeFact {
  readonly id: string;
  readonly name: string;
  readonly isSelf: boolean;
  /** Its data folder, where that is known. */
  readonly data?: string;
  /** The quorum folder in its record, where that can be read. */
  readonly quorum?: string;
  readonly life: "living" | "alone" | "stopped" | "unknown";
  readonly evidence: string;
  /** It answered that this node is no member. */
  readonly deniesUs?: true;
  /** Tag and lineage of its ClusDb; absent when it could not be read. */
  readonly tag?: string;
  readonly lineage?: string;
  /** Why not. */
  readonly why?: string;
  /** Whether the newest database (quorum or copy) has it as a member. */
  readonly isMember: boolean;
}

/** The cluster as the service sees it. */
export interface ClusterFact {
  readonly leader: string | null;
  readonly nodes: readonly { readonly name: string; readonly state: string; readonly downBecause: string | null }[];
  readonly groups: readonly GroupFact[];
  /** Checkpoints whose newest change is not captured. */
  readonly pending: readonly string[];
}

/** A group. */
export interface GroupFact {
  readonly name: string;
  readonly state: string;
  readonly owner: string | null;
  readonly wanted: boolean;
  readonly held: string | null;
  /** Name of the node whose live settings are the newest while it is held; null when none is known. */
  readonly heldOn: string | null;
  /** Why it is left failed. */
  readonly failed: string | null;
  /** Resources that are not as they should be: name and reason. */
  readonly troubles: readonly { readonly resource: string; readonly reason: string }[];
}

/** A checkpoint's current file. */
export interface CheckpointFact {
  readonly resource: string;
  readonly path: string;
  readonly file: string;
  readonly state: "whole" | "lost" | "damaged" | "not checked";
  /** Why it was not checked, when that is not because the database has no digest of it. */
  readonly why?: string;
}

/** A hive of the registry. */
export interface HiveFact {
  readonly name: string;
  /** Why it can't be read; absent when it can. */
  readonly damage?: string;
}

/** Room on the disk below a path, in bytes. */
export interface SpaceFact {
  readonly what: string;
  readonly path: string;
  readonly free: number;
}

/** A backup set; only its manifest was read. */
export interface SetFact {
  readonly path: string;
  readonly tag: string | null;
  /** Wall time in milliseconds. */
  readonly time: number;
  readonly complete: boolean;
  /** A safety backup that a restore made. */
  readonly isSafety: boolean;
}
