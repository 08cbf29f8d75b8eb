/** Reading a folder as it is at one moment. What did not change since it was last read is not read again. */
import { createHash } from "node:crypto";
import { fail } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { Mutex } from "../base/mutex.ts";
import { OutsideError, type FileHandle, type FileStat, type Outside } from "../base/outside.ts";
import { type Entry, entryDigest, type EntryRights, type FileEntry, noteContent } from "./directory-entry.ts";
import type { DirectoryFilter } from "./directory-filter.ts";
import { matcherOf } from "./directory-matcher.ts";
import { atOnce, changing, type Item, join, type Left, type Walk, walkFolder } from "./directory-walk.ts";
import { inParallel } from "./in-parallel.ts";

/** A folder (or file) as it was found. */
export interface Scan {
  readonly entry: Entry;
  /** What is in the folder and not in `entry`. */
  readonly left: readonly Left[];
  /** Absolute, with inodes: what to watch. */
  readonly folders: readonly { readonly path: string; readonly inode: bigint }[];
  /** Whether a path in it was there, and whether what is found now is what was read, for certain and without reading. */
  has(path: string): boolean;
  isAsRead(path: string, stat: FileStat): boolean;
}

/** Milliseconds: time stamps of files are older than the clock by up to a tick of the kernel. */
const stampDelay = 100;
/** Bytes read, and digested, at once. */
const slice = 1_048_576;
const attempts = 5;
const firstPause = 20;

interface Read {
  readonly mark: string;
  readonly entry: Entry;
  /** A later change would have another time stamp. */
  readonly isCertain: boolean;
}

interface Look {
  /** Another one: something is different. */
  readonly mark: string;
  /** A later change would make another mark. */
  readonly isCertain: boolean;
  /** The digest that went with this mark. */
  readonly known: string | undefined;
}

/** One folder, read again and again. */
export class DirectoryScanner {
  readonly #outside: Pick<Outside, "files" | "clock" | "timers">;
  readonly #place: string;
  #reads = new Map<string, Read>();
  readonly #mutex = new Mutex();
  #known: { readonly mark: string; readonly digest: string } | undefined;

  /** `place` is absolute. */
  constructor(outside: Pick<Outside, "files" | "clock" | "timers">, place: string) {
    this.#outside = outside;
    this.#place = place;
  }

  /**
   * FILE_NOT_FOUND, BAD_PATHNAME (a link), MORE_DATA (too large), ACCESS_DENIED, and BUSY when it never stood still. The same entry is
   * given as long as nothing changed.
   */
  scan(filter: DirectoryFilter): Promise<Scan> {
    return this.#mutex.run(() => this.#scan(filter));
  }

