/**
 * Carries out what `decideFencing` decides, on the leader: written to the database first, then the device is asked, then what came of it is
 * written. One try at a time for each node, and nothing waits for it.
 */
import { newGuid } from "../base/guid.ts";
import { failureOf } from "../base/failure-of.ts";
import type { Log } from "../base/log.ts";
import type { Outside } from "../base/outside.ts";
import { askFence, endFence, titleOfDevice } from "../database/commands/fencing.ts";
import type { Database } from "../database/database.ts";
import type { FenceConfig } from "../database/fencing.ts";
import type { ClusterState, NodeState } from "../database/state.ts";
import type { FenceDevice } from "../fencing/fencing.ts";
import { decideFencing, type FenceDecision } from "./fencing-decision.ts";
import type { NodeFacts } from "./placement.ts";

/** After a device failed it is left alone for so long, in milliseconds. */
const retryAfter = 60_000;
/** The device is asked only so shortly after the record of it was submitted, in milliseconds: a leader that stood still asks nobody. */
const freshFor = 3_000;

/** What fencing works with. */
export interface FencingParts {
  readonly outside: Pick<Outside, "clock" | "random">;
  readonly database: Database;
  readonly log: Log;
  /** The device, with the secrets that this node has. */
  readonly deviceOf: (node: NodeState, config: FenceConfig) => Promise<FenceDevice>;
  /** The epoch that this node leads; undefined when it does not. */
  readonly epoch: () => number | undefined;
  /** Told of every device that was asked. */
  readonly audit?: (what: string, outcome: "done" | "failed") => void;
}

/** Of one life of the leader's service. */
export class Fencing {
  readonly #parts: FencingParts;
  readonly #busy = new Set<string>();
  readonly #failed = new Map<string, number>();
  readonly #over = new AbortController();

  constructor(parts: FencingParts) {
    this.#parts = parts;
  }

  /** Begins what is to be done now. */
  round(state: ClusterState, facts: ReadonlyMap<string, NodeFacts>, epoch: number): void {
    const now = this.#parts.outside.clock.boot();
    const failed = (node: NodeState, config: FenceConfig): boolean =>
      now < (this.#failed.get(nameOfTry(node, config)) ?? Number.NEGATIVE_INFINITY) + retryAfter;
    for (const decision of decideFencing(state, facts, failed)) {
      const { id } = decision.node;
      if (this.#busy.has(id)) continue;
      this.#busy.add(id);
      void this.#fence(state, decision, epoch)
        .catch((error: unknown) =>
          this.#parts.log.warn("could not record the fencing", { node: decision.node.name, error }),
        )
        .finally(() => this.#busy.delete(id));
    }
  }

  /** Ends what is under way; a later leader begins anew with it. */
  close(): void {
    this.#over.abort();
  }

  async #fence(state: ClusterState, decision: FenceDecision, epoch: number): Promise<void> {
    const { outside, database, log } = this.#parts;
    const attempt = newGuid(outside.random);
    const before = outside.clock.boot();
    const wall = outside.clock.wall();
    const change = askFence(state.tree, { ...decision, attempt, wall });
    const asked = await database.submit({ ...change, requestId: newGuid(outside.random) });
    if (asked.outcome !== "applied") return;
    const isStale =
      outside.clock.boot() - before > freshFor || this.#parts.epoch() !== epoch || this.#over.signal.aborted;
    if (isStale) return;
    log.warn("fencing", { node: decision.node.name, because: decision.because });
    await this.#record(decision, attempt, await this.#ask(decision));
  }

  async #ask({ node, config }: FenceDecision): Promise<{ readonly state: "off" | "failed"; readonly because: string }> {
    try {
      const device = await this.#parts.deviceOf(node, config);
      await device.off(this.#over.signal);
      return { state: "off", because: await device.confirm(this.#over.signal) };
    } catch (error) {
      this.#failed.set(nameOfTry(node, config), this.#parts.outside.clock.boot());
      return { state: "failed", because: failureOf(error).happened };
    }
  }

  async #record(
    { node, config, who }: FenceDecision,
    attempt: string,
    came: { readonly state: "off" | "failed"; readonly because: string },
  ): Promise<void> {
    const { outside, database, log, audit } = this.#parts;
    log.warn("fenced", { node: node.name, by: titleOfDevice(config), outcome: came.state, because: came.because });
    audit?.(`fence node ${node.name} by ${titleOfDevice(config)}`, came.state === "off" ? "done" : "failed");
    if (this.#over.signal.aborted) return;
    const change = endFence(database.tree(), { node, attempt, who, wall: outside.clock.wall(), ...came });
    const { outcome } = await database.submit({ ...change, requestId: newGuid(outside.random) });
    if (outcome !== "applied") log.warn("the outcome of fencing was not recorded", { node: node.name, outcome });
  }
}

function nameOfTry({ id, incarnation = "" }: NodeState, { kind }: FenceConfig): string {
  return `${id} ${incarnation} ${kind}`;
}
