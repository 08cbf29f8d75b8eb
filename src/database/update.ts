/**
 * An update: one atomic change of the cluster database. It applies only when all its conditions hold at the place in
 * the order where the leader puts it; a request id makes a retry apply once (docs/safety.md §1.4).
 */
import type { Edit } from "../tree/edit.ts";
import type { VersionName } from "../quorum/quorum.ts";
import type { Tag } from "../quorum/tag.ts";

/** One atomic change: all edits apply, or none when a condition does not hold. */
export interface Update {
  /** GUID made by whoever asks; the same in every retry. */
  readonly requestId: string;
  readonly conditions: readonly Condition[];
  readonly edits: readonly Edit[];
  /** One sentence for people and the log: what and why. */
  readonly because: string;
  /** Checkpoint files that the edits newly name: the leader reads them again before it orders the update. Not part of the log. */
  readonly evidence?: readonly Evidence[];
}

/** A checkpoint file and the SHA-256 of its bytes, lower-case hexadecimal. */
export interface Evidence {
  readonly version: VersionName;
  readonly digest: string;
}

/** What must hold in the database for an update to apply. Paths are relative to HKLM\Cluster. */
export type Condition =
  | { readonly kind: "key-exists"; readonly path: string }
  | { readonly kind: "key-absent"; readonly path: string }
  /** The value's data equals these bytes; undefined: the value (or its key) is absent. */
  | {
      readonly kind: "value-equals";
      readonly path: string;
      readonly name: string;
      readonly data: Uint8Array | undefined;
    };

/** What became of a submitted update. */
export type SubmitResult =
  | { readonly outcome: "applied"; readonly tag: Tag }
  /** A condition did not hold; nothing was changed. */
  | { readonly outcome: "refused"; readonly condition: Condition }
  /** It may or may not have been applied: ask again with the same request id. */
  | { readonly outcome: "unknown" };
