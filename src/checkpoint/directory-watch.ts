/** Noticing that a folder changed: the kernel tells, and now and then it is looked at anyway. */
import type { Log } from "../base/log.ts";
import { OutsideError, type Outside } from "../base/outside.ts";
import type { Matcher } from "./directory-matcher.ts";
import { join } from "./directory-walk.ts";
import type { Scan } from "./directory-scan.ts";

/** A change is told when nothing else changed for this long, in milliseconds … */
const quietTime = 100;
/** … or this long after the first one, or five times as long as a look takes. */
const longestWait = 500;
const looksWaited = 5;
/** How often a folder is looked at that the kernel watches, and one that it can't. */
const lookTime = { watched: 30_000, notWatched: 2000 } as const;
/** Looking without being told takes at most a twentieth of the time. */
const share = 20;

/** What a watch works with. */
export interface DirectoryWatchParts {
  readonly outside: Pick<Outside, "files" | "clock" | "timers">;
  readonly log: Log;
  /** Absolute. */
  readonly place: string;
  readonly matcher: Matcher;
  /** Looks at the folder and tells whether it is another one than at the last such look; true at the first. */
  readonly look: () => Promise<boolean>;
  readonly handler: () => void;
}

/** Watches one folder with all in it, or one file. */
export class DirectoryWatch {
  readonly #parts: DirectoryWatchParts;
  /** By path. */
  readonly #watched = new Map<string, { readonly inode: bigint; readonly stop: () => void }>();
  readonly #end = new AbortController();
  #isWatchable = true;
  /** Boot time of the first change that is not told yet, and of the last one. */
  #first: number | undefined;
  #last = 0;
  #lookTakes = 0;

  constructor(parts: DirectoryWatchParts) {
    this.#parts = parts;
    void this.#lookNowAndThen();
  }

  /** How long the last look took, in milliseconds: the longer, the fewer. */
  took(ms: number): void {
    this.#lookTakes = ms;
  }

  /** These are the folders now; a file is watched through the folder that it lies in. */
  follow(folders: Scan["folders"]): void {
    if (this.#end.signal.aborted) return;
    const { place } = this.#parts;
    const parent = place.slice(0, place.lastIndexOf("/")) || "/";
    const wanted = new Map([{ path: parent, inode: 0n }, ...folders].map(({ path, inode }) => [path, inode]));
    for (const [path, { inode, stop }] of this.#watched) {
      if (wanted.get(path) === inode) continue;
      stop();
      this.#watched.delete(path);
    }
    for (const [path, inode] of wanted) if (!this.#watched.has(path)) this.#begin(path, inode, path === parent);
  }

  stop(): void {
    this.#end.abort();
    for (const { stop } of this.#watched.values()) stop();
    this.#watched.clear();
  }

  #begin(path: string, inode: bigint, isParent: boolean): void {
    const { outside, log, place, matcher } = this.#parts;
    const own = place.slice(place.lastIndexOf("/") + 1);
    const below = isParent ? undefined : path === place ? "" : path.slice(place.length + 1);
    const handler = (name: string | undefined): void => {
      if (below === undefined ? name === own : name === undefined || !matcher.excludes(join(below, name)))
        this.#changed();
    };
    try {
      this.#watched.set(path, { inode, stop: outside.files.watchFolder(path, handler) });
    } catch (error) {
      // It is gone again: its folder's change tells of that.
      if (error instanceof OutsideError && error.code === "ENOENT") return;
      if (this.#isWatchable) log.warn("a folder can't be watched; it is looked at instead", { path, error });
      this.#isWatchable = false;
    }
  }

  #changed(): void {
    const now = this.#parts.outside.clock.boot();
    this.#last = now;
    if (this.#first !== undefined) return;
    this.#first = now;
    void this.#tell(now);
  }

  /** When it is quiet. */
  async #tell(first: number): Promise<void> {
    const { outside, handler } = this.#parts;
    const latest = first + Math.max(longestWait, looksWaited * this.#lookTakes);
    for (;;) {
      const now = outside.clock.boot();
      const until = Math.min(this.#last + quietTime, latest);
      if (now >= until || this.#end.signal.aborted) break;
      await outside.timers.sleep(until - now, this.#end.signal);
    }
    this.#first = undefined;
    if (!this.#end.signal.aborted) handler();
  }

  async #lookNowAndThen(): Promise<void> {
    const { outside, look, handler } = this.#parts;
    for (;;) {
      const usual = this.#isWatchable && this.#watched.size > 0 ? lookTime.watched : lookTime.notWatched;
      await outside.timers.sleep(Math.max(usual, share * this.#lookTakes), this.#end.signal);
      if (this.#end.signal.aborted) return;
      // What can't be looked at is told, too: the capture says why.
      if (await look().catch(() => true)) handler();
    }
  }
}
