/** A node's machine-level key containers: private keys by name, of which only exportable ones leave. */
import type { KeyObject } from "node:crypto";
import { equalBytes } from "../base/bytes.ts";
import { fail, type Failure } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { Mutex } from "../base/mutex.ts";
import type { Outside } from "../base/outside.ts";
import { decodeContainer, encodeContainer } from "./container-codec.ts";
import {
  containerFile,
  openContainerFolder,
  readContainer,
  removeContainer,
  storeContainer,
} from "./container-files.ts";
import { checkContainerName, foldContainerName, formatContainerName, type ContainerName } from "./container-name.ts";
import {
  algorithmOf,
  makePrivateKey,
  publicPemOf,
  readPem,
  readPkcs8,
  signWith,
  testKey,
  toPkcs8,
  type Algorithm,
} from "./private-key.ts";
import { callHandler } from "./watchers.ts";

/** What may be told of a container. */
export interface ContainerInfo {
  readonly name: ContainerName;
  /** "rsa-2048", "ec-p256", "ed25519", also other sizes and curves. */
  readonly algorithm: string;
  readonly exportable: boolean;
}

/** NTE_BAD_KEYSET: no such container. NTE_BAD_DATA: its file is damaged; importing it again mends it. */
export interface KeyContainers {
  /** NTE_EXISTS when the name is taken. */
  create(name: ContainerName, algorithm: Algorithm, exportable: boolean): Promise<void>;
  /** Replaces a key that is there. NTE_BAD_DATA, NTE_BAD_KEY for a PEM that is no private key or of a kind that can't be kept. */
  importPem(name: ContainerName, pem: string, exportable: boolean): Promise<void>;
  /** In the order of folded names; damaged ones are left out. */
  list(): ContainerInfo[];
  delete(name: ContainerName): Promise<void>;
  /** RSA: PKCS#1 v1.5 over SHA-256; EC: DER over SHA-256; Ed25519. */
  sign(name: ContainerName, bytes: Uint8Array): Uint8Array;
  /** SubjectPublicKeyInfo. */
  publicPem(name: ContainerName): string;
  /** The content of a .CPR checkpoint; the same key gives the same bytes. NTE_BAD_KEY when the key is not exportable. */
  exportContainer(name: ContainerName): Uint8Array;
  /**
   * Puts an exported key in place after testing that it signs. Does nothing when that very key is there. NTE_BAD_DATA for bytes of
   * another container.
   */
  importContainer(name: ContainerName, bytes: Uint8Array): Promise<void>;
  /** Calls `handler` after the container changed, appeared or went, when that is durable. Returns how to stop. */
  watch(name: ContainerName, handler: () => void): () => void;
}

interface Container extends ContainerInfo {
  readonly key: KeyObject;
  readonly bytes: Uint8Array;
}

/** Opens, or makes, the key containers in a folder. They are held in memory; one process at a time may change them. */
export async function openKeyContainers(outside: Outside, folder: string): Promise<KeyContainers> {
  const containers = new Map<string, Container | Failure>();
  for (const [file, bytes] of await openContainerFolder(outside.files, folder)) containers.set(file, read(file, bytes));
  return new FileKeyContainers(outside, folder, containers);
}

/** One damaged file must not keep a node from starting: what is wrong is told to whoever asks for the container. */
function read(file: string, bytes: Uint8Array): Container | Failure {
  try {
    const content = decodeContainer(bytes);
    if (containerFile(content.name) !== file) throw new Error("it is named like another one");
    return containerOf(content.name, readPkcs8(content.pkcs8), content.exportable);
  } catch (cause) {
    return fail("NTE_BAD_DATA", {
      happened: `The file ${file} of a key container is damaged: ${cause instanceof Error ? cause.message : String(cause)}`,
      unchanged: "It was left as it is.",
      next: "Import the container again, from its checkpoint or a backup.",
      cause,
    });
  }
}

function containerOf(name: ContainerName, key: KeyObject, exportable: boolean): Container {
  const bytes = encodeContainer({ name, exportable, pkcs8: toPkcs8(key) });
  return { name, key, exportable, bytes, algorithm: algorithmOf(key) };
}

class FileKeyContainers implements KeyContainers {
  readonly #outside: Outside;
  readonly #folder: string;
  /** By file name. */
  readonly #containers: Map<string, Container | Failure>;
  readonly #watchers = new Set<{ readonly file: string; readonly handler: () => void }>();
  readonly #changing = new Mutex();

  constructor(outside: Outside, folder: string, containers: Map<string, Container | Failure>) {
    this.#outside = outside;
    this.#folder = folder;
    this.#containers = containers;
  }

