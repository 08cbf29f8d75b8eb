/** The folders and files of this node that checkpoints are about: read, watched and put in place. */
import { failureOf } from "../base/failure-of.ts";
import type { Log } from "../base/log.ts";
import type { Outside } from "../base/outside.ts";
import { encodeDirectoryInSlices } from "./directory-codec.ts";
import { type Entry, entryDigest } from "./directory-entry.ts";
import { type DirectoryFilter, largestMaxSize } from "./directory-filter.ts";
import type { OldKeeper, Replacing } from "./directory-kept.ts";
import { matcherOf } from "./directory-matcher.ts";
import { placeOf } from "./directory-path.ts";
import { clearPlacements, DirectoryPlacement, type PlacementParts } from "./directory-place.ts";
import { DirectoryScanner, type Scan } from "./directory-scan.ts";
import { checkTarget } from "./directory-target.ts";
import { DirectoryWatch } from "./directory-watch.ts";
import { Losers } from "./losers.ts";

/** What directories work with. */
export interface DirectoryParts {
  readonly outside: Pick<Outside, "files" | "clock" | "timers">;
  readonly log: Log;
  /** The node's data folder. */
  readonly folder: string;
}

interface Watched {
  readonly scanner: DirectoryScanner;
  readonly watch: DirectoryWatch;
  readonly handlers: Set<() => void>;
}

/** Paths are as stored (`checkDirectoryPath`). */
export class Directories {
  readonly #parts: DirectoryParts;
  /** By place and filter; only what is watched is kept in memory. */
  readonly #watched = new Map<string, Watched>();
  /** What is only compared now and then. */
  readonly #idle = new Map<string, DirectoryScanner>();
  #cleared: Promise<void> | undefined;

  constructor(parts: DirectoryParts) {
    this.#parts = parts;
  }

  /** What an earlier life left half in place is finished, once. Never rejects. */
  clear(): Promise<void> {
    this.#cleared ??= this.#clear();
    return this.#cleared;
  }

  /** As it is now. Errors of `DirectoryScanner.scan`. */
  async scan(path: string, filter: DirectoryFilter): Promise<Scan> {
    const place = this.placeOf(path);
    const watched = this.#watched.get(this.#keyOf(path, filter));
    const { clock } = this.#parts.outside;
    const begin = clock.boot();
    try {
      const scan = await (watched?.scanner ?? new DirectoryScanner(this.#parts.outside, place)).scan(filter);
      watched?.watch.follow(scan.folders);
      return scan;
    } finally {
      watched?.watch.took(clock.boot() - begin);
    }
  }

  /** Of what is there now; undefined when nothing is. Looked at often, it costs little. Errors of `DirectoryScanner.scan`. */
  async digest(path: string, filter: DirectoryFilter): Promise<string | undefined> {
    const place = this.placeOf(path);
    if (this.#watched.has(this.#keyOf(path, filter))) return entryDigest((await this.scan(path, filter)).entry);
    if ((await this.#parts.outside.files.stat(place)) === undefined) return undefined;
    const scanner = this.#idle.get(place) ?? new DirectoryScanner(this.#parts.outside, place);
    this.#idle.set(place, scanner);
    return scanner.digest(filter);
  }

  /** Of what is there now, when it was compared before and nothing has to be read for it; undefined otherwise. */
  async digestIfKnown(path: string, filter: DirectoryFilter): Promise<string | undefined> {
    const place = this.placeOf(path);
    if ((await this.#parts.outside.files.stat(place)) === undefined) return undefined;
    return this.#idle.get(place)?.digestIfKnown(filter);
  }

  /** As it is now, larger than the checkpoint may be, too; undefined when nothing is there. */
  async scanAll(path: string, filter: DirectoryFilter): Promise<Scan | undefined> {
    if ((await this.#parts.outside.files.stat(this.placeOf(path))) === undefined) return undefined;
    return this.scan(path, { ...filter, maxSize: largestMaxSize });
  }

  /** The bytes of a version; a large one is made in slices. */
  encode(entry: Entry): Promise<Uint8Array> {
    return encodeDirectoryInSlices(entry, () => this.#parts.outside.timers.sleep(0));
  }

  /** BAD_PATHNAME and FILE_NOT_FOUND of `checkTarget`. */
  async check(path: string): Promise<void> {
    await checkTarget(this.#parts.outside.files, this.placeOf(path), this.#parts.folder);
  }

  /** To be put in place of `live`, which was just scanned. */
  placement(entry: Entry, live: Scan | undefined, by: Replacing): DirectoryPlacement {
    return new DirectoryPlacement(this.#placing(), this.placeOf(by.path), entry, live, by);
  }

  #placing(): PlacementParts {
    const { outside, folder, log } = this.#parts;
    const keeper: OldKeeper = {
      scan: (place, filter) => new DirectoryScanner(outside, place).scan(filter),
      keep: async ({ resource, path, number }, entry) => {
        const content = { bytes: await this.encode(entry), contentDigest: entryDigest(entry) };
        const file = await new Losers(outside, folder).keep(resource, { kind: "directory", path, number }, content);
        log.warn("a folder changed while a version was put in place; it is kept", { resource, path, file });
      },
    };
    return { files: outside.files, folder, keeper };
  }

  /** The handler is called after changes; who watches scans then, and at the beginning. */
  watch(path: string, filter: DirectoryFilter, handler: () => void): () => void {
    const key = this.#keyOf(path, filter);
    const watched = this.#watched.get(key) ?? this.#begin(path, filter);
    this.#watched.set(key, watched);
    // Two resources may watch one folder, when a person insisted.
    const own = (): void => handler();
    watched.handlers.add(own);
    return () => {
      watched.handlers.delete(own);
      if (watched.handlers.size > 0) return;
      watched.watch.stop();
      if (this.#watched.get(key) === watched) this.#watched.delete(key);
    };
  }

  #begin(path: string, filter: DirectoryFilter): Watched {
    const { outside, log } = this.#parts;
    const place = this.placeOf(path);
    let seen = "";
    const look = async (): Promise<boolean> => {
      const before = seen;
      seen = await this.scan(path, filter).then(
        ({ entry }) => entryDigest(entry),
        (error: unknown) => failureOf(error).happened,
      );
      return seen !== before;
    };
    const handlers = new Set<() => void>();
    const handler = (): void => {
      for (const one of handlers) one();
    };
    const watch = new DirectoryWatch({ outside, log, place, matcher: matcherOf(filter), look, handler });
    const watched: Watched = { scanner: new DirectoryScanner(outside, place), watch, handlers };
    return watched;
  }

  #keyOf(path: string, filter: DirectoryFilter): string {
    return JSON.stringify([this.placeOf(path), filter]);
  }

  /** Absolute, on this node. */
  placeOf(path: string): string {
    return placeOf(path, this.#parts.folder);
  }

  async #clear(): Promise<void> {
    const { log } = this.#parts;
    try {
      for (const { place, error } of await clearPlacements(this.#placing())) {
        if (error === undefined) log.info("a directory checkpoint that was half in place is cleared", { place });
        else log.error("a directory checkpoint is half in place and could not be cleared", { place, error });
      }
    } catch (error) {
      log.error("could not look for directory checkpoints that are half in place", { error });
    }
  }
}
