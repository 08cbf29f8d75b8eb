/**
 * Watches the leader's claim in the quorum (docs/safety.md §1.6): a node may challenge only when the holder's lock shows
 * that it died, or when this node itself saw the counter stand still for the agreed time.
 */
import type { Outside } from "../base/outside.ts";
import type { Claim, Quorum } from "../quorum/quorum.ts";
import type { Timing } from "./timing.ts";

/** What a look at the quorum showed: a newer claim, or a reason to challenge this one. */
export type Watched =
  | { readonly kind: "newer" }
  /** `lastMovement`: boot time at which this node last saw the counter move (or began to look). */
  | { readonly kind: "challenge"; readonly because: string; readonly lastMovement: number };

/** Every so many looks everything is looked at, whatever moves. */
const glancesInARow = 5;

/** One node's view of the claim and its counter; it remembers only what it saw itself. */
export class Watcher {
  readonly #outside: Outside;
  readonly #quorum: Quorum;
  readonly #timing: Timing;
  #epoch = 0;
  #glances = 0;
  #counter = -1;
  #lastMovement = 0;

  constructor(outside: Outside, quorum: Quorum, timing: Timing) {
    this.#outside = outside;
    this.#quorum = quorum;
    this.#timing = timing;
  }

  /**
   * One look; undefined when `claim` still leads as far as can be seen. `idly`: nothing but time has passed since the last one, so that a
   * glance will do while the counter moves.
   */
  async look(claim: Claim, idly = false): Promise<Watched | undefined> {
    this.#glances = idly ? (this.#glances + 1) % glancesInARow : 0;
    // An answer that was long on its way says nothing of the time since it was asked for.
    const askedAt = this.#outside.clock.boot();
    const { leader, counter, holderDied } = await this.#quorum.look(claim, this.#glances !== 0);
    if (leader === undefined || leader.epoch !== claim.epoch || leader.incarnation !== claim.incarnation)
      return { kind: "newer" };
    this.#saw(claim.epoch, counter);
    if (holderDied) {
      return {
        kind: "challenge",
        because: `the leader of epoch ${claim.epoch} has died`,
        lastMovement: this.#lastMovement,
      };
    }
    const still = askedAt - this.#lastMovement;
    if (still < this.#timing.challenge) return undefined;
    const because = `the counter of epoch ${claim.epoch} has stood still for ${Math.round(still)} ms`;
    return { kind: "challenge", because, lastMovement: this.#lastMovement };
  }

  /** Milliseconds until the next look: one that could show a reason to challenge comes as soon as it can. */
  rest(): number {
    const { challenge, poll } = this.#timing;
    const due = this.#lastMovement + challenge - this.#outside.clock.boot();
    return Math.max(1, Math.min(poll, Math.ceil(due)));
  }

  /**
   * Reads the counter of an epoch and returns the boot time of its last movement that this node saw itself. A first look
   * counts as a movement, for nobody knows when the last one was.
   */
  async readCounter(epoch: number): Promise<number> {
    this.#saw(epoch, await this.#quorum.counter(epoch));
    return this.#lastMovement;
  }

  #saw(epoch: number, counter: number): void {
    if (epoch === this.#epoch && counter === this.#counter) return;
    this.#epoch = epoch;
    this.#counter = counter;
    this.#lastMovement = this.#outside.clock.boot();
  }
}
