import { electionGap } from "../quorum/etcd/times.ts";
import { isEtcdPlace, parseEtcdPlace } from "../quorum/etcd/place.ts";

/**
 * The times of permits and leadership, in milliseconds. All come from one object, so that tests can stretch them all
 * and `status` can show them. Why these values: DESIGN.md.
 */
export interface Timing {
  /** L: how long a permit lasts, counted by the host from when it sent the request. */
  readonly permit: number;
  /** K: the time a host may take to end everything once its permit is over. */
  readonly kill: number;
  /** How often the leader's host confirms and nodes look at the quorum; a host renews every other time. */
  readonly poll: number;
  /** How long the leader's counter must stand still before a node challenges. */
  readonly challenge: number;
  /** How long a service may be silent before its host takes it for lost. */
  readonly serviceHung: number;
  /** The same for a service whose process visibly works: it reads or writes something large in one go. */
  readonly serviceBusy: number;
  /** How long one call between nodes may take. */
  readonly call: number;
}

/** The defaults for a quorum directory; `factor` stretches all of them alike. */
export function directoryTiming(factor = 1): Timing {
  return {
    permit: 800 * factor,
    kill: 200 * factor,
    poll: 100 * factor,
    challenge: 400 * factor,
    serviceHung: 2000 * factor,
    serviceBusy: 60_000 * factor,
    call: 1000 * factor,
  };
}

/**
 * The times that go with the quorum in `place`. On etcd (docs/safety.md §2.6) a permit outlasts two of its elections, and nobody challenges
 * during one.
 */
export function timingOf(place: string, factor = 1): Timing {
  const timing = directoryTiming(factor);
  if (!isEtcdPlace(place)) return timing;
  const gap = electionGap(parseEtcdPlace(place).election) * factor;
  return { ...timing, permit: Math.max(timing.permit, 2 * gap), challenge: Math.max(timing.challenge, gap) };
}

/** The times of a node whose quorum may become another one while it lives. */
export class ChangingTiming implements Timing {
  #now: Timing;

  constructor(now: Timing) {
    this.#now = now;
  }

  use(timing: Timing): void {
    this.#now = timing;
  }

  get permit(): number {
    return this.#now.permit;
  }

  get kill(): number {
    return this.#now.kill;
  }

  get poll(): number {
    return this.#now.poll;
  }

  get challenge(): number {
    return this.#now.challenge;
  }

  get serviceHung(): number {
    return this.#now.serviceHung;
  }

  get serviceBusy(): number {
    return this.#now.serviceBusy;
  }

  get call(): number {
    return this.#now.call;
  }
}

/**
 * How long a leader that has nothing new lets a member wait for an answer. A quarter of what the member gives it, or the question would go
 * over the next network as well (rpc/paths.ts).
 */
export function fetchWait({ poll, call }: Pick<Timing, "poll" | "call">): number {
  return Math.max(poll, call / 4);
}

/** T of docs/safety.md §2.4: how long after its last answer a leader takes a silent node's applications for ended. */
export function takeoverWait(timing: Pick<Timing, "permit" | "kill" | "poll">): number {
  return (timing.permit + timing.kill) * 1.05 + timing.poll;
}
