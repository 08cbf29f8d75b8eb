/**
 * The leader's order of updates: checks each against everything ordered before it, writes it to the quorum, and tells
 * it to the world only when the quorum acknowledged it (docs/safety.md §1.3).
 */
import type { Clock } from "../base/outside.ts";
import { prepare } from "../database/apply.ts";
import { encodeUpdate } from "../database/update-codec.ts";
import type { SubmitResult, Update } from "../database/update.ts";
import type { Leadership, LogRecord, SnapshotImage } from "../quorum/quorum.ts";
import type { Tag } from "../quorum/tag.ts";
import type { Key } from "../tree/key.ts";

/** What comes of ordered updates. */
export interface OrderEvents {
  /** An acknowledged record and the tree after it, in order. */
  committed(record: LogRecord, tree: Key): void;
  /** The quorum did not acknowledge; called once. This node must stop leading. */
  lost(why: string): void;
}

/** One leader's order; it ends for good with the first update that the quorum does not acknowledge. */
export class UpdateOrder {
  readonly #leadership: Leadership;
  readonly #clock: Clock;
  readonly #events: OrderEvents;
  readonly #logSizeMax: () => number;
  readonly #imageOf: (tree: Key, tag: Tag) => Promise<SnapshotImage>;
  #tree: Key;
  #tag: Tag;
  #settled: Promise<void> = Promise.resolve();
  #rolling: Promise<void> | undefined;
  #over = false;

  constructor(
    start: { leadership: Leadership; tree: Key; tag: Tag },
    options: { clock: Clock; logSizeMax: () => number; imageOf: (tree: Key, tag: Tag) => Promise<SnapshotImage> },
    events: OrderEvents,
  ) {
    this.#leadership = start.leadership;
    this.#tree = start.tree;
    this.#tag = start.tag;
    this.#clock = options.clock;
    this.#logSizeMax = options.logSizeMax;
    this.#imageOf = options.imageOf;
    this.#events = events;
  }

  /** Orders one update. "unknown" means that this leader is over. */
  async submit(update: Update): Promise<SubmitResult> {
    while (this.#rolling !== undefined) await this.#rolling;
    if (this.#over) return { outcome: "unknown" };
    const tag: Tag = { ...this.#tag, sequence: this.#tag.sequence + 1 };
    const time = this.#clock.wall();
    const prepared = prepare(this.#tree, update, tag, time);
    if (prepared.outcome !== "applies") {
      // The answer rests on updates that may not be acknowledged yet.
      await this.#settled;
      if (this.#over) return { outcome: "unknown" };
      if (prepared.outcome === "repeated") return { outcome: "applied", tag: prepared.tag };
      return { outcome: "refused", condition: prepared.condition };
    }
    this.#tree = prepared.tree;
    this.#tag = tag;
    const record: LogRecord = { tag, time, body: encodeUpdate(update) };
    const mine = this.#acknowledge(record, prepared.tree, this.#settled);
    this.#settled = mine;
    await mine;
    if (this.#over) return { outcome: "unknown" };
    if (this.#leadership.logSize() > this.#logSizeMax()) await this.roll();
    return { outcome: "applied", tag };
  }

  /** Writes a snapshot of everything ordered so far and begins a new log. */
  async roll(): Promise<void> {
    if (this.#rolling !== undefined) return this.#rolling;
    this.#rolling = this.#rollNow();
    try {
      await this.#rolling;
    } finally {
      this.#rolling = undefined;
    }
  }

  /** Nothing is ordered any more; what is under way ends as "unknown". */
  stop(why: string): void {
    this.#lose(why);
  }

  async #rollNow(): Promise<void> {
    await this.#settled;
    if (this.#over) return;
    try {
      await this.#leadership.snapshot(await this.#imageOf(this.#tree, this.#tag));
    } catch (error) {
      this.#lose(`the quorum could not take a snapshot: ${String(error)}`);
    }
  }

  async #acknowledge(record: LogRecord, tree: Key, before: Promise<void>): Promise<void> {
    let why = "";
    try {
      const answer = await this.#leadership.append(record);
      if (answer === "unknown") why = "another node has claimed a newer epoch";
    } catch (error) {
      why = `the quorum log could not be written: ${String(error)}`;
    }
    await before;
    if (this.#over) return;
    if (why !== "") {
      this.#lose(why);
      return;
    }
    try {
      this.#events.committed(record, tree);
    } catch (error) {
      this.#lose(`an acknowledged update could not be told: ${String(error)}`);
    }
  }

  #lose(why: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#events.lost(why);
  }
}
