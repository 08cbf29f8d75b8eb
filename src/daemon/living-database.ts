/** The database of a service over all its lives: reads come from the copy, updates go through the present life. */
import { fail } from "../base/errors.ts";
import type { Database } from "../database/database.ts";
import type { ChangeHandler, Replica } from "../database/replica.ts";
import type { SubmitResult, Update } from "../database/update.ts";
import type { Membership } from "../membership/membership.ts";
import type { Tag } from "../quorum/tag.ts";
import type { Key } from "../tree/key.ts";

/** Readable at any time; updates need a life. */
export class LivingDatabase implements Database {
  readonly replica: Replica;
  readonly #node: string;
  #life: Membership | undefined;

  constructor(replica: Replica, node: string) {
    this.replica = replica;
    this.#node = node;
  }

  /** The present life; undefined between two lives. */
  life(): Membership | undefined {
    return this.#life;
  }

  setLife(life: Membership | undefined): void {
    this.#life = life;
  }

  get self(): Database["self"] {
    return { node: this.#node, incarnation: this.#life?.self.incarnation ?? "" };
  }

  tree(): Key {
    return this.replica.tree();
  }

  tag(): Tag {
    return this.replica.tag();
  }

  submit(update: Update, giveUpMs?: number): Promise<SubmitResult> {
    return this.#living().submit(update, giveUpMs);
  }

  waitFor(tag: Tag, giveUpMs?: number): Promise<void> {
    return this.#living().waitFor(tag, giveUpMs);
  }

  onChange(handler: ChangeHandler): () => void {
    return this.replica.onChange(handler);
  }

  isLeader(): boolean {
    return this.#life?.isLeader() ?? false;
  }

  #living(): Membership {
    if (this.#life !== undefined) return this.#life;
    throw fail("CLUSTER_NODE_NOT_READY", {
      happened: "This node is between two lives of its service and not a member of the cluster now.",
      unchanged: "Nothing was changed.",
      next: "Try again in a moment; `clubar status` says what it waits for.",
    });
  }
}
