/** A node's registry: hives mounted under HKEY_LOCAL_MACHINE, changed by durable transactions, watched by path. */
import { fail, type Failure } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { Mutex } from "../base/mutex.ts";
import type { FileHandle, Outside } from "../base/outside.ts";
import { readHive } from "../hive/read.ts";
import { writeHive } from "../hive/write.ts";
import type { Edit } from "../tree/edit.ts";
import { childOf, emptyKey, fileTime, findKey, withChild, withoutChild, type Key } from "../tree/key.ts";
import { foldName, splitPath } from "../tree/path.ts";
import { findHives } from "./hive-files.ts";
import { checkHiveName } from "./hive-name.ts";
import { MountedHive, type Mount } from "./mounted-hive.ts";
import { Watchers } from "./watchers.ts";

/** Paths are relative to HKEY_LOCAL_MACHINE; their first part is the name of a hive. */
export interface Registry {
  /** HKEY_LOCAL_MACHINE with all mounts, as it is now. The same key as before when nothing changed. */
  root(): Key;
  /**
   * Changes one hive, all or nothing; durable when it resolves. FILE_NOT_FOUND when there is no such hive, ACCESS_DENIED under a
   * read-only mount, INVALID_PARAMETER for edits in two hives, OUTCOME_UNKNOWN when storing failed, and what `applyEdits` throws.
   */
  transact(edits: readonly Edit[]): Promise<void>;
  /**
   * Calls `handler` once after each transaction that changed the key at `path` or anything below it, when the change is durable;
   * also when the key appears or goes. Not for read-only mounts: whoever mounted them knows. Returns how to stop.
   */
  watch(path: string, handler: () => void): () => void;
  /** Mounts a copy of a hive file for good. ALREADY_EXISTS when the name is taken, HIVE_CORRUPT or INVALID_DATA for its bytes. */
  load(name: string, hive: Uint8Array): Promise<void>;
  /** Takes a hive and its files away. FILE_NOT_FOUND when there is none. */
  unload(name: string): Promise<void>;
  /** A hive file of the subtree at `path`. FILE_NOT_FOUND when there is none. */
  save(path: string): Uint8Array;
  /** Shows a tree under a name; its keys are asked for at each `root()`. */
  mountReadOnly(name: string, tree: () => Key): void;
  /**
   * Folds the journals; until it is thawed the images stand, and what is changed only adds to the journals. So a copy of image and journal
   * of a hive, taken meanwhile, is that hive as of some moment in between. BUSY while frozen.
   */
  freeze(): Promise<RegistryFreeze>;
  /** Folds the journals and ends. */
  close(): Promise<void>;
}

/** Ends by `thaw`, once. */
export interface RegistryFreeze {
  /** Hives whose images were replaced all the same, by a change too long for a journal. */
  thaw(): readonly string[];
}

/** For tests and odd machines. */
export interface RegistryOptions {
  /** Bytes of a journal from which on it is folded into its hive, unless half the hive is more. 4 MiB. */
  readonly foldBeyond?: number;
}

/** Hives that are made empty when they are not there. */
const standardHives = ["SOFTWARE", "SYSTEM"];

/** Opens, or makes, the registry in a folder. BUSY when another process has it open. */
export async function openRegistry(outside: Outside, folder: string, options: RegistryOptions = {}): Promise<Registry> {
  await outside.files.makeFolder(folder);
  const lock = await outside.files.open(`${folder}/.lock`, "append");
  try {
    if (!(await lock.lock())) throw alreadyOpen(folder);
    const registry = new HiveRegistry(outside, folder, options, lock);
    await registry.mountAll();
    return registry;
  } catch (cause) {
    await lock.close();
    throw cause;
  }
}

function alreadyOpen(folder: string): Failure {
  return fail("BUSY", {
    happened: `Another process has the registry in ${folder} open: the service of this node runs.`,
    unchanged: "Nothing was changed.",
    next: "Ask it (clubar status), or stop it first (clubar node stop).",
  });
}

