/**
 * The freeze of a node's files for a shadow copy: ClusDb and the hives are folded and stand until the thaw. People's changes of registry
 * and keys wait; permits, failover and checkpoints go on, since what they change only adds to journals. It ends by itself after its limit,
 * so that whoever froze may die.
 */
import type { FrozenNode, ThawedNode } from "../api/node-service.ts";
import { fail } from "../base/errors.ts";
import { newGuid } from "../base/guid.ts";
import type { Log } from "../base/log.ts";
import type { Outside } from "../base/outside.ts";
import { formatTag } from "../quorum/tag.ts";
import type { Registry, RegistryFreeze } from "../registry/registry.ts";
import type { ClusDbFile } from "./clusdb-file.ts";
import type { LivingDatabase } from "./living-database.ts";

/** What is frozen. */
export interface FreezeParts {
  readonly outside: Outside;
  readonly log: Log;
  readonly registry: Registry;
  readonly clusDb: ClusDbFile;
  readonly database: LivingDatabase;
}

interface Frozen {
  readonly id: string;
  readonly hives: RegistryFreeze;
  readonly over: AbortController;
  readonly ended: Promise<void>;
}

/** One freeze at a time. */
export class NodeFreeze {
  readonly #parts: FreezeParts;
  #now: Frozen | undefined;
  #beginning = false;
  /** How the last one ended that nobody thawed in time. */
  #late: { readonly id: string; readonly limitMs: number } | undefined;

  constructor(parts: FreezeParts) {
    this.#parts = parts;
  }

  /** BUSY while frozen; what folding ran into. */
  async freeze(limitMs: number): Promise<FrozenNode> {
    if (this.#now !== undefined || this.#beginning) throw frozenAlready();
    const { outside, registry, clusDb, database, log } = this.#parts;
    const id = newGuid(outside.random);
    this.#beginning = true;
    try {
      await clusDb.hold(database.replica);
      const hives = await registry.freeze().catch((error: unknown) => {
        clusDb.release(database.replica);
        throw error;
      });
      const over = new AbortController();
      const ended = Promise.withResolvers<void>();
      over.signal.addEventListener("abort", () => ended.resolve());
      this.#now = { id, hives, over, ended: ended.promise };
      void this.#endLate(this.#now, limitMs);
      log.info("frozen for a shadow copy", { id, limitMs });
      return { id, tag: formatTag(database.tag()), limitMs };
    } finally {
      this.#beginning = false;
    }
  }

  /** Resumes. `kept` false: the files changed meanwhile, and why. INVALID_PARAMETER for another freeze's id. */
  thaw(id: string): ThawedNode {
    const now = this.#now;
    if (now?.id === id) {
      const replaced = this.#end(now);
      if (replaced.length === 0) return { kept: true, why: "" };
      return {
        kept: false,
        why: `The hives ${replaced.join(", ")} got a change too long for their journals meanwhile.`,
      };
    }
    if (this.#late?.id === id)
      return { kept: false, why: `The freeze ended by itself after ${this.#late.limitMs} ms.` };
    throw fail("INVALID_PARAMETER", {
      happened: `Nothing of this node is frozen under the id ${id}.`,
      unchanged: "Nothing was changed.",
    });
  }

  /** Resolves when nothing is frozen. */
  async thawed(): Promise<void> {
    while (this.#now !== undefined) await this.#now.ended;
  }

  /** The service stops: whoever froze hears at the thaw that it did not last. */
  close(): void {
    if (this.#now !== undefined) this.#end(this.#now);
  }

  async #endLate(now: Frozen, limitMs: number): Promise<void> {
    await this.#parts.outside.timers.sleep(limitMs, now.over.signal);
    if (this.#now !== now) return;
    this.#end(now);
    this.#late = { id: now.id, limitMs };
    this.#parts.log.warn("a freeze ended by itself", { id: now.id, limitMs });
  }

  #end(now: Frozen): readonly string[] {
    this.#now = undefined;
    const replaced = now.hives.thaw();
    this.#parts.clusDb.release(this.#parts.database.replica);
    now.over.abort();
    return replaced;
  }
}

function frozenAlready(): Error {
  return fail("BUSY", {
    happened: "The files of this node are frozen for another shadow copy.",
    unchanged: "Nothing was changed.",
    next: "Wait for it to end; it takes a minute at most.",
  });
}
