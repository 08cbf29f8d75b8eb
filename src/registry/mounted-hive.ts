/** One mounted hive: its tree in memory, and changes that are durable before anybody sees them. */
import { fail, type Failure } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import type { Journal } from "../base/journal.ts";
import { applyEdits, type Edit } from "../tree/edit.ts";
import type { Key } from "../tree/key.ts";
import { Gate } from "./gate.ts";
import { createImage, openHive, removeHive, writeImage, type OpenHive, type Place } from "./hive-files.ts";
import { encodeTransaction } from "./journal-codec.ts";

const smallestFold = 4 * 1024 * 1024;

/** What a hive needs from the registry that mounts it. */
export interface Mount {
  readonly place: Place;
  /** FILETIME of now. */
  readonly now: () => bigint;
  /** Called after a change is durable, in the order of changes, before its `change` resolves. */
  readonly published: (root: Key) => void;
  /** The least size in bytes at which a journal is folded into its image; for tests. */
  readonly foldBeyond?: number | undefined;
}

/** A hive that is open; see DESIGN.md for the order of things. */
export class MountedHive {
  readonly #mount: Mount;
  readonly #gate = new Gate();
  #journal: Journal;
  /** What is durable. */
  #visible: Key;
  /** What will be when all appends under way are durable. */
  #pending: Key;
  #imageSize: number;
  #freshSize: number;
  /** A fold that failed is tried again only when the journal has grown to this. */
  #foldAgainAt = 0;
  #lastAppend: Promise<void> = Promise.resolve();
  /** What is on disk is not known: read it before anything else. */
  #mustReopen = false;
  #closed = false;
  #held = false;
  #replacedWhileHeld = false;

  private constructor(mount: Mount, { root, journal, imageSize }: OpenHive) {
    this.#mount = mount;
    this.#journal = journal;
    this.#visible = root;
    this.#pending = root;
    this.#imageSize = imageSize;
    this.#freshSize = journal.size();
  }

  static async open(mount: Mount): Promise<MountedHive> {
    return new MountedHive(mount, await openHive(mount.place));
  }

  /** Stores a new hive and mounts it. */
  static async create(mount: Mount, root: Key): Promise<MountedHive> {
    const written = await createImage(mount.place, root, mount.now());
    if (written.outcome === "unchanged") throw failureOf(written.cause);
    if (written.outcome === "committed") {
      if (written.settled) return new MountedHive(mount, { ...written, root });
      await written.journal.close();
      return MountedHive.open(mount);
    }
    // The journal may be there all the same; then it counts.
    return MountedHive.open(mount).catch(() => {
      throw failureOf(written.cause);
    });
  }

  root(): Key {
    return this.#visible;
  }

  /** Durable when it resolves. Edits that are refused change nothing; OUTCOME_UNKNOWN when they could not be stored. */
  async change(edits: readonly Edit[]): Promise<void> {
    if (this.#mustReopen) await this.#gate.exclude(() => this.#reopen());
    const fits = await this.#gate.share(() => this.#append(edits));
    if (!fits) await this.#gate.exclude(() => this.#changeByImage(edits));
    if (this.#foldIsDue()) {
      // The change is durable already; a fold that fails leaves it so and is tried again later.
      void this.#gate.exclude(() => this.#fold()).catch(() => undefined);
    }
  }

  /** Folds the journal; until `release` the image stands and changes only add to the journal. */
  async hold(): Promise<void> {
    await this.#gate.exclude(async () => {
      this.#checkOpen();
      if (this.#mustReopen) await this.#reopen();
      if (this.#journal.size() > this.#freshSize) await this.#fold(true);
      this.#held = true;
      this.#replacedWhileHeld = false;
    });
  }

  /** false when a change was too long for the journal meanwhile, so that the image was replaced all the same. */
  release(): boolean {
    this.#held = false;
    return !this.#replacedWhileHeld;
  }

  /** Folds the journal and ends. What can't be folded stays in the journal. */
  async close(): Promise<void> {
    await this.#gate.exclude(async () => {
      if (this.#closed) return;
      if (!this.#mustReopen && this.#journal.size() > this.#freshSize) await this.#fold(true).catch(() => undefined);
      this.#closed = true;
      await this.#journal.close();
    });
  }

  /** Ends and takes the files away. */
  async unload(): Promise<void> {
    await this.#gate.exclude(async () => {
      this.#checkOpen();
      this.#closed = true;
      await this.#journal.close();
      await removeHive(this.#mount.place);
    });
  }