interface ReadOnlyMount {
  readonly name: string;
  readonly tree: () => Key;
  seen: Key | undefined;
}

class HiveRegistry implements Registry {
  readonly #outside: Outside;
  readonly #folder: string;
  readonly #options: RegistryOptions;
  readonly #lock: FileHandle;
  readonly #mounting = new Mutex();
  readonly #watchers = new Watchers();
  /** By folded name. */
  readonly #hives = new Map<string, MountedHive>();
  readonly #readOnly = new Map<string, ReadOnlyMount>();
  #root: Key = emptyKey("HKEY_LOCAL_MACHINE", 0n);
  #closed = false;
  #frozen = false;

  constructor(outside: Outside, folder: string, options: RegistryOptions, lock: FileHandle) {
    this.#outside = outside;
    this.#folder = folder;
    this.#options = options;
    this.#lock = lock;
  }

  async mountAll(): Promise<void> {
    try {
      for (const name of await findHives(this.#outside.files, this.#folder)) {
        this.#add(name, await MountedHive.open(this.#mountFor(name)));
      }
      for (const name of standardHives) {
        if (!this.#hives.has(foldName(name))) await this.#create(name, emptyKey(name, this.#now()));
      }
    } catch (cause) {
      for (const hive of this.#hives.values()) await hive.close().catch(() => undefined);
      throw cause;
    }
  }

  root(): Key {
    for (const mount of this.#readOnly.values()) {
      const tree = mount.tree();
      if (tree === mount.seen) continue;
      mount.seen = tree;
      this.#root = withChild(this.#root, { ...tree, name: mount.name });
    }
    return this.#root;
  }

  async transact(edits: readonly Edit[]): Promise<void> {
    const first = edits[0];
    if (first === undefined) return;
    const name = hiveNameIn(first.path);
    const hive = this.#hives.get(foldName(name));
    if (this.#readOnly.has(foldName(name))) throw readOnly(name);
    if (hive === undefined) throw noHive(name);
    if (edits.some((edit) => foldName(hiveNameIn(edit.path)) !== foldName(name))) throw twoHives();
    await hive.change(edits.map((edit) => ({ ...edit, path: edit.path.slice(name.length + 1) })));
  }

  watch(path: string, handler: () => void): () => void {
    return this.#watchers.add(path, handler);
  }

  async load(name: string, hive: Uint8Array): Promise<void> {
    checkHiveName(name);
    const { root, dirty } = readHive(hive.slice());
    if (dirty) throw notClean(name);
    await this.#mounting.run(() => this.#create(name, { ...root, name }));
  }

  async unload(name: string): Promise<void> {
    await this.#mounting.run(async () => {
      const folded = foldName(name);
      const hive = this.#hives.get(folded);
      if (this.#readOnly.has(folded)) throw readOnly(name);
      if (hive === undefined) throw noHive(name);
      this.#hives.delete(folded);
      await hive.unload();
      this.#show(withoutChild(this.#root, name));
    });
  }

  save(path: string): Uint8Array {
    const key = findKey(this.root(), path);
    if (key === undefined) {
      throw fail("FILE_NOT_FOUND", {
        happened: `There is no registry key HKLM\\${path}.`,
        unchanged: "Nothing was saved.",
      });
    }
    return writeHive(key, { time: this.#now(), fileName: key.name });
  }

  mountReadOnly(name: string, tree: () => Key): void {
    checkHiveName(name);
    if (this.#isTaken(name)) throw nameTaken(name);
    this.#readOnly.set(foldName(name), { name, tree, seen: undefined });
  }

  async freeze(): Promise<RegistryFreeze> {
    return this.#mounting.run(async () => {
      if (this.#frozen) {
        throw fail("BUSY", {
          happened: "The registry of this node is frozen for another shadow copy.",
          unchanged: "Nothing was changed.",
          next: "Wait for it to end.",
        });
      }
      const hives = [...this.#hives.values()];
      for (const hive of hives) await hive.hold().catch((error: unknown) => Promise.reject(thawed(hives, error)));
      this.#frozen = true;
      return {
        thaw: () => {
          this.#frozen = false;
          return hives.filter((hive) => !hive.release()).map((hive) => hive.root().name);
        },
      };
    });
  }

  async close(): Promise<void> {
    await this.#mounting.run(async () => {
      if (this.#closed) return;
      this.#closed = true;
      const ends = await Promise.allSettled([...this.#hives.values()].map((hive) => hive.close()));
      await this.#lock.close();
      for (const end of ends) if (end.status === "rejected") throw end.reason;
    });
  }

  async #create(name: string, root: Key): Promise<void> {
    if (this.#closed)
      throw fail("INVALID_HANDLE", { happened: "The registry is closed.", unchanged: "Nothing was changed." });
    if (this.#isTaken(name)) throw nameTaken(name);
    this.#add(name, await MountedHive.create(this.#mountFor(name), root));
  }

  #add(name: string, hive: MountedHive): void {
    this.#hives.set(foldName(name), hive);
    this.#show(withChild(this.#root, hive.root()));
  }

  #isTaken(name: string): boolean {
    return this.#hives.has(foldName(name)) || this.#readOnly.has(foldName(name));
  }

  #mountFor(name: string): Mount {
    return {
      place: {
        files: this.#outside.files,
        folder: this.#folder,
        name,
        pause: () => this.#outside.timers.sleep(0),
      },
      now: () => this.#now(),
      published: (root) => {
        if (childOf(this.#root, name) !== undefined) this.#show(withChild(this.#root, root));
      },
      foldBeyond: this.#options.foldBeyond,
    };
  }

  #show(root: Key): void {
    const before = this.#root;
    this.#root = root;
    this.#watchers.changed(before, root);
  }

  #now(): bigint {
    return fileTime(this.#outside.clock.wall());
  }
}

/** A freeze that failed holds nothing. */
function thawed(hives: readonly MountedHive[], error: unknown): Failure {
  for (const hive of hives) hive.release();
  return failureOf(error);
}

/** The first part of a path; INVALID_NAME when it has none. */
function hiveNameIn(path: string): string {
  const name = splitPath(path)[0];
  if (name !== undefined && name !== "" && !path.endsWith("\\")) return name;
  throw fail("INVALID_NAME", {
    happened: `The registry path "${path.slice(0, 120)}" does not begin with the name of a hive.`,
    unchanged: "Nothing was changed.",
    next: 'Write it like "SOFTWARE\\Company\\Product", without HKLM and no "\\" at either end.',
  });
}

function readOnly(name: string): Failure {
  return fail("ACCESS_DENIED", {
    happened: `HKLM\\${name} can't be changed through the registry.`,
    unchanged: "Nothing was changed.",
    next: foldName(name) === "CLUSTER" ? "Change the cluster database by the cluster's own commands." : "",
  });
}

function noHive(name: string): Failure {
  return fail("FILE_NOT_FOUND", {
    happened: `There is no registry hive HKLM\\${name} on this node.`,
    unchanged: "Nothing was changed.",
    next: "Use a key under SOFTWARE or SYSTEM, or load a hive of that name.",
  });
}

function twoHives(): Failure {
  return fail("INVALID_PARAMETER", {
    happened: "One transaction can't change two hives: their files can't change at one moment.",
    unchanged: "Nothing was changed.",
    next: "Make one transaction a hive.",
  });
}

function nameTaken(name: string): Failure {
  return fail("ALREADY_EXISTS", {
    happened: `HKLM\\${name} is mounted already.`,
    unchanged: "Nothing was changed.",
    next: "Choose another name, or unload it first.",
  });
}

function notClean(name: string): Failure {
  return fail("INVALID_DATA", {
    happened: `The hive for HKLM\\${name} was not written to its end; its newest changes are in log files beside it.`,
    unchanged: "Nothing was changed.",
    next: "Recover it with its log files first.",
  });
}
