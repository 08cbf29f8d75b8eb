/** Building a folder or file beside the one that it is to replace. */
import { fail } from "../base/errors.ts";
import { equalBytes } from "../base/bytes.ts";
import { OutsideError, type Files } from "../base/outside.ts";
import type { Entry, EntryRights, FileEntry } from "./directory-entry.ts";
import type { Scan } from "./directory-scan.ts";
import { atOnce, join } from "./directory-walk.ts";
import { inParallel } from "./in-parallel.ts";

/** What is built, and what is there now. */
export interface Building {
  /** Where it is built: absolute, nothing there yet, on the same file system as `place`. */
  readonly at: string;
  readonly entry: Entry;
  readonly place: string;
  /** What is at `place`; undefined: nothing. */
  readonly live: Scan | undefined;
}

interface Folder {
  readonly path: string;
  readonly rights: EntryRights;
}

/**
 * Everything is durable when it resolves. Files that are the same as at `place` become second names of those; so do the files that the
 * checkpoint leaves alone there, which thereby stay as they are. What fails leaves a half-built folder.
 */
export async function build(files: Files, building: Building): Promise<void> {
  const builder = new Builder(files, building);
  if (building.entry.kind === "folder") await files.makeFolder(building.at);
  builder.collect("", building.entry, building.live?.entry);
  await builder.makeFolders();
  await inParallel(builder.work, atOnce, (make) => make());
  await builder.keepLeft();
  await builder.finishFolders();
}

class Builder {
  readonly work: (() => Promise<void>)[] = [];
  readonly #files: Files;
  readonly #building: Building;
  /** Outer ones first. */
  readonly #folders: Folder[] = [];

  constructor(files: Files, building: Building) {
    this.#files = files;
    this.#building = building;
  }

  collect(path: string, entry: Entry, live: Entry | undefined): void {
    const to = join(this.#building.at, path);
    if (entry.kind === "file") {
      this.work.push(() =>
        live?.kind === "file" && isSameFile(entry, live) ? this.#linkOrWrite(path, to, entry) : this.#write(to, entry),
      );
    } else if (entry.kind === "link") {
      this.work.push(async () => {
        await this.#files.makeLink(entry.target, to);
        if (entry.owner !== undefined) await this.#files.setOwner(to, entry.owner.user, entry.owner.group);
      });
    } else {
      this.#folders.push({ path, rights: entry });
      for (const [name, inner] of entry.entries)
        this.collect(join(path, name), inner, live?.kind === "folder" ? live.entries.get(name) : undefined);
    }
  }

  async makeFolders(): Promise<void> {
    for (const { path } of this.#folders) if (path !== "") await this.#files.makeFolder(join(this.#building.at, path));
  }

  /** What the checkpoint leaves alone at the place is in the new folder, too. */
  async keepLeft(): Promise<void> {
    const { live, place } = this.#building;
    for (const { path, why } of live?.left ?? []) {
      if (why === "another file system") {
        throw fail("BAD_PATHNAME", {
          happened: `${join(place, path)} is another file system, mounted in a folder that a checkpoint is to replace.`,
          next: "Unmount it, or let the checkpoint begin below it.",
        });
      }
      await this.#keepParents(path);
      await this.#keepOne(path);
    }
  }

  /** Rights last, inner folders first: they may forbid writing. */
  async finishFolders(): Promise<void> {
    for (const { path, rights } of this.#folders.toReversed()) {
      const to = join(this.#building.at, path);
      await this.#setRights(to, rights);
      await this.#files.syncFolder(to);
    }
  }

  async #write(to: string, entry: FileEntry): Promise<void> {
    const handle = await this.#files.open(to, "create", 0o600);
    try {
      if (entry.content.length > 0) await handle.write(entry.content, 0);
      await this.#setRights(to, entry);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  /** An ordinary user may not link what others own. */
  async #linkOrWrite(path: string, to: string, entry: FileEntry): Promise<void> {
    try {
      await this.#files.link(join(this.#building.place, path), to);
    } catch (error) {
      if (!(error instanceof OutsideError) || !["EPERM", "EMLINK", "ENOENT"].includes(error.code)) throw error;
      await this.#write(to, entry);
    }
  }

  async #setRights(path: string, { mode, owner, acl, defaultAcl }: EntryRights): Promise<void> {
    // Giving a file away clears bits of its mode.
    if (owner !== undefined && this.#files.mayChangeOwners()) await this.#files.setOwner(path, owner.user, owner.group);
    await this.#files.setMode(path, mode);
    if (acl !== undefined) await this.#files.setAcl(path, "access", acl);
    if (defaultAcl !== undefined) await this.#files.setAcl(path, "default", defaultAcl);
  }

  async #keepParents(path: string): Promise<void> {
    const names = path.split("/").slice(0, -1);
    for (let count = 1; count <= names.length; count++) {
      const parent = names.slice(0, count).join("/");
      if (this.#folders.some((one) => one.path === parent)) continue;
      await this.#makeLike(parent, path);
    }
  }

  /** A folder that only the place has, with its rights. */
  async #makeLike(path: string, needed: string): Promise<void> {
    const { at, place } = this.#building;
    const there = await this.#files.stat(join(at, path));
    if (there !== undefined && there.kind !== "folder") {
      throw fail("ALREADY_EXISTS", {
        happened: `In the checkpoint ${path} is a file, and at ${place} it is a folder with ${needed}, which the checkpoint leaves alone.`,
        next: "Move one of them away, then try again.",
      });
    }
    const from = join(place, path);
    const stat = await this.#files.stat(from);
    if (stat === undefined) return;
    await this.#files.makeFolder(join(at, path));
    this.#folders.push({
      path,
      rights: {
        mode: stat.mode,
        owner: { user: stat.owner, group: stat.group },
        acl: await this.#files.readAcl(from, "access"),
        defaultAcl: await this.#files.readAcl(from, "default"),
        modified: stat.modified,
      },
    });
  }

  async #keepOne(path: string): Promise<void> {
    const from = join(this.#building.place, path);
    const stat = await this.#files.stat(from);
    if (stat === undefined) return;
    if (stat.kind !== "folder") {
      await this.#files.link(from, join(this.#building.at, path)).catch((error: unknown) => this.#notKept(path, error));
      return;
    }
    await this.#makeLike(path, path);
    for (const name of await this.#files.list(from)) await this.#keepOne(join(path, name));
  }

  #notKept(path: string, error: unknown): void {
    if (!(error instanceof OutsideError)) throw error;
    if (error.code === "ENOENT") return;
    if (error.code === "EPERM") {
      throw fail("ACCESS_DENIED", {
        happened: `${join(this.#building.place, path)}, which the checkpoint leaves alone, belongs to another user: it can't be kept.`,
        next: "Run the service as root, give the file to its user, or move the file elsewhere.",
        cause: error,
      });
    }
    if (error.code === "EEXIST") {
      throw fail("ALREADY_EXISTS", {
        happened: `The checkpoint holds ${path}, and so does what it leaves alone at ${this.#building.place}.`,
        next: "Move one of them away, then try again.",
      });
    }
    throw error;
  }
}

function isSameFile(a: FileEntry, b: FileEntry): boolean {
  return (
    a.mode === b.mode &&
    a.owner?.user === b.owner?.user &&
    a.owner?.group === b.owner?.group &&
    isSameList(a.acl, b.acl) &&
    equalBytes(a.content, b.content)
  );
}

function isSameList(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalBytes(a, b);
}
