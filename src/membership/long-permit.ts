/**
 * Longer permits for the time of a move of the quorum (docs/safety.md §2.10): while no leader can be confirmed anywhere, applications live
 * on. That they may be in force is in the database before the first is granted, and as long as the last may last.
 */
import type { Change } from "../database/change.ts";
import type { Edit } from "../tree/edit.ts";
import { findKey, findValue, type Key } from "../tree/key.ts";
import { dword, dwordOf, sz, textOf } from "../tree/value.ts";
import type { HostLink } from "./host-link.ts";
import { takeoverWait, type Timing } from "./timing.ts";

const path = "Runtime\\LongPermit";

/** How long a leader grants long permits for one move, in milliseconds; afterwards the move must do without. */
const grantedFor = 60_000;

/** What the database says. */
export interface LongPermit {
  /** The plan of the move that they are for. */
  readonly plan: string;
  /** How long the longest lasts, in milliseconds. */
  readonly permit: number;
  /** No more are to be granted. */
  readonly over: boolean;
}

/** undefined when no permit is longer than the quorum's. */
export function longPermit(tree: Key): LongPermit | undefined {
  if (findKey(tree, path) === undefined) return undefined;
  const plan = textOf(findValue(tree, path, "Plan")) ?? "";
  const permit = dwordOf(findValue(tree, path, "Length")) ?? 0;
  return { plan, permit, over: dwordOf(findValue(tree, path, "Over")) === 1 };
}

/** Long permits may be granted from here on: of one move, whose mover holds the locks. Refused when the database has changed in that. */
export function beginLongPermits(plan: string, permit: number, tree: Key): Change {
  const before = longPermit(tree);
  return {
    because: "Permits last longer while the quorum is moved.",
    conditions: [
      before === undefined
        ? { kind: "key-absent", path }
        : { kind: "value-equals", path, name: "Plan", data: sz("Plan", before.plan).data },
    ],
    edits: longPermitEdits({ plan, permit: Math.max(permit, before?.permit ?? 0), over: false }),
  };
}

/** The move is over. Refused when they are another move's. */
export function endLongPermits(plan: string): Change {
  return {
    because: "The quorum is no longer being moved: permits last as usual.",
    conditions: [{ kind: "value-equals", path, name: "Plan", data: sz("Plan", plan).data }],
    edits: overEdits,
  };
}

/** As in the database that a move or a restore makes, where there is such a key. */
export function longPermitEdits({ plan, permit, over }: LongPermit): Edit[] {
  return [
    { kind: "set-value", path, value: sz("Plan", plan) },
    { kind: "set-value", path, value: dword("Length", permit) },
    { kind: "set-value", path, value: dword("Over", over ? 1 : 0) },
  ];
}

const overEdits: Edit[] = [{ kind: "set-value", path, value: dword("Over", 1) }];

/** The present length of permits and the wait that goes with it, on a leader. */
export class LongPermits {
  readonly #host: Pick<HostLink, "grantFor">;
  readonly #timing: Timing;
  /** How long what is granted lasts, when that is longer than usual. */
  #granting: number | undefined;
  /** When this leader first saw those of `plan`. */
  #seen: { readonly plan: string; readonly at: number } | undefined;
  /** The last ones, whoever granted them, were granted before. */
  #lastGranted: number;

  constructor(host: Pick<HostLink, "grantFor">, timing: Timing, now: number) {
    this.#host = host;
    this.#timing = timing;
    this.#lastGranted = now;
  }

  /** T of docs/safety.md §2.4, with the longest permits that may be in force. */
  wait(tree: Key): number {
    const permit = Math.max(this.#timing.permit, longPermit(tree)?.permit ?? 0);
    return takeoverWait({ permit, kill: this.#timing.kill, poll: this.#timing.poll });
  }

  /** Grants, or no longer grants. `forget` takes the entry out of the database. */
  async review(now: () => number, tree: Key, forget: (change: Change) => Promise<void>): Promise<void> {
    const long = longPermit(tree);
    if (long === undefined) return;
    if (this.#seen?.plan !== long.plan) this.#seen = { plan: long.plan, at: now() };
    const isOver = long.over || now() - this.#seen.at >= grantedFor;
    if (!isOver && this.#granting !== long.permit) {
      // Also when the answer is lost.
      this.#granting = long.permit;
      await this.#host.grantFor(long.permit);
    } else if (isOver && this.#granting !== undefined) {
      await this.#host.grantFor(this.#timing.permit);
      this.#granting = undefined;
      this.#lastGranted = now();
    }
    if (!isOver || now() < this.#lastGranted + this.wait(tree)) return;
    await forget({
      because: "No permit is longer than usual any more.",
      conditions: [{ kind: "value-equals", path, name: "Plan", data: sz("Plan", long.plan).data }],
      edits: [{ kind: "delete-key", path }],
    });
  }
}
