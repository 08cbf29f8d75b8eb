import { fail } from "../base/errors.ts";
import type { Edit } from "../tree/edit.ts";
import { checkPath, checkTree, checkValue } from "../tree/limits.ts";
import { splitPath } from "../tree/path.ts";
import type { Value } from "../tree/value.ts";
import { baseBlockChecksum, isDirty, readBaseBlock, whyDirty } from "./base-block.ts";
import { checkHive } from "./check.ts";
import { addKey, type Editable, emptyOut, fill, freeKey, setClass, setSecurity } from "./edit-key.ts";
import { findChild, removeChild, storedName } from "./edit-list.ts";
import { HiveMemory } from "./edit-memory.ts";
import { SecurityEditor } from "./edit-security.ts";
import { deleteValue, setValue } from "./edit-value.ts";
import { base, baseBlockSize, nk } from "./layout.ts";
import { logBaseSize } from "./log-base.ts";
import { writeLog } from "./log-write.ts";

/** Bytes to be written at a place of a file. */
export interface FileWrite {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** What puts the changes of a hive on disk; see `commitHive` for the order. */
export interface HiveCommit {
  /** The whole log, from its first byte. */
  readonly log: Uint8Array;
  /** The base block that says "a write goes on". */
  readonly begin: FileWrite;
  /** The pages that changed, in order; the last ones may make the file longer. */
  readonly pages: readonly FileWrite[];
  /** The base block that says "the write is done". */
  readonly end: FileWrite;
}

/** How a hive is opened for changes. */
export interface EditOptions {
  /** false: the caller knows that the hive is sound, and only what is touched is looked at. */
  readonly check?: boolean;
}

/**
 * A hive that is changed in place: edits change cells in memory, and a commit writes the pages that changed and a log of them. For
 * hives of
 * others, where most of the file is to stay as it is; a tree of one's own is written anew by `writeHive`.
 */
export class HiveEditor {
  readonly #hive: Editable;
  readonly #memory: HiveMemory;
  #sequence: number;
  #broken = false;
  /** The key whose value was set last: the values of a new key come one after the other. */
  #reached: { readonly path: string; readonly key: number } | undefined;

  /**
   * Throws HiveError for a damaged hive and Failure INVALID_STATE for one whose last write did not finish (`recoverHive` first) or
   * that has
   * errors (`checkHive`). `bytes` is copied.
   */
  constructor(bytes: Uint8Array, options: EditOptions = {}) {
    const block = readBaseBlock(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    if (isDirty(block))
      throw refused(`It is not as it should be: ${whyDirty(block)}.`, "Recover it with its logs first.");
    if (block.minor > 5) throw refused("Layered hives (1.6) are read only.", "Write a new hive from its tree.");
    const wrong = options.check === false ? undefined : checkHive(bytes).find(({ severity }) => severity === "error");
    if (wrong !== undefined)
      throw refused(`It is damaged at offset ${wrong.offset}: ${wrong.text}.`, "Salvage it into a new hive.");
    this.#memory = new HiveMemory(bytes);
    this.#hive = { memory: this.#memory, securities: new SecurityEditor(this.#memory) };
    this.#sequence = block.primarySequence;
  }

  /** The hive as it would be written, its base block that of the last commit. Good until the next edit. */
  get bytes(): Uint8Array {
    return this.#memory.bytes.subarray(0, this.#memory.end);
  }

  /** FILETIME of the last write that the base block names. */
  get time(): bigint {
    return this.#memory.view.getBigUint64(base.lastWritten, true);
  }

  /**
   * Applies edits in their order, with the meaning and the failures of `applyEdits`. After a failure nothing more is taken: what was half
   * done is in memory only.
   */
  apply(edits: readonly Edit[], time: bigint): void {
    this.#refuseBroken();
    this.#broken = true;
    for (const edit of edits) this.#apply(edit, time);
    this.#broken = false;
  }

  /** What is to be written since the last commit; undefined when nothing changed. `time` becomes the hive's own. */
  commit(time: bigint): HiveCommit | undefined {
    if (!this.#isChanged()) return undefined;
    const memory = this.#memory;
    const begin = this.#baseBlock(this.#sequence, this.#sequence - 1);
    const end = this.#finish(time);
    const pages = this.#takePages();
    return {
      log: writeLog(end, this.#sequence, memory.end - baseBlockSize, pages),
      begin: { at: 0, bytes: begin },
      pages,
      end: { at: 0, bytes: end },
    };
  }

  /** The whole hive with all edits, clean, for a file of its own; as `commit`, but nothing is copied. Good until the next edit. */
  whole(time: bigint): Uint8Array {
    if (this.#isChanged()) {
      this.#finish(time);
      this.#memory.dirty.clear();
    }
    return this.bytes;
  }

  /** Whether there is something to write; then it has a number of its own. */
  #isChanged(): boolean {
    this.#refuseBroken();
    if (this.#memory.dirty.size === 0) return false;
    this.#sequence = (this.#sequence + 1) >>> 0;
    return true;
  }

  /** Writes what the heads say of the hive; returns a copy of the base block. */
  #finish(time: bigint): Uint8Array<ArrayBuffer> {
    const memory = this.#memory;
    memory.setU64(baseBlockSize + 20, time);
    memory.setU64(base.lastWritten, time);
    memory.setU32(base.binsSize, memory.end - baseBlockSize);
    return this.#baseBlock(this.#sequence, this.#sequence);
  }

  #baseBlock(primary: number, secondary: number): Uint8Array<ArrayBuffer> {
    const { memory } = this.#hive;
    memory.setU32(base.primarySequence, primary);
    memory.setU32(base.secondarySequence, secondary);
    memory.setU32(base.checksum, baseBlockChecksum(memory.view));
    return memory.bytes.slice(0, logBaseSize);
  }

  /** Neighbouring pages are one write. */
  #takePages(): FileWrite[] {
    const { dirty, bytes } = this.#memory;
    dirty.delete(0);
    const pages: FileWrite[] = [];
    const numbers = Uint32Array.from(dirty).sort();
    for (let i = 0; i < numbers.length; ) {
      const first = numbers[i]!;
      let next = first;
      while (i < numbers.length && numbers[i] === next) {
        i++;
        next++;
      }
      pages.push({ at: first * baseBlockSize, bytes: bytes.slice(first * baseBlockSize, next * baseBlockSize) });
    }
    dirty.clear();
    return pages;
  }

