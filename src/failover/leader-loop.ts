/** Runs the leader's decisions: reads the database, decides, submits; again after every change and every poll. */
import { newGuid } from "../base/guid.ts";
import type { Log } from "../base/log.ts";
import type { Outside } from "../base/outside.ts";
import { noError } from "../base/no-error.ts";
import type { Change } from "../database/change.ts";
import type { Database } from "../database/database.ts";
import { nodeState } from "../database/schema.ts";
import { type ClusterState, readState } from "../database/state.ts";
import type { SubmitResult } from "../database/update.ts";
import { findValue } from "../tree/key.ts";
import { dwordOf, textOf } from "../tree/value.ts";
import { decide } from "./decide.ts";
import type { Fencing } from "./fencing-loop.ts";
import type { NodeFacts } from "./placement.ts";

/** Rounds without a rest after which the process looks at its sockets and timers first. */
const hurriedMax = 16;
/** Deciding for so many milliseconds is followed by as long a rest: with many groups, every change would cost a whole round. */
const longRound = 5;
/** Updates under way at a time; they share writes to the quorum. */
const together = 64;

/** What the leader's loop works with. */
export interface LeaderLoopParts {
  readonly outside: Outside;
  readonly database: Database;
  readonly log: Log;
  /** Milliseconds between two rounds when nothing changes. */
  readonly poll: number;
  /** The epoch that this node leads; undefined when it does not. */
  readonly epoch: () => number | undefined;
  /** Makes sure of nodes whose groups nothing else sets free; absent: only a person can. */
  readonly fencing?: Pick<Fencing, "round">;
}

/**
 * Decides on the leader's copy and submits what follows, whenever the copy changes and at least once a `poll`. Runs on every node,
 * and does nothing where `epoch` is undefined.
 */
export class LeaderLoop {
  readonly #parts: LeaderLoopParts;
  #kick: () => void = () => undefined;
  #kicked = false;
  #waits: readonly string[] = [];

  constructor(parts: LeaderLoopParts) {
    this.#parts = parts;
  }

  /** What could not be done in the last round and why, for status. */
  waits(): readonly string[] {
    return this.#waits;
  }

  kick(): void {
    this.#kicked = true;
    this.#kick();
  }

  /** Runs until `signal`. */
  async run(signal: AbortSignal): Promise<void> {
    const { outside, log, poll } = this.#parts;
    let hurried = 0;
    while (!signal.aborted) {
      this.#kicked = false;
      const took = await this.#round().catch((error: unknown) => {
        log.warn("a round of decisions failed", { error });
        return 0;
      });
      if (this.#kicked && took < longRound && ++hurried < hurriedMax) continue;
      if (hurried >= hurriedMax || took >= longRound) {
        await outside.timers.sleep(Math.max(1, took));
        hurried = 0;
      }
      if (this.#kicked || signal.aborted) continue;
      const rested = new AbortController();
      const kicked = new Promise<void>((resolve) => {
        this.#kick = resolve;
      });
      signal.addEventListener("abort", this.#kick);
      const slept = outside.timers.sleep(poll, rested.signal).then(() => true);
      // A kick is no rest: what kicks again and again may never let the process look outside.
      hurried = (await Promise.race([kicked, slept])) === true ? 0 : hurried + 1;
      signal.removeEventListener("abort", this.#kick);
      rested.abort(noError);
    }
  }

  /** Resolves with the milliseconds that deciding took. */
  async #round(): Promise<number> {
    const { database, outside, epoch } = this.#parts;
    const leads = epoch();
    if (leads === undefined) {
      this.#waits = [];
      return 0;
    }
    const begun = outside.clock.boot();
    const wall = outside.clock.wall();
    const state = readState(database.tree());
    const nodes = nodeFacts(state, leads);
    const actions = decide({ state, nodes, now: wall, hour: new Date(wall).getHours() });
    this.#waits = actions.filter((action) => action.update === undefined).map((action) => action.because);
    const took = outside.clock.boot() - begun;
    const due = actions.flatMap(({ kind, because, update }) =>
      update === undefined ? [] : [{ kind, because, update }],
    );
    for (let at = 0; at < due.length; at += together) {
      const outcomes = await Promise.all(due.slice(at, at + together).map((action) => this.#submit(action)));
      if (outcomes.includes("unknown")) return took;
    }
    this.#parts.fencing?.round(state, nodes, leads);
    return took;
  }

  async #submit({ kind, because, update }: Due): Promise<SubmitResult["outcome"]> {
    const { database, outside, log } = this.#parts;
    const { outcome } = await database.submit({ ...update, requestId: newGuid(outside.random) });
    log.info("decided", { kind, because, outcome });
    return outcome;
  }
}

interface Due {
  readonly kind: string;
  readonly because: string;
  readonly update: Change;
}

/** What the database says about the nodes under this epoch; `DownBecause` is written by membership. */
export function nodeFacts(state: ClusterState, epoch: number): ReadonlyMap<string, NodeFacts> {
  const facts = new Map<string, NodeFacts>();
  for (const node of state.nodes.values()) {
    const up = node.state !== nodeState.down && node.state !== nodeState.unknown;
    const why = up ? undefined : textOf(findValue(state.tree, node.runtimePath, "DownBecause"));
    facts.set(node.id, {
      up,
      confirmedThisEpoch: up && node.epoch === epoch,
      takeOver: takeOverOf(why),
      loose: dwordOf(findValue(state.tree, node.runtimePath, "Loose")) === 1,
    });
  }
  return facts;
}

function takeOverOf(why: string | undefined): NodeFacts["takeOver"] {
  switch (why) {
    case "proof":
    case "left":
      return "proof";
    case "confirmed":
      return "confirmed";
    case "waited":
      return "waited";
    case "gone":
      return "gone";
    default:
      return "no";
  }
}
