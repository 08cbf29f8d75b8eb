/** The content of checkpoints: what is live on this node, and what a version's bytes hold. */
import { fail, Failure } from "../base/errors.ts";
import { sha256, sha256OfChunks } from "../base/digest.ts";
import { HiveError, readHive, writeHive } from "../hive/index.ts";
import type { Registry } from "../registry/registry.ts";
import { contentDigest } from "../tree/content.ts";
import { findKey, type Key } from "../tree/key.ts";
import type { ContainerStore } from "./checkpoint.ts";
import type { Directories } from "./directory.ts";
import { decodeDirectory, encodeDirectory } from "./directory-codec.ts";
import { type Entry, entryDigest } from "./directory-entry.ts";
import type { DirectoryFilter } from "./directory-filter.ts";
import type { Left } from "./directory-walk.ts";
import { type CheckpointKind, filterOf, parseContainer, titleOf } from "./names.ts";

/** A registry key is held as the tree that it was at one moment; holding it costs nothing. */
export type Live =
  | { readonly kind: "registry"; readonly key: Key }
  | { readonly kind: "crypto"; readonly bytes: Uint8Array }
  | {
      readonly kind: "directory";
      readonly entry: Entry;
      /** Live: what else is in the folder. */
      readonly left: readonly Left[];
    };

/** Where settings are: what a checkpoint says of them, or is to say. */
export interface Source {
  readonly kind: CheckpointKind;
  readonly path: string;
  /** Of a directory. */
  readonly filter?: DirectoryFilter;
}

/** Live content as a version holds it. */
export interface Content {
  /** Of a version file. */
  readonly bytes: Uint8Array;
  readonly contentDigest: string;
}

/** Reads what is live in a node's registry, key containers and folders. Digests of keys are kept as long as the key is. */
export class Contents {
  readonly #registry: Registry;
  readonly #keys: ContainerStore;
  readonly directories: Directories;
  readonly #digests = new WeakMap<Key, string>();

  constructor(registry: Registry, keys: ContainerStore, directories: Directories) {
    this.#registry = registry;
    this.#keys = keys;
    this.directories = directories;
  }

  /** What is there now. FILE_NOT_FOUND: no such key, NTE_BAD_KEYSET: no such container, NTE_BAD_KEY: it may not be exported. */
  async live(source: Source): Promise<Live> {
    const { kind, path } = source;
    if (kind === "directory") {
      const { entry, left } = await this.directories.scan(path, filterOf(source));
      return { kind, entry, left };
    }
    if (kind === "crypto") return { kind, bytes: this.#keys.exportContainer(parseContainer(path)) };
    const key = this.liveKey(path);
    if (key !== undefined) return { kind, key };
    throw fail("FILE_NOT_FOUND", {
      happened: `There is no registry key HKLM\\${path} on this node.`,
      unchanged: "Nothing was captured.",
      next: "Create the key, or remove the checkpoint.",
    });
  }

  /** As `live`; undefined when there is none. */
  async liveOrNone(source: Source): Promise<Live | undefined> {
    try {
      return await this.live(source);
    } catch (error) {
      if (error instanceof Failure && (error.name === "FILE_NOT_FOUND" || error.name === "NTE_BAD_KEYSET"))
        return undefined;
      throw error;
    }
  }

  /** Of what is there now; undefined when there is none. Errors as `live`. */
  async liveDigest(source: Source): Promise<string | undefined> {
    if (source.kind === "directory") return this.directories.digest(source.path, filterOf(source));
    const live = await this.liveOrNone(source);
    return live === undefined ? undefined : this.digestOf(live);
  }

  /** The registry key itself, to see by identity whether anything changed. */
  liveKey(path: string): Key | undefined {
    return findKey(this.#registry.root(), path);
  }

  /** The bytes of a version. A hive is read back: what it can't express would otherwise look like a change for ever. */
  contentOf(live: Live): Content {
    if (live.kind === "crypto") return { bytes: live.bytes, contentDigest: sha256(live.bytes) };
    if (live.kind === "directory")
      return { bytes: encodeDirectory(live.entry), contentDigest: entryDigest(live.entry) };
    const bytes = hiveOf(live.key);
    const digest = treeDigest(readHive(bytes).root);
    this.#digests.set(live.key, digest);
    return { bytes, contentDigest: digest };
  }

  /** The same; of a large folder in slices, while the process goes on. */
  async contentAside(live: Live): Promise<Content> {
    if (live.kind !== "directory") return this.contentOf(live);
    return { bytes: await this.directories.encode(live.entry), contentDigest: entryDigest(live.entry) };
  }

  digestOf(live: Live): string {
    if (live.kind === "registry") return this.#digests.get(live.key) ?? this.contentOf(live).contentDigest;
    if (live.kind === "directory") return entryDigest(live.entry);
    return sha256(live.bytes);
  }

  watch(source: Source, handler: () => void): () => void {
    const { kind, path } = source;
    if (kind === "directory") return this.directories.watch(path, filterOf(source), handler);
    return kind === "registry" ? this.#registry.watch(path, handler) : this.#keys.watch(parseContainer(path), handler);
  }
}

/** Equal trees give equal bytes: the hive's own time is the key's. */
function hiveOf(key: Key): Uint8Array {
  return writeHive(key, { time: key.lastWritten, fileName: key.name });
}

/** The content digest of a key tree: SHA-256, lower-case hexadecimal; without times and order (`contentDigest`). */
export function treeDigest(tree: Key): string {
  return contentDigest(tree, sha256OfChunks);
}

/** What a version's bytes put in place. INVALID_DATA when they are no hive or no directory's; those of containers are not looked into. */
export function readContent(kind: CheckpointKind, path: string, bytes: Uint8Array): Live {
  if (kind === "crypto") return { kind, bytes };
  if (kind === "directory") return { kind, entry: decodeDirectory(bytes), left: [] };
  try {
    return { kind, key: readHive(bytes).root };
  } catch (error) {
    if (!(error instanceof HiveError)) throw error;
    throw fail("INVALID_DATA", {
      happened: `The checkpoint version of ${titleOf(kind, path)} is no registry hive: ${error.message}`,
      cause: error,
    });
  }
}
