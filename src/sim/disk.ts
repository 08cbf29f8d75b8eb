/**
 * One simulated file system: inodes, names, hard links. Every call takes effect at once and whole; latency, faults and
 * death belong to whoever calls (`files.ts`). Rules of durability are in DESIGN.md.
 */
import { type AclKind, OutsideError } from "../base/outside.ts";
import { FileContent, type DataLoss } from "./content.ts";
import type { RandomStream } from "./random.ts";

/** What answers behind a file that is none: each may refuse with an `OutsideError`. */
export interface Device {
  open(): void;
  write(bytes: Uint8Array): void;
  /** Also when the process that had it open is gone. */
  close(): void;
}

/** A file, a folder, a symbolic link, a socket or a device; names lead to it. */
export interface Inode {
  readonly id: bigint;
  readonly kind: "file" | "folder" | "link" | "other";
  /** Of a link: where it points. */
  readonly target: string;
  mode: number;
  owner: number;
  group: number;
  readonly acl: Map<AclKind, Uint8Array>;
  modified: number;
  /** Wall time of the last change of anything but names that lead here. */
  changed: number;
  /** Names that lead here now. */
  links: number;
  readonly content: FileContent;
  /** A folder's names as processes see them. */
  names: Map<string, Inode>;
  /** A folder's names that are certain to survive a power loss. */
  durableNames: Map<string, Inode>;
  /** The open file description that holds the OFD write lock. */
  lockedBy: object | undefined;
  /** Of "other" that can be opened. */
  readonly device?: Device;
}

/** What becomes of names that no `syncFolder` covered: in each folder the surviving changes are the first ones. */
export type NameLoss = "none-kept" | "all-kept" | "prefix-kept";

/** What a power loss does to what no sync covered. */
export interface PowerLoss {
  readonly names: NameLoss;
  readonly data: DataLoss;
}

/** One change of names: whole after a power loss, or absent. A rename between folders is one change. */
interface NameChange {
  readonly serial: number;
  readonly folders: readonly Inode[];
  readonly make: (namesOf: (folder: Inode) => Map<string, Inode>) => void;
}

interface Place {
  readonly folder: Inode;
  readonly name: string;
  readonly inode: Inode | undefined;
}

/** One file system; errors are `OutsideError`s with POSIX codes. */
export class Disk {
  readonly name: string;
  /** What `fileSystem` answers. */
  readonly type: string;
  /** No space left: nothing grows, no new names. */
  full = false;
  #root: Inode;
  #nextInode = 2n;
  /** All there ever were, when moments are remembered: what has no name any more may be open, or come back by a loss of power. */
  #inodes: Inode[] | undefined;
  #pending: NameChange[] = [];
  #serial = 0;

  /** `remembers`: whether `remember` may be called; what is unlinked takes memory for ever then. */
  constructor(name: string, type: string = "ext4", remembers: boolean = false) {
    this.name = name;
    this.type = type;
    this.#inodes = remembers ? [] : undefined;
    this.#root = this.#newInode("folder", 0o755, 0);
  }

  find(path: string): Inode | undefined {
    let inode: Inode | undefined = this.#root;
    for (const part of partsOf(path)) {
      if (inode === undefined) return undefined;
      if (inode.kind !== "folder") throw new OutsideError("ENOTDIR", path);
      inode = inode.names.get(part);
    }
    return inode;
  }

  existing(path: string): Inode {
    const inode = this.find(path);
    if (inode === undefined) throw new OutsideError("ENOENT", path);
    return inode;
  }

  create(path: string, kind: "file" | "link" | "other", mode: number, now: number, target = ""): Inode {
    const place = this.#place(path);
    if (place.inode !== undefined) throw new OutsideError("EEXIST", path);
    this.#needSpace(path);
    const inode = this.#newInode(kind, mode, now, target);
    this.#addName(place, inode, now);
    return inode;
  }

  makeFolder(path: string, now: number): void {
    let at = "";
    for (const part of partsOf(path)) {
      at += `/${part}`;
      const there = this.find(at);
      if (there?.kind === "folder") continue;
      if (there !== undefined) throw new OutsideError("ENOTDIR", at);
      this.#needSpace(at);
      this.#addName(this.#place(at), this.#newInode("folder", 0o700, now), now);
    }
  }

  link(from: string, to: string, now: number): void {
    const inode = this.existing(from);
    if (inode.kind === "folder") throw new OutsideError("EPERM", from);
    const place = this.#place(to);
    if (place.inode !== undefined) throw new OutsideError("EEXIST", to);
    this.#needSpace(to);
    this.#addName(place, inode, now);
  }

  /** A reflink, where the file system has them. The content is not durable before its sync. */
  clone(from: string, to: string, now: number): void {
    const source = this.existing(from);
    if (source.kind !== "file") throw new OutsideError(source.kind === "folder" ? "EISDIR" : "ENXIO", from);
    if (!["btrfs", "xfs", "bcachefs"].includes(this.type)) throw new OutsideError("ENOTSUP", `${from} → ${to}`);
    const inode = this.create(to, "file", source.mode, now);
    inode.content.write(0, source.content.read(0, source.content.size()));
  }

