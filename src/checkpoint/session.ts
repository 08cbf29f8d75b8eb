/** A resource that is online on this node: its checkpoints are watched and captured. */
import { fail, type Failure } from "../base/errors.ts";
import type { Key } from "../tree/key.ts";
import type { CaptureReport, Changed, Checkpoint, CheckpointParts, Pending } from "./checkpoint.ts";
import type { Held } from "./commit.ts";
import type { Contents, Live } from "./content.ts";
import { type CheckpointKind, overlap, samePath } from "./names.ts";
import { findCurrent, type ResourceRecords } from "./records.ts";
import { Watch } from "./watch.ts";

/** Contents above this many bytes are captured in the background (docs/safety.md §3.6). */
export const largestAwaited = 1_048_576;

/** What a session works with. */
export interface SessionParts {
  readonly parts: CheckpointParts;
  readonly contents: Contents;
  readonly held: Held;
  /** The records of the resource while this node holds it; throws otherwise. */
  readonly records: () => ResourceRecords;
  /** Makes what is live, or `live`, the newest version unless it is that already. */
  readonly capture: (request: CaptureRequest) => Promise<void>;
  /** This node no longer owns the resource. */
  readonly lost: () => void;
}

/** One capture of one checkpoint. */
export interface CaptureRequest {
  readonly kind: CheckpointKind;
  readonly path: string;
  /** What to capture; what is live at that moment unless given. */
  readonly live?: Live;
  /** Called with what is captured, before it is committed. */
  readonly seen: (live: Live, bytes: number) => void;
  /** Called when nothing can be captured, before that is thrown. */
  readonly unavailable: (why: Failure) => void;
}

interface Watched {
  readonly kind: CheckpointKind;
  readonly path: string;
  readonly watch: Watch;
  readonly stop: () => void;
  /** The key that was captured last. */
  key: Key | undefined;
  size: number;
}

/** The watched checkpoints of one resource, from before it is online until it is offline or owned by another node. */
export class Session {
  readonly held: Held;
  readonly #parts: SessionParts;
  #watched: Watched[] = [];
  readonly #unavailable = new WeakSet<Failure>();

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.held = parts.held;
  }

  watch(checkpoint: Checkpoint): void {
    const { kind, path } = checkpoint;
    if (this.#watched.some((one) => one.kind === kind && samePath(kind, one.path, path))) return;
    const { parts, contents } = this.#parts;
    const watch = new Watch({
      outside: parts.outside,
      interval: parts.interval ?? 200,
      capture: () => this.#capture(watched),
      judge: (why) => this.#judge(watched, why),
    });
    const stop = contents.watch(checkpoint, () => watch.changed());
    const watched: Watched = { kind, path, watch, stop, key: undefined, size: checkpoint.size };
    this.#watched.push(watched);
    // What changed before it was watched.
    watch.changed();
  }

  unwatch(kind: CheckpointKind, path: string): void {
    const ended = this.#watched.filter((one) => one.kind === kind && samePath(kind, one.path, path));
    this.#watched = this.#watched.filter((one) => !ended.includes(one));
    for (const one of ended) {
      one.stop();
      void one.watch.end();
    }
  }

  async settled(changed: Changed | undefined): Promise<void> {
    const waiting: Promise<void>[] = [];
    for (const one of this.#watched) {
      // Nothing that clubar answers for changes a folder.
      if (changed === undefined && one.kind === "directory") continue;
      if (changed !== undefined && (one.kind !== changed.kind || !overlap(one.kind, one.path, changed.path))) continue;
      this.#look(one);
      if (one.size <= largestAwaited) waiting.push(one.watch.settled());
    }
    const results = await Promise.allSettled(waiting);
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  async captureNow(): Promise<CaptureReport> {
    const captured: string[] = [];
    const failed: { path: string; why: string }[] = [];
    await Promise.all(
      this.#watched.map(async (one) => {
        this.#look(one);
        if (one.kind === "directory") one.watch.changed();
        await one.watch.settled(true).then(
          () => captured.push(one.path),
          (why: Failure) => failed.push({ path: one.path, why: why.message }),
        );
      }),
    );
    return { captured: captured.sort(), failed };
  }

  pending(): Pending[] {
    return this.#watched.flatMap(({ kind, path, watch, size }) => {
      if (!watch.isPending()) return [];
      const large =
        size > largestAwaited ? `It is large (${size} bytes) and is being captured.` : "It is being captured.";
      return { resource: this.held.resource, kind, path, why: watch.why()?.message ?? large };
    });
  }

  /** What changed until now is still captured, after `before`; resolves when that is done, with the first failure. */
  async end(before: Promise<unknown> | undefined): Promise<Failure | undefined> {
    const watched = this.#watched;
    this.#watched = [];
    await Promise.all(
      watched.map((one) => {
        one.stop();
        this.#look(one);
        if (one.kind === "directory") one.watch.changed();
        const live = this.#snapshot(one);
        const last = async (): Promise<void> => {
          await before;
          await this.#capture(one, live);
        };
        return one.watch.end({ last });
      }),
    );
    return watched.map((one) => one.watch.missed()).find((why) => why !== undefined);
  }

  /** Nothing is captured any more. */
  drop(): void {
    const { resource } = this.held;
    const otherwise = fail("HOST_NODE_NOT_RESOURCE_OWNER", {
      happened: `This node stopped watching the checkpoints of resource ${resource}.`,
      unchanged: "The newest committed version is the current one.",
    });
    for (const one of this.#watched) {
      one.stop();
      void one.watch.end({ otherwise });
    }
    this.#watched = [];
  }

  /** A change whose notification is still on its way. */
  #look(one: Watched): void {
    if (one.kind === "registry" && this.#parts.contents.liveKey(one.path) !== one.key) one.watch.changed();
  }

  #snapshot({ kind, path }: Watched): Live | undefined {
    const key = kind === "registry" ? this.#parts.contents.liveKey(path) : undefined;
    return key === undefined ? undefined : { kind: "registry", key };
  }

  #capture(one: Watched, live?: Live): Promise<void> {
    const { kind, path } = one;
    return this.#parts.capture({
      kind,
      path,
      ...(live === undefined ? {} : { live }),
      seen: (seen, bytes) => {
        one.key = seen.kind === "registry" ? seen.key : undefined;
        one.size = bytes;
        if (bytes > largestAwaited) one.watch.release();
      },
      unavailable: (why) => this.#unavailable.add(why),
    });
  }

  #judge(one: Watched, why: Failure): "again" | "at next change" | "stop" {
    const { parts, held, lost } = this.#parts;
    parts.log.warn("a checkpoint could not be captured", {
      resource: held.resource,
      kind: one.kind,
      path: one.path,
      error: why,
    });
    let records: ResourceRecords;
    try {
      records = this.#parts.records();
    } catch {
      lost();
      return "stop";
    }
    if (why.name === "HOST_NODE_NOT_RESOURCE_OWNER") {
      lost();
      return "stop";
    }
    if (findCurrent(records, one.kind, one.path) === undefined) return "stop";
    return this.#unavailable.has(why) ? "at next change" : "again";
  }
}
