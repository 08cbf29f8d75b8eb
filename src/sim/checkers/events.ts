/** What nodes, workloads and the world report to the checkers. `at` is virtual time in milliseconds. */
import type { Tag } from "../../quorum/tag.ts";

/** One thing that happened. */
export type ClusterEvent =
  /** A node's service took the quorum: it thinks it leads from now on. */
  | {
      readonly kind: "leader-started";
      readonly at: number;
      readonly node: string;
      readonly incarnation: string;
      readonly tag: Tag;
    }
  /** A client sent an update for the first time. */
  | { readonly kind: "update-submitted"; readonly at: number; readonly requestId: string }
  /** A client was told that its update is applied. */
  | { readonly kind: "update-acknowledged"; readonly at: number; readonly requestId: string; readonly tag: Tag }
  /** A client was told that its update was refused and changed nothing. */
  | { readonly kind: "update-refused"; readonly at: number; readonly requestId: string }
  /** A replica applied the update. */
  | {
      readonly kind: "update-applied";
      readonly at: number;
      readonly node: string;
      /** Changes when the replica starts anew. */
      readonly incarnation: string;
      readonly requestId: string;
      readonly tag: Tag;
    }
  /** A replica took over a whole image that stands for this tag. */
  | {
      readonly kind: "replica-reset";
      readonly at: number;
      readonly node: string;
      readonly incarnation: string;
      readonly tag: Tag;
    }
  /**
   * The cluster goes on in a new generation from a backup: what is newer than `kept` and older than the generation is given up on
   * purpose. `settings`: what of each setting was acknowledged when the backup began. `held`: resources that stay offline from then on.
   */
  | {
      readonly kind: "restored";
      readonly at: number;
      readonly kept: Tag;
      readonly generation: number;
      readonly settings: readonly { readonly resource: string; readonly setting: string; readonly value: number }[];
      readonly held?: readonly string[];
    }
  /** A person begins to ask for the release of what is held. */
  | { readonly kind: "release-asked"; readonly at: number; readonly resource: string }
  /** A replica was the first to apply an update: files of checkpoint versions that its database names and that are not there. */
  | { readonly kind: "versions-named"; readonly at: number; readonly node: string; readonly missing: readonly string[] }
  /** The database at the end: the request ids that it holds, in the order in which they were applied. */
  | { readonly kind: "final-database"; readonly at: number; readonly requestIds: readonly string[] }
  /** A replica when nothing goes on any more. */
  | {
      readonly kind: "replica-at-rest";
      readonly at: number;
      readonly node: string;
      readonly tag: Tag;
      readonly digest: string;
    }
  /** An application's first and last instant. */
  | {
      readonly kind: "application-started";
      readonly at: number;
      readonly run: number;
      readonly resource: string;
      readonly node: string;
    }
  | {
      readonly kind: "application-ended";
      readonly at: number;
      readonly run: number;
      readonly resource: string;
      readonly node: string;
    }
  /** The machine of an application whose kernel ends it with its host stands still, or goes on. */
  | { readonly kind: "application-frozen" | "application-thawed"; readonly at: number; readonly run: number }
  /** The newest database has it for the first time that this life of a node is certainly over. `running`: what runs of it. */
  | {
      readonly kind: "life-confirmed";
      readonly at: number;
      readonly node: string;
      readonly incarnation: string;
      readonly running: readonly string[];
    }
  /** An update changed what an owner writes: the ownership generation that its sender knew, and that of the database. */
  | {
      readonly kind: "owner-wrote";
      readonly at: number;
      readonly resource: string;
      readonly what: "state" | "checkpoint";
      readonly node: string;
      readonly generation: number;
      readonly recorded: number;
    }
  /** A client begins to write the n-th value of a setting (one writer a setting, counting up). */
  | {
      readonly kind: "setting-written";
      readonly at: number;
      readonly resource: string;
      readonly setting: string;
      readonly value: number;
    }
  | {
      readonly kind: "setting-acknowledged";
      readonly at: number;
      readonly resource: string;
      readonly setting: string;
      readonly value: number;
    }
  /** What an application found as it started; 0 when the setting is not there. */
  | {
      readonly kind: "setting-found";
      readonly at: number;
      readonly resource: string;
      readonly node: string;
      readonly setting: string;
      readonly value: number;
    }
  /** A resource after healing and the agreed time: whether it was asked to be online and whether it is. */
  | {
      readonly kind: "resource-at-rest";
      readonly at: number;
      readonly resource: string;
      readonly wanted: boolean;
      readonly online: boolean;
    };

/** The events of one kind. */
export type EventOf<K extends ClusterEvent["kind"]> = Extract<ClusterEvent, { readonly kind: K }>;

/** A broken promise, as one sentence with its virtual time. */
export interface Violation {
  readonly checker: string;
  readonly at: number;
  readonly what: string;
}

/** Watches one invariant. */
export interface Checker {
  readonly name: string;
  see(event: ClusterEvent): void;
  /** After the last event: what can be judged only at the end. */
  finish(): void;
  readonly violations: readonly Violation[];
}