  rename(from: string, to: string, now: number): void {
    const source = this.#place(from);
    const inode = source.inode;
    if (inode === undefined) throw new OutsideError("ENOENT", from);
    const target = this.#place(to);
    if (target.inode === inode) return;
    if (inode.kind === "folder" && isWithin(to, from)) throw new OutsideError("EINVAL", to);
    const old = target.inode;
    if (old !== undefined) checkReplace(inode, old, to);
    if (old !== undefined) old.links--;
    stamp([source.folder, target.folder], now);
    this.#change([source.folder, target.folder], (namesOf) => {
      namesOf(source.folder).delete(source.name);
      namesOf(target.folder).set(target.name, inode);
    });
  }

  exchange(a: string, b: string, now: number): void {
    const [one, other] = [this.#place(a), this.#place(b)];
    const [inode, otherInode] = [one.inode, other.inode];
    if (inode === undefined || otherInode === undefined) throw new OutsideError("ENOENT", inode === undefined ? a : b);
    if (isWithin(a, b) || isWithin(b, a)) throw new OutsideError("EINVAL", b);
    stamp([one.folder, other.folder], now);
    this.#change([one.folder, other.folder], (namesOf) => {
      namesOf(one.folder).set(one.name, otherInode);
      namesOf(other.folder).set(other.name, inode);
    });
  }

  unlink(path: string, now: number): void {
    const place = this.#place(path);
    if (place.inode === undefined) throw new OutsideError("ENOENT", path);
    if (place.inode.kind === "folder") throw new OutsideError("EISDIR", path);
    this.#removeName(place, now);
  }

  removeFolder(path: string, now: number): void {
    const place = this.#place(path);
    if (place.inode === undefined) throw new OutsideError("ENOENT", path);
    if (place.inode.kind !== "folder") throw new OutsideError("ENOTDIR", path);
    if (place.inode.names.size > 0) throw new OutsideError("ENOTEMPTY", path);
    this.#removeName(place, now);
  }

  list(path: string): string[] {
    const folder = this.existing(path);
    if (folder.kind !== "folder") throw new OutsideError("ENOTDIR", path);
    return [...folder.names.keys()].sort();
  }

  /** The point in the order of name changes that a folder sync starting now covers. */
  marker(): number {
    return this.#serial;
  }

  /** Makes the folder's names durable, with the changes that they rest on. */
  syncFolder(path: string, marker: number): void {
    const folder = this.existing(path);
    if (folder.kind !== "folder") throw new OutsideError("ENOTDIR", path);
    const touched = new Set<Inode>([folder]);
    const covered = new Set<NameChange>();
    for (const change of this.#pending.toReversed()) {
      if (change.serial >= marker || !change.folders.some((each) => touched.has(each))) continue;
      for (const each of change.folders) touched.add(each);
      covered.add(change);
    }
    for (const change of this.#pending) if (covered.has(change)) change.make((each) => each.durableNames);
    this.#pending = this.#pending.filter((change) => !covered.has(change));
  }

  /** Makes everything durable; for setting up a scene. */
  syncAll(): void {
    for (const change of this.#pending) change.make((each) => each.durableNames);
    this.#pending = [];
    for (const inode of this.#reachable()) inode.content.sync(inode.content.marker());
  }

  /** The power goes and comes back: what no sync covered is kept, torn or lost; locks are gone. */
  losePower(loss: PowerLoss, random: RandomStream): void {
    this.#keepNames(loss.names, random);
    this.#pending = [];
    const kept = this.#reachable((folder) => folder.durableNames);
    for (const inode of kept) inode.links = 0;
    for (const inode of kept) {
      inode.names = new Map(inode.durableNames);
      for (const child of inode.names.values()) child.links++;
      inode.content.losePower(loss.data, random);
      inode.lockedBy = undefined;
    }
  }

  /** The kernel's part when the only process on the disk dies; for disks that remember. */
  unlockAll(): void {
    for (const inode of this.#inodes ?? []) inode.lockedBy = undefined;
  }

  needSpace(path: string): void {
    this.#needSpace(path);
  }

  /** Remembers everything, locks too; what it returns puts it back, any number of times. */
  remember(): () => void {
    const inodes = this.#inodes?.slice();
    if (inodes === undefined) throw new Error(`The disk ${this.name} does not remember.`);
    const [pending, serial, nextInode] = [this.#pending.slice(), this.#serial, this.#nextInode];
    const back = inodes.map((inode) => {
      const { mode, owner, group, modified, changed, links, lockedBy } = inode;
      const plain = { mode, owner, group, modified, changed, links, lockedBy };
      const [acl, names, durableNames] = [[...inode.acl], [...inode.names], [...inode.durableNames]] as const;
      const content = inode.kind === "file" ? inode.content.remember() : undefined;
      return (): void => {
        Object.assign(inode, plain);
        inode.acl.clear();
        for (const [kind, bytes] of acl) inode.acl.set(kind, bytes);
        if (inode.kind === "folder") {
          inode.names = new Map(names);
          inode.durableNames = new Map(durableNames);
        }
        content?.();
      };
    });
    return () => {
      [this.#inodes, this.#pending] = [inodes.slice(), pending.slice()];
      [this.#serial, this.#nextInode] = [serial, nextInode];
      for (const put of back) put();
    };
  }

  /** All that processes can see of it: the same text exactly when they see the same. */
  appearance(): string {
    const lines: string[] = [];
    const walk = (inode: Inode, path: string): void => {
      const { id, kind, target, mode, owner, group, modified, changed, acl } = inode;
      const content = kind === "file" ? inode.content.digest() : "";
      const about = [id, kind, target, mode, owner, group, modified, changed, content, inode.lockedBy !== undefined];
      lines.push(JSON.stringify([path, ...about.map(String), ...[...acl].map(String)]));
      for (const name of [...inode.names.keys()].sort()) walk(inode.names.get(name) as Inode, `${path}/${name}`);
    };
    walk(this.#root, "");
    return lines.join("\n");
  }

  #keepNames(loss: NameLoss, random: RandomStream): void {
    if (loss === "none-kept") return;
    const lost = new Set<Inode>();
    for (const change of this.#pending) {
      const cut = loss === "prefix-kept" && random.chance(0.3);
      if (cut || change.folders.some((each) => lost.has(each))) for (const each of change.folders) lost.add(each);
      else change.make((each) => each.durableNames);
    }
  }

  #reachable(namesOf: (folder: Inode) => Map<string, Inode> = (folder) => folder.names): Set<Inode> {
    const found = new Set<Inode>([this.#root]);
    for (const inode of found) for (const child of namesOf(inode).values()) found.add(child);
    return found;
  }

  #place(path: string): Place {
    const parts = partsOf(path);
    const name = parts.at(-1);
    if (name === undefined) throw new OutsideError("EBUSY", path);
    if (name.length > 255) throw new OutsideError("ENAMETOOLONG", path);
    const folder = this.existing(`/${parts.slice(0, -1).join("/")}`);
    if (folder.kind !== "folder") throw new OutsideError("ENOTDIR", path);
    return { folder, name, inode: folder.names.get(name) };
  }

  #addName(place: Place, inode: Inode, now: number): void {
    inode.links++;
    stamp([place.folder], now);
    this.#change([place.folder], (namesOf) => namesOf(place.folder).set(place.name, inode));
  }

  #removeName(place: Place, now: number): void {
    if (place.inode !== undefined) place.inode.links--;
    stamp([place.folder], now);
    this.#change([place.folder], (namesOf) => namesOf(place.folder).delete(place.name));
  }

  #change(folders: readonly Inode[], make: NameChange["make"]): void {
    make((folder) => folder.names);
    this.#pending.push({ serial: this.#serial++, folders, make });
  }

  #needSpace(path: string): void {
    if (this.full) throw new OutsideError("ENOSPC", path);
  }

  #newInode(kind: Inode["kind"], mode: number, now: number, target = ""): Inode {
    const inode: Inode = {
      id: this.#nextInode++,
      kind,
      target,
      mode,
      owner: 0,
      group: 0,
      acl: new Map(),
      modified: now,
      changed: now,
      links: 0,
      content: new FileContent(),
      names: new Map(),
      durableNames: new Map(),
      lockedBy: undefined,
    };
    this.#inodes?.push(inode);
    return inode;
  }
}

/** An absolute path without `.`, `..` and doubled slashes. */
export function normalPath(path: string): string {
  return `/${partsOf(path).join("/")}`;
}

const knownParts = new Map<string, readonly string[]>();
const mostKnown = 10_000;

function partsOf(path: string): readonly string[] {
  const known = knownParts.get(path);
  if (known !== undefined) return known;
  if (knownParts.size >= mostKnown) knownParts.clear();
  const parts = splitParts(path);
  knownParts.set(path, parts);
  return parts;
}

function splitParts(path: string): readonly string[] {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts;
}

function isWithin(path: string, folder: string): boolean {
  return `${normalPath(path)}/`.startsWith(`${normalPath(folder)}/`);
}

function checkReplace(inode: Inode, old: Inode, to: string): void {
  if (old.kind === "folder" && inode.kind !== "folder") throw new OutsideError("EISDIR", to);
  if (old.kind !== "folder" && inode.kind === "folder") throw new OutsideError("ENOTDIR", to);
  if (old.names.size > 0) throw new OutsideError("ENOTEMPTY", to);
}

function stamp(folders: readonly Inode[], now: number): void {
  for (const folder of folders) {
    folder.modified = now;
    folder.changed = now;
  }
}