  /** False when the transaction is too long for the journal; nothing was done then. */
  async #append(edits: readonly Edit[]): Promise<boolean> {
    this.#checkOpen();
    if (this.#mustReopen) throw this.#unknown(undefined);
    const transaction = { time: this.#mount.now(), edits };
    const next = applyEdits(this.#pending, edits, transaction.time);
    // Who changes nothing still hears only when what it saw is durable.
    if (next === this.#pending) return this.#lastAppend.then(() => true);
    const record = encodeTransaction(transaction);
    if (record.length > this.#mostInJournal()) return false;
    this.#pending = next;
    const appended = this.#journal.append(record).then(
      () => this.#publish(next),
      (cause: unknown) => {
        this.#mustReopen = true;
        throw this.#unknown(cause);
      },
    );
    this.#lastAppend = appended;
    await appended;
    return true;
  }

  async #changeByImage(edits: readonly Edit[]): Promise<void> {
    this.#checkOpen();
    if (this.#mustReopen) await this.#reopen();
    const time = this.#mount.now();
    await this.#writeImage(applyEdits(this.#pending, edits, time), time);
  }

  #mostInJournal(): number {
    return Math.max(this.#mount.foldBeyond ?? smallestFold, this.#imageSize / 2);
  }

  #foldIsDue(): boolean {
    const size = this.#journal.size();
    return (
      !this.#closed && !this.#held && !this.#mustReopen && size > this.#mostInJournal() && size > this.#foldAgainAt
    );
  }

  /** Only alone: no append is under way, so that pending and visible are the same. */
  async #fold(always = false): Promise<void> {
    if (this.#closed || !(always || this.#foldIsDue())) return;
    this.#foldAgainAt = this.#journal.size() * 2;
    await this.#writeImage(this.#pending, this.#mount.now());
    this.#foldAgainAt = 0;
  }

  async #writeImage(root: Key, time: bigint): Promise<void> {
    this.#replacedWhileHeld = true;
    const written = await writeImage(this.#mount.place, root, time);
    if (written.outcome === "unchanged") throw failureOf(written.cause);
    if (written.outcome === "unknown") {
      this.#mustReopen = true;
      throw this.#unknown(written.cause);
    }
    await this.#journal.close().catch(() => undefined);
    this.#journal = written.journal;
    this.#freshSize = written.journal.size();
    this.#imageSize = written.imageSize;
    this.#mustReopen = !written.settled;
    this.#pending = root;
    this.#publish(root);
  }

  /**
   * Reads the files again after a failure, and writes all into new ones: after a failed fsync the kernel may show what the disk
   * does not have.
   */
  async #reopen(): Promise<void> {
    if (!this.#mustReopen) return;
    this.#checkOpen();
    await this.#journal.close().catch(() => undefined);
    try {
      const { root, journal } = await openHive(this.#mount.place);
      this.#journal = journal;
      await this.#writeImage(root, this.#mount.now());
      this.#lastAppend = Promise.resolve();
    } catch (cause) {
      throw failureOf(cause);
    }
  }

  #publish(root: Key): void {
    if (root === this.#visible) return;
    this.#visible = root;
    this.#mount.published(root);
  }

  #checkOpen(): void {
    if (!this.#closed) return;
    throw fail("INVALID_HANDLE", {
      happened: `The registry hive ${this.#mount.place.name} is closed.`,
      unchanged: "Nothing was changed.",
    });
  }

  #unknown(cause: unknown): Failure {
    const why = cause === undefined ? "an earlier change failed" : failureOf(cause).happened;
    return fail("OUTCOME_UNKNOWN", {
      happened: `A change of the registry hive ${this.#mount.place.name} could not be stored: ${why}`,
      unchanged: "Whether it is there shows when the hive is read again, which the next change does first.",
      next: "Remove the cause and make the change again.",
      cause,
    });
  }
}
