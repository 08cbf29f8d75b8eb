/** What the API needs of a node for fencing; `daemon/fence-calls.ts` implements it. */
import type { Tag } from "../quorum/tag.ts";

/** A device that is to be a node's; `node` is a name or an id. Times in milliseconds. */
export type FenceAsked =
  | {
      readonly kind: "agent";
      readonly node: string;
      readonly agent: string;
      readonly parameters: Readonly<Record<string, string>>;
      readonly secrets: Readonly<Record<string, string>>;
      readonly method?: "off" | "reboot";
      readonly timeout?: number;
    }
  | { readonly kind: "watchdog"; readonly node: string; readonly device: string; readonly timeout?: number };

/** What one node sees of one device of another. */
export interface FenceLook {
  /** Name of the node that looked. */
  readonly from: string;
  /** "" when that node could not be asked. */
  readonly device: string;
  /** Sentences. */
  readonly seen: readonly string[];
  /** "" when all is well. */
  readonly trouble: string;
}

/** Fencing of a running node. */
export interface FenceCalls {
  /** Replaces the device of the same kind. INVALID_PARAMETER, FILE_NOT_FOUND (no such agent here), NODE_NOT_FOUND. */
  add(asked: FenceAsked): Promise<{ readonly tag: Tag; readonly done: string }>;
  /** Every node that is up tries the node's devices; nothing is switched off. FILE_NOT_FOUND without a device. */
  test(node: string): Promise<readonly FenceLook[]>;
  /** The leader fences the node next; what comes of it shows in the database. As `wantFence`. */
  want(node: string, who: string): Promise<{ readonly tag: Tag; readonly done: string }>;
}
