/** Looks for lives that ended without a proof of their own, where something else can tell (docs/safety.md §2.4). */
import type { Log } from "../base/log.ts";
import type { NodeRecord } from "./node-records.ts";

/** What tells of a life that nothing of it runs, and nothing of it will. `daemon/` asks the kernel. */
export interface LifeEvidence {
  /** True only when it is certain, applications included. False or a rejection: it can't be told. */
  hasEnded(life: Pick<NodeRecord, "node" | "incarnation" | "endpoint">): Promise<boolean>;
}

/** One look at a time for each node; nobody waits for one, because a folder may answer late or never. */
export class EvidenceSearch {
  readonly #evidence: LifeEvidence;
  readonly #log: Log;
  readonly #ended: (life: NodeRecord) => Promise<void>;
  readonly #looking = new Set<string>();

  /** `ended` is called for each life that is found to have ended. */
  constructor(evidence: LifeEvidence, log: Log, ended: (life: NodeRecord) => Promise<void>) {
    this.#evidence = evidence;
    this.#log = log;
    this.#ended = ended;
  }

  /** Nothing can be told of a life whose host has no hold on its applications (§2.5), and nothing of one that is not known. */
  look(life: NodeRecord): void {
    if (!life.up || life.loose || life.incarnation === "" || this.#looking.has(life.node)) return;
    this.#looking.add(life.node);
    void this.#look(life).finally(() => this.#looking.delete(life.node));
  }

  async #look(life: NodeRecord): Promise<void> {
    // What can't be looked at is waited for.
    if (!(await this.#evidence.hasEnded(life).catch(() => false))) return;
    await this.#ended(life).catch((error: unknown) => this.#log.warn("could not record an ended life", { error }));
  }
}
