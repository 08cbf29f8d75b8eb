/**
 * The permit path of one host, in its small process: renews this node's permit at the leader's host and, when this node
 * leads, confirms the epoch in the quorum and answers renewals out of that (docs/safety.md §2.1, §2.7).
 */
import type { Outside } from "../base/outside.ts";
import { noError } from "../base/no-error.ts";
import type { Quorum } from "../quorum/quorum.ts";
import { HeldPermit, PermitGranter } from "./permit.ts";
import type { Timing } from "./timing.ts";

/** A host's question for a permit, under the epoch that it believes in. */
export interface RenewRequest {
  readonly node: string;
  readonly incarnation: string;
  readonly epoch: number;
}

/** What the permit path needs of its process. */
export interface KeeperParts {
  readonly outside: Outside;
  readonly quorum: Quorum;
  readonly timing: Timing;
  readonly self: { readonly node: string; readonly incarnation: string };
  /** Asks another host for a permit; resolves as `PermitKeeper.answer`, rejects when it can't be reached in time. */
  readonly renewAt: (hostEndpoint: string, request: RenewRequest) => Promise<number>;
  readonly events: KeeperEvents;
}

/** What the permit path tells its process. */
export interface KeeperEvents {
  /** The permit now lasts until this boot time. */
  extended(endsAt: number): void;
  refused(): void;
  superseded(epoch: number): void;
  silence(node: string, incarnation: string): void;
}

interface Leading {
  readonly epoch: number;
  /** In which the epoch was claimed. */
  readonly quorum: Quorum;
  /** How long what is granted lasts, in milliseconds. */
  length: number;
  readonly granter: PermitGranter;
  wake: () => void;
  over: boolean;
}

/** Both sides of the permit in one host. */
export class PermitKeeper {
  readonly #parts: KeeperParts;
  readonly #held = new HeldPermit();
  #quorum: Quorum;
  readonly #stop = new AbortController();
  #following: { readonly epoch: number; readonly hostEndpoint: string | undefined } | undefined;
  #leading: Leading | undefined;
  #renews = false;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
    this.#quorum = parts.quorum;
  }

  /** Renews until `stopFollowing` or `stop`; starts its loop on the first call. `hostEndpoint` undefined: this host itself leads. */
  follow(epoch: number, hostEndpoint: string | undefined): void {
    this.#following = { epoch, hostEndpoint };
    if (this.#renews) void this.#renewOnce();
    else void this.#renewForEver();
    this.#renews = true;
  }

  /** The permit that is held lasts as long as it does. */
  stopFollowing(): void {
    this.#following = undefined;
  }

  /** Resolves after the first confirmation, so that whoever joins now is answered soon. */
  async lead(epoch: number): Promise<void> {
    this.stopLeading();
    const leading: Leading = {
      epoch,
      quorum: this.#quorum,
      length: this.#parts.timing.permit,
      granter: new PermitGranter(),
      wake: () => undefined,
      over: false,
    };
    this.#leading = leading;
    await new Promise<void>((resolve) => void this.#confirmWhileLeading(leading, resolve));
  }

  stopLeading(): void {
    if (this.#leading === undefined) return;
    this.#leading.over = true;
    this.#leading.granter.close();
    this.#leading.wake();
    this.#leading = undefined;
  }

  /** From here on what is granted lasts so long. Ends with the epoch. */
  grantFor(length: number): void {
    if (this.#leading !== undefined) this.#leading.length = length;
  }

  /** The cluster lives in another quorum now: nothing is confirmed in the one before any more. */
  useQuorum(quorum: Quorum): void {
    this.stopLeading();
    void this.#quorum.letGo?.();
    this.#quorum = quorum;
  }

  admit(node: string, incarnation: string): void {
    this.#leading?.granter.admit(node, incarnation, this.#parts.outside.clock.boot());
  }

  expire(node: string, incarnation: string): number | undefined {
    return this.#leading?.granter.expire(node, incarnation);
  }

  /** Another host asks: how long its permit lasts, only out of a confirmation that began after now; 0 is a refusal. */
  answer(request: RenewRequest): Promise<number> {
    const leading = this.#leading;
    if (leading === undefined || leading.epoch !== request.epoch) return Promise.resolve(0);
    return new Promise((resolve) => {
      const answer = (granted: boolean): void => resolve(granted ? leading.length : 0);
      leading.granter.ask(request.node, request.incarnation, this.#parts.outside.clock.boot(), answer);
      leading.wake();
    });
  }

  mayRun(): boolean {
    return this.#held.mayRun(this.#parts.outside.clock.boot());
  }

  endsAt(): number {
    return this.#held.endsAt();
  }

  stop(): void {
    this.#held.drop();
    this.#stop.abort();
    this.stopLeading();
  }

  async #renewForEver(): Promise<void> {
    const { outside, timing } = this.#parts;
    while (!this.#stop.signal.aborted) {
      void this.#renewOnce();
      await outside.timers.sleep(Math.min(timing.permit / 4, 2 * timing.poll), this.#stop.signal);
    }
  }

  async #renewOnce(): Promise<void> {
    const following = this.#following;
    if (following === undefined) return;
    const { self, outside, renewAt, events } = this.#parts;
    const request: RenewRequest = { ...self, epoch: following.epoch };
    const sentAt = outside.clock.boot();
    let length: number;
    try {
      length =
        following.hostEndpoint === undefined
          ? await this.answer(request)
          : await renewAt(following.hostEndpoint, request);
    } catch {
      return; // Not reached: the permit simply is not extended.
    }
    if (this.#stop.signal.aborted) return;
    if (length > 0) {
      this.#held.granted(sentAt, length);
      events.extended(this.#held.endsAt());
    } else if (this.#following === following) events.refused();
  }

  async #confirmWhileLeading(leading: Leading, first: () => void): Promise<void> {
    const { outside, timing, events } = this.#parts;
    let before = outside.clock.boot();
    while (!leading.over) {
      const startedAt = outside.clock.boot();
      const confirmed = await leading.quorum.confirm(leading.epoch).catch(() => undefined);
      if (leading.over) break;
      const now = outside.clock.boot();
      if (confirmed === false) {
        this.stopLeading();
        events.superseded(leading.epoch);
        break;
      }
      if (confirmed === true) leading.granter.confirmed(startedAt, now);
      first();
      // After a standstill of its own this host knows nothing about the others' silence.
      if (now - before > timing.permit / 2) leading.granter.forgive(now);
      before = now;
      for (const silent of leading.granter.silentSince(now - timing.permit))
        events.silence(silent.node, silent.incarnation);
      if (confirmed === undefined || !leading.granter.hasWaiting()) await this.#restOrWake(leading);
    }
    first();
  }

  async #restOrWake(leading: Leading): Promise<void> {
    const rested = new AbortController();
    const woken = new Promise<void>((resolve) => {
      leading.wake = resolve;
    });
    await Promise.race([woken, this.#parts.outside.timers.sleep(this.#parts.timing.poll, rested.signal)]);
    rested.abort(noError);
  }
}