  /** Of what is there now; no contents stay in memory, and nothing is read as long as nothing changed. Errors as `scan`. */
  digest(filter: DirectoryFilter): Promise<string> {
    return this.#mutex.run(async () => {
      const look = await this.#look(filter);
      return look.known ?? this.#digest(filter, look);
    });
  }

  /** As `digest`, when nothing has to be read for it; undefined otherwise. */
  digestIfKnown(filter: DirectoryFilter): Promise<string | undefined> {
    return this.#mutex.run(async () => (await this.#look(filter)).known);
  }

  async #scan(filter: DirectoryFilter): Promise<Scan> {
    const { files, timers } = this.#outside;
    const matcher = matcherOf(filter);
    for (let attempt = 1; ; attempt++) {
      try {
        const walk = await walkFolder(files, this.#place, filter, matcher);
        const isRead = await this.#read(walk);
        // What was not read again is as it was at the walk.
        if (isRead && !isSame(walk, await walkFolder(files, this.#place, filter, matcher)))
          throw changing(this.#place, "files changed while others were read");
        return this.#scanOf(walk);
      } catch (error) {
        const failure = failureOf(error);
        if (failure.name !== "BUSY" || attempt === attempts) throw failure;
        await timers.sleep(firstPause * 2 ** (attempt - 1));
      }
    }
  }

  async #look(filter: DirectoryFilter): Promise<Look> {
    const lookAt = this.#outside.clock.wall();
    const { items } = await walkFolder(this.#outside.files, this.#place, filter, matcherOf(filter));
    const marks = [...items.values()].map(({ path, stat }) => `${path}\0${markOf(stat)}`);
    const mark = createHash("sha256")
      .update(JSON.stringify([filter, marks]))
      .digest("hex");
    const isCertain = [...items.values()].every(({ stat }) => stat.changed < lookAt - stampDelay);
    return { mark, isCertain, known: this.#known?.mark === mark ? this.#known.digest : undefined };
  }

  async #digest(filter: DirectoryFilter, { mark, isCertain }: Look): Promise<string> {
    const digest = entryDigest((await this.#scan(filter)).entry);
    this.#reads = new Map();
    this.#known = isCertain ? { mark, digest } : undefined;
    return digest;
  }

  /** Reads what is not known yet; whether anything was. */
  async #read({ items }: Walk): Promise<boolean> {
    const reads = new Map<string, Read>();
    const unknown: Item[] = [];
    for (const item of items.values()) {
      const before = this.#reads.get(item.path);
      if (item.stat.kind !== "folder" && before?.isCertain === true && before.mark === markOf(item.stat))
        reads.set(item.path, before);
      else unknown.push(item);
    }
    const others = unknown.filter(({ stat }) => stat.kind !== "folder");
    await inParallel(others, atOnce, async (item) => {
      reads.set(item.path, await this.#readOne(item));
    });
    // Folders after what is in them.
    let isRead = others.length > 0;
    for (const item of unknown.filter(({ stat }) => stat.kind === "folder").reverse()) {
      const folder = await this.#readFolder(item, reads);
      if (folder !== this.#reads.get(item.path)) isRead = true;
      reads.set(item.path, folder);
    }
    this.#reads = reads;
    return isRead;
  }

  async #readOne(item: Item): Promise<Read> {
    const readAt = this.#outside.clock.wall();
    const path = join(this.#place, item.path);
    try {
      const rights = await this.#rights(path, item.stat);
      const entry: Entry =
        item.stat.kind === "link"
          ? { kind: "link", ...rights, mode: 0, target: await this.#outside.files.readLink(path) }
          : await this.#readFile(path, item, rights);
      return this.#keep(item, entry, readAt);
    } catch (error) {
      throw this.#unreadable(path, error);
    }
  }

  /** What is the same as before is the same entry, with all that is known of it. */
  #keep({ path, stat }: Item, entry: Entry, readAt: number): Read {
    const before = this.#reads.get(path)?.entry;
    const isSame =
      before !== undefined && before.modified === entry.modified && entryDigest(before) === entryDigest(entry);
    return { mark: markOf(stat), entry: isSame ? before : entry, isCertain: stat.changed < readAt - stampDelay };
  }

  async #readFolder(item: Item, reads: ReadonlyMap<string, Read>): Promise<Read> {
    const readAt = this.#outside.clock.wall();
    const before = this.#reads.get(item.path);
    const inner = item.names.map((name): [string, Entry] => {
      const read = reads.get(join(item.path, name));
      if (read === undefined) throw new RangeError(`${join(item.path, name)} was not read`);
      return [name, read.entry];
    });
    const isSameInside =
      before?.entry.kind === "folder" &&
      before.entry.entries.size === inner.length &&
      inner.every(([name, entry]) => before.entry.kind === "folder" && before.entry.entries.get(name) === entry);
    if (isSameInside && before.isCertain && before.mark === markOf(item.stat)) return before;
    const path = join(this.#place, item.path);
    try {
      const rights = await this.#rights(path, item.stat);
      return this.#keep(item, { kind: "folder", ...rights, entries: new Map(inner) }, readAt);
    } catch (error) {
      throw this.#unreadable(path, error);
    }
  }

  async #rights(path: string, stat: FileStat): Promise<EntryRights> {
    const { files } = this.#outside;
    const isLink = stat.kind === "link";
    return {
      mode: stat.mode,
      owner: files.mayChangeOwners() ? { user: stat.owner, group: stat.group } : undefined,
      acl: isLink ? undefined : await files.readAcl(path, "access"),
      defaultAcl: stat.kind === "folder" ? await files.readAcl(path, "default") : undefined,
      modified: stat.modified,
    };
  }

  async #readFile(path: string, item: Item, rights: EntryRights): Promise<FileEntry> {
    const { files } = this.#outside;
    const handle = await files.open(path, "read-no-link");
    try {
      const read = await readSlices(handle, item.stat.size);
      const now = await files.stat(path);
      if (read === undefined || now === undefined || markOf(now) !== markOf(item.stat))
        throw changing(this.#place, `${item.path === "" ? "it" : item.path} changed while it was read`);
      return noteContent({ kind: "file", ...rights, content: read.content }, read.sha256);
    } finally {
      await handle.close();
    }
  }

  #unreadable(path: string, error: unknown): unknown {
    if (!(error instanceof OutsideError)) return error;
    if (["ENOENT", "ELOOP", "ENOTDIR"].includes(error.code)) return changing(this.#place, `${path} was replaced`);
    const cause = failureOf(error);
    return fail(cause.name, {
      happened: `${path} can't be read: ${error.message}`,
      unchanged: "Nothing was captured.",
      next: "Let the user of the service read it, or leave it out (--exclude).",
      cause: error,
    });
  }

  #scanOf({ items, left }: Walk): Scan {
    const reads = this.#reads;
    const root = reads.get("");
    if (root === undefined) throw new RangeError("the folder itself was not read");
    const folders = [...items.values()].filter(({ stat }) => stat.kind === "folder");
    return {
      entry: root.entry,
      left,
      folders: folders.map(({ path, stat }) => ({ path: join(this.#place, path), inode: stat.inode })),
      has: (path) => reads.has(path),
      isAsRead: (path, stat) => reads.get(path)?.isCertain === true && reads.get(path)?.mark === markOf(stat),
    };
  }
}

/** undefined when it has another size by now. */
async function readSlices(
  handle: FileHandle,
  size: number,
): Promise<{ readonly content: Uint8Array; readonly sha256: string } | undefined> {
  const hash = createHash("sha256");
  const content = new Uint8Array(size);
  for (let done = 0; ; ) {
    const wanted = Math.min(slice, size - done + 1);
    const bytes = await handle.read(done, wanted);
    if (done + bytes.length > size) return undefined;
    content.set(bytes, done);
    hash.update(bytes);
    done += bytes.length;
    // Fewer only at the end.
    if (bytes.length < wanted) return done === size ? { content, sha256: hash.digest("hex") } : undefined;
  }
}

/** Another mark: another content, owner or mode. */
function markOf({ kind, inode, size, mode, owner, group, modified, changed }: FileStat): string {
  return `${kind} ${inode} ${size} ${mode} ${owner} ${group} ${modified} ${changed}`;
}

/** Of folders the names count and not the times: what is left alone may come and go in them. */
function isSame(a: Walk, b: Walk): boolean {
  if (a.items.size !== b.items.size) return false;
  const standing = ({ stat, names }: Item): string =>
    stat.kind === "folder" ? `${stat.inode} ${stat.mode} ${stat.owner} ${stat.group} ${names.join("/")}` : markOf(stat);
  for (const [path, item] of a.items) {
    const other = b.items.get(path);
    if (other === undefined || standing(other) !== standing(item)) return false;
  }
  return true;
}