  #refuseBroken(): void {
    if (this.#broken) throw refused("An edit failed half done in memory.", "Open the hive again.");
  }

  #apply(edit: Edit, time: bigint): void {
    const reached = this.#reached;
    this.#reached = undefined;
    if (edit.kind === "set-value" && edit.path === reached?.path) {
      checkValue(edit.value);
      return this.#setValue(edit.path, edit.value, reached.key, time);
    }
    const names = splitPath(edit.path);
    checkPath(edit.path, names);
    switch (edit.kind) {
      case "create-key":
        this.#reach(names, time, edit.className);
        break;
      case "delete-key":
        this.#deleteKey(names, time);
        break;
      case "set-value":
        checkValue(edit.value);
        this.#setValue(edit.path, edit.value, this.#reach(names, time), time);
        break;
      case "delete-value": {
        const key = this.#find(names);
        if (key !== undefined && deleteValue(this.#memory, key, edit.name)) this.#written(key, time);
        break;
      }
      case "set-security": {
        const key = this.#find(names);
        if (key === undefined) throw fail("FILE_NOT_FOUND", { happened: `There is no key "${edit.path}".` });
        if (setSecurity(this.#hive, key, edit.security)) this.#written(key, time);
        break;
      }
      default: {
        checkTree(edit.path, names.length, edit.tree);
        const key = this.#respelled(this.#reach(names, time), names.at(-1));
        emptyOut(this.#hive, key);
        fill(this.#hive, key, edit.tree, names.length === 0 ? undefined : this.#memory.follow(key + nk.parent));
      }
    }
  }

  #setValue(path: string, value: Value, key: number, time: bigint): void {
    if (setValue(this.#memory, key, value)) this.#written(key, time);
    this.#reached = { path, key };
  }

  #written(key: number, time: bigint): void {
    this.#memory.setU64(key + nk.lastWritten, time);
  }

  #find(names: readonly string[]): number | undefined {
    let key: number | undefined = this.#memory.root;
    for (const name of names) {
      if (key === undefined) return undefined;
      key = findChild(this.#memory, key, name);
    }
    return key;
  }

  /** Makes the keys that are missing; the last of them, when it is new, with a class name. */
  #reach(names: readonly string[], time: bigint, className?: string): number {
    let key = this.#memory.root;
    names.forEach((name, i) => {
      const parent = key;
      const there = findChild(this.#memory, parent, name);
      key = there ?? addKey(this.#hive, parent, name, time);
      if (there !== undefined) return;
      this.#written(parent, time);
      if (i === names.length - 1 && className !== undefined) setClass(this.#hive, key, className, parent);
    });
    return key;
  }

  /** A key that gets a tree is named as the path says; one with another spelling is made anew. */
  #respelled(key: number, name: string | undefined): number {
    const memory = this.#memory;
    if (name === undefined || storedName(memory, key) === name) return key;
    const parent = memory.follow(key + nk.parent);
    removeChild(memory, parent, name);
    emptyOut(this.#hive, key);
    freeKey(this.#hive, key);
    return addKey(this.#hive, parent, name, 0n);
  }

  #deleteKey(names: readonly string[], time: bigint): void {
    const last = names.at(-1);
    if (last === undefined)
      throw fail("ACCESS_DENIED", {
        happened: "The root of a registry tree can't be deleted.",
        unchanged: "Nothing was changed.",
      });
    const parent = this.#find(names.slice(0, -1));
    const key = parent === undefined ? undefined : findChild(this.#memory, parent, last);
    if (parent === undefined || key === undefined) return;
    removeChild(this.#memory, parent, storedName(this.#memory, key));
    emptyOut(this.#hive, key);
    freeKey(this.#hive, key);
    this.#written(parent, time);
  }
}

function refused(happened: string, next: string): Error {
  return fail("INVALID_STATE", {
    happened: `The hive can't be changed in place. ${happened}`,
    unchanged: "Nothing was written.",
    next,
  });
}
