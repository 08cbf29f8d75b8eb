/** What nodes say to each other about membership and updates. Bodies travel through `rpc/json.ts`. */
import type { ClusterIdentity, LogRecord } from "../quorum/quorum.ts";
import type { Evidence } from "../database/update.ts";
import type { Tag } from "../quorum/tag.ts";

/** A node asks the leader to be a member in this life, and again after every change of leader. */
export interface JoinRequest {
  readonly node: string;
  readonly incarnation: string;
  /** Where this node's service answers. */
  readonly endpoint: string;
  /** Its host can't promise that applications end with it (no PID namespaces): the takeover wait proves nothing. */
  readonly loose?: boolean;
  /** Milliseconds: its host armed the machine's watchdog with them. */
  readonly watchdog?: number;
  /** What this node's copy of the database is. */
  readonly tag: Tag;
  readonly lineage: string;
  /** The generation in which this life began or was a member; 0 when it is not known. */
  readonly admitted: number;
}

/** The leader accepted the life; `copy` brings its database up to date. */
export interface JoinAnswer {
  readonly epoch: number;
  readonly identity: ClusterIdentity;
  readonly copy: CopyAnswer;
}

/** A member asks for what came after its copy; answered at once when there is something, else after one poll. */
export interface FetchRequest {
  readonly node: string;
  readonly incarnation: string;
  readonly tag: Tag;
}

/**
 * "records": what follows the copy, in order; then it stands at `tag`. "load": too much is missing, or the copy is of another
 * generation; read the quorum up to `tag` and replace the copy.
 */
export type CopyAnswer =
  | { readonly kind: "records"; readonly records: readonly LogRecord[]; readonly tag: Tag }
  | { readonly kind: "load"; readonly tag: Tag; readonly identity: ClusterIdentity };

/** An update on its way to the leader. */
export interface SubmitRequest {
  /** An update as `database/update-codec.ts` writes it. */
  readonly update: Uint8Array;
  /** Its evidence, which is not in those bytes. */
  readonly evidence?: readonly Evidence[];
}
