/** What writers and requester need of a node beside its files. The caller of a backup or restore provides it. */
import type { LiveNode, NodeRestorePlan, NodeSetFacts, RestorePlan } from "../../restore/restore.ts";

/** Who a node is, out of its record. */
export interface NodeIdentity {
  readonly id: string;
  readonly name: string;
  readonly cluster: { readonly name: string; readonly instance: string };
}

/** A node whose data folder this process can read. */
export interface NodeDoor {
  /** Absolute path of the data folder. */
  readonly data: string;
  /** As GetNodeClusterState says: 0, 1, 3 or 19. */
  readonly nodeClusterState: number;
  readonly identity: NodeIdentity;
  /** Lets ClusDb and the hives stand, through the service or, when none runs, by its locks. BUSY while frozen. */
  freeze(limitMs: number): Promise<Freeze>;
  /** BackupClusterDatabase into a folder that does not exist; resolves with the tag. */
  backupCluster(path: string): Promise<{ readonly tag: string; readonly notChecked: readonly string[] }>;
}

/** Ends with `thaw`, with its limit, or with the process. */
export interface Freeze {
  /** Whether the files stood to the end. */
  thaw(): Promise<{ readonly kept: boolean; readonly why: string }>;
}

/** What a restore needs of the node it takes place on. */
export interface RestoreDoor {
  /** Absolute path of the data folder; it may be empty or absent. */
  readonly data: string;
  readonly live: LiveNode;
  /** A process of this data folder runs. */
  readonly running: boolean;
  planNode(set: NodeSetFacts): Promise<NodeRestorePlan>;
  /** The restore of the whole cluster from the set of BackupClusterDatabase at `path`; force never. */
  planCluster(path: string): Promise<RestorePlan>;
  /** The node's record as it goes into place: the set's, where the machine has another quorum folder with that. */
  recordOf(saved: Uint8Array): Uint8Array;
  /**
   * RESTORE_STOP_START: stops the service in order and starts it; when none runs, puts in place what is staged under this id, and the
   * cluster's restore of that id. Sentences for people.
   */
  stopAndStart(id: string, clusterId: string | undefined): Promise<readonly string[]>;
}
