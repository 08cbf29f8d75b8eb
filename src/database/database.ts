/** The cluster database as everything above it sees it, the same on every node. */
import type { Tag } from "../quorum/tag.ts";
import type { Key } from "../tree/key.ts";
import type { ChangeHandler } from "./replica.ts";
import type { SubmitResult, Update } from "./update.ts";

/** The cluster database as one node sees it: what everything above reads and changes it through. */
export interface Database {
  /** This node's copy; may be older than the leader's by the time a message takes. */
  tree(): Key;
  tag(): Tag;
  /**
   * Sends an update to the leader, again and again with the same request id, until the answer is known or `giveUpMs` (default 10 s) is
   * over.
   */
  submit(update: Update, giveUpMs?: number): Promise<SubmitResult>;
  /** Resolves when this node's copy is at `tag` or newer; rejects with TIMEOUT after `giveUpMs`. */
  waitFor(tag: Tag, giveUpMs?: number): Promise<void>;
  onChange(handler: ChangeHandler): () => void;
  /** This node in this life: node id (decimal) and service incarnation (GUID). */
  readonly self: { readonly node: string; readonly incarnation: string };
  /** Whether this node orders the updates now, as far as it knows. */
  isLeader(): boolean;
}