  async create(name: ContainerName, algorithm: Algorithm, exportable: boolean): Promise<void> {
    checkContainerName(name);
    await this.#changing.run(async () => {
      if (this.#containers.has(containerFile(name))) throw exists(name);
      await this.#put(containerOf(name, await makePrivateKey(algorithm, this.#outside.random), exportable));
    });
  }

  async importPem(name: ContainerName, pem: string, exportable: boolean): Promise<void> {
    checkContainerName(name);
    const container = containerOf(name, readPem(pem), exportable);
    await this.#changing.run(() => this.#put(container));
  }

  list(): ContainerInfo[] {
    const whole = [...this.#containers.values()].flatMap((each) => (isContainer(each) ? [each] : []));
    return whole
      .map(({ name, algorithm, exportable }) => ({ name, algorithm, exportable }))
      .sort((a, b) => (foldContainerName(a.name) < foldContainerName(b.name) ? -1 : 1));
  }

  async delete(name: ContainerName): Promise<void> {
    const file = containerFile(name);
    await this.#changing.run(async () => {
      if (!this.#containers.has(file)) throw missing(name);
      await this.#store(file, undefined, () => removeContainer(this.#outside.files, this.#folder, file));
    });
  }

  sign(name: ContainerName, bytes: Uint8Array): Uint8Array {
    return signWith(this.#get(name).key, bytes);
  }

  publicPem(name: ContainerName): string {
    return publicPemOf(this.#get(name).key);
  }

  exportContainer(name: ContainerName): Uint8Array {
    const container = this.#get(name);
    if (!container.exportable) throw notExportable(name);
    return container.bytes.slice();
  }

  async importContainer(name: ContainerName, bytes: Uint8Array): Promise<void> {
    checkContainerName(name);
    const content = decodeContainer(bytes);
    if (foldContainerName(content.name) !== foldContainerName(name)) throw another(name, content.name);
    if (!content.exportable) throw notExportable(name);
    const container = containerOf(content.name, readPkcs8(content.pkcs8), true);
    testKey(container.key, this.#outside.random.bytes(32));
    await this.#changing.run(() => this.#put(container));
  }

  watch(name: ContainerName, handler: () => void): () => void {
    const watcher = { file: containerFile(name), handler };
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  #get(name: ContainerName): Container {
    const found = this.#containers.get(containerFile(name));
    if (found === undefined) throw missing(name);
    if (!isContainer(found)) throw found;
    return found;
  }

  async #put(container: Container): Promise<void> {
    const file = containerFile(container.name);
    const there = this.#containers.get(file);
    if (there !== undefined && isContainer(there) && equalBytes(there.bytes, container.bytes)) return;
    await this.#store(file, container, () => storeContainer(this.#outside.files, this.#folder, file, container.bytes));
  }

  /** After a failure the file is read again: it may have been written all the same. */
  async #store(file: string, container: Container | undefined, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#show(file, container);
    } catch (cause) {
      const bytes = await readContainer(this.#outside.files, this.#folder, file).catch(() => null);
      if (bytes !== null) this.#show(file, bytes === undefined ? undefined : read(file, bytes));
      throw failureOf(cause);
    }
  }

  #show(file: string, found: Container | Failure | undefined): void {
    if (found === undefined) this.#containers.delete(file);
    else this.#containers.set(file, found);
    this.#changed(file);
  }

  #changed(file: string): void {
    const watching = Array.from(this.#watchers);
    for (const watcher of watching) if (watcher.file === file) callHandler(watcher.handler);
  }
}

function isContainer(found: Container | Failure): found is Container {
  return "key" in found;
}

function missing(name: ContainerName): Failure {
  return fail("NTE_BAD_KEYSET", {
    happened: `There is no key container ${formatContainerName(name)} on this node.`,
    unchanged: "Nothing was changed.",
    next: "Create it or import its key.",
  });
}

function exists(name: ContainerName): Failure {
  return fail("NTE_EXISTS", {
    happened: `The key container ${formatContainerName(name)} exists already.`,
    unchanged: "Nothing was changed.",
    next: "Delete it first, or choose another name.",
  });
}

function notExportable(name: ContainerName): Failure {
  return fail("NTE_BAD_KEY", {
    happened: `The key in ${formatContainerName(name)} is not exportable.`,
    unchanged: "Nothing was changed.",
    next: "Import the key again as exportable if it may leave this node.",
  });
}

function another(name: ContainerName, found: ContainerName): Failure {
  return fail("NTE_BAD_DATA", {
    happened: `The bytes are the key container ${formatContainerName(found)}, not ${formatContainerName(name)}.`,
    unchanged: "No key was changed.",
    next: "Import them under their own name.",
  });
}
