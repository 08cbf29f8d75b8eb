/** `Files` over simulated disks. Every call goes through a `Door`, which says when it happens and whether it fails. */
import { OutsideError } from "../base/outside.ts";
import type { FileHandle, Files, FileStat, OpenHow } from "../base/outside.ts";
import { openAttributes } from "./file-attributes.ts";
import { normalPath, type Disk, type Inode } from "./disk.ts";

/** One call of a process to its outside. */
export interface DoorCall<T> {
  /** `files.write`, `timers.sleep` … */
  readonly name: string;
  /** What it is about: a path, an address. */
  readonly about: string;
  /** Whether it changes files. */
  readonly mutates: boolean;
  readonly disk?: Disk;
  /** Runs when the kernel takes the call, before its latency. */
  readonly enter?: () => void;
  /** What the call does, at one instant. */
  readonly effect: () => T;
  /** Does the first part of the effect (0 … 1): a call that was cut short. */
  readonly partly?: (share: number) => void;
  /** What a failing call leaves behind besides its error. */
  readonly broken?: (share: number) => void;
  /** Remembers what the caller itself keeps of the file and the effect changes; what it returns puts it back. */
  readonly remember?: () => () => void;
}

/** Says when a call happens and whether it fails. */
export interface Door {
  call<T>(call: DoorCall<T>): Promise<T>;
}

/** What files look like from one process. */
export interface FileSystemView {
  /** Which disk a path is on. */
  diskOf(path: string): Disk;
  /** Wall time in milliseconds, for time stamps. */
  wall(): number;
  /** Where relative paths start. */
  readonly folder: string;
}

/** The files of one process and their end. */
export interface OpenFiles {
  readonly files: Files;
  /** What the kernel does when the process is gone: closes everything, which frees the locks. */
  closeAll(): void;
}

/** A call about one path, made absolute. */
export type FileCall = <T>(
  name: string,
  path: string,
  mutates: boolean,
  effect: (disk: Disk, path: string) => T,
) => Promise<T>;

/** A changing call about two paths of one disk; EXDEV otherwise. */
export type PairCall = (
  name: string,
  from: string,
  to: string,
  effect: (disk: Disk, from: string, to: string) => void,
) => Promise<void>;

/** The files of one process. Errors are `OutsideError`s. */
export function openFiles(view: FileSystemView, door: Door): OpenFiles {
  const handles = new Set<SimHandle>();
  const at = (path: string): string => normalPath(path.startsWith("/") ? path : `${view.folder}/${path}`);
  const call: FileCall = (name, path, mutates, effect) => {
    const full = at(path);
    const disk = view.diskOf(full);
    return door.call({ name: `files.${name}`, about: full, mutates, disk, effect: () => effect(disk, full) });
  };
  const both: PairCall = (name, from, to, effect) => {
    const disk = view.diskOf(at(from));
    const about = `${at(from)} → ${at(to)}`;
    return door.call({
      name: `files.${name}`,
      about,
      mutates: true,
      disk,
      effect: () => {
        if (view.diskOf(at(to)) !== disk) throw new OutsideError("EXDEV", about);
        effect(disk, at(from), at(to));
      },
    });
  };
  const files: Files = {
    ...openAttributes({ call, both, wall: () => view.wall() }),
    read: (path) => call("read", path, false, (disk, full) => readWhole(disk, full)),
    open: (path, how, mode = 0o600) =>
      call("open", path, how === "create" || how === "append", (disk, full) => {
        const inode = openInode(disk, full, how, mode, view.wall());
        inode.device?.open();
        const handle = new SimHandle(full, disk, inode, how, door, view, () => handles.delete(handle));
        handles.add(handle);
        return handle;
      }),
    link: (from, to) => both("link", from, to, (disk, a, b) => disk.link(a, b, view.wall())),
    rename: (from, to) => both("rename", from, to, (disk, a, b) => disk.rename(a, b, view.wall())),
    unlink: (path) => call("unlink", path, true, (disk, full) => disk.unlink(full, view.wall())),
    makeFolder: (path) => call("makeFolder", path, true, (disk, full) => disk.makeFolder(full, view.wall())),
    removeFolder: (path) => call("removeFolder", path, true, (disk, full) => disk.removeFolder(full, view.wall())),
    list: (path) => call("list", path, false, (disk, full) => disk.list(full)),
    stat: (path) => call("stat", path, false, (disk, full) => statOf(findAny(disk, full))),
    setMode: (path, mode) =>
      call("setMode", path, true, (disk, full) => {
        const inode = disk.existing(full);
        inode.mode = mode;
        inode.changed = view.wall();
      }),
    setModified: (path, wall) =>
      call("setModified", path, true, (disk, full) => {
        disk.existing(full).modified = wall;
      }),
    clone: (from, to) => both("clone", from, to, (disk) => disk.clone(at(from), at(to), view.wall())),
    syncFolder: (path) => syncFolder(view.diskOf(at(path)), at(path), door),
    fileSystem: (path) => call("fileSystem", path, false, (disk) => disk.type),
    isLocked: (path) => call("isLocked", path, false, (disk, full) => disk.existing(full).lockedBy !== undefined),
  };
  return {
    files,
    closeAll: () => {
      for (const handle of handles) handle.release();
      handles.clear();
    },
  };
}

function syncFolder(disk: Disk, path: string, door: Door): Promise<void> {
  let marker = 0;
  return door.call({
    name: "files.syncFolder",
    about: path,
    mutates: true,
    disk,
    enter: () => {
      marker = disk.marker();
    },
    effect: () => disk.syncFolder(path, marker),
  });
}

function readWhole(disk: Disk, path: string): Uint8Array {
  const inode = disk.existing(path);
  if (inode.kind === "folder") throw new OutsideError("EISDIR", path);
  if (inode.kind === "link") throw new OutsideError("ELOOP", path);
  return inode.content.read(0, inode.content.size());
}

function openInode(disk: Disk, path: string, how: OpenHow, mode: number, now: number): Inode {
  if (how === "create") return disk.create(path, "file", mode, now);
  const inode = disk.find(path) ?? (how === "append" ? disk.create(path, "file", mode, now) : disk.existing(path));
  if (inode.kind === "folder") throw new OutsideError("EISDIR", path);
  if (inode.kind === "other" && inode.device === undefined) throw new OutsideError("ENXIO", path);
  if (inode.kind === "link") throw new OutsideError("ELOOP", path);
  return inode;
}

/** A file on the way is no folder: then there is nothing at the path either. */
function findAny(disk: Disk, path: string): Inode | undefined {
  try {
    return disk.find(path);
  } catch (error) {
    if (error instanceof OutsideError && error.code === "ENOTDIR") return undefined;
    throw error;
  }
}

function statOf(inode: Inode | undefined): FileStat | undefined {
  if (inode === undefined) return undefined;
  const { kind, mode, modified, changed, id, owner, group, target } = inode;
  const size = kind === "link" ? target.length : inode.content.size();
  return { kind, size, mode, modified, changed, inode: id, device: 1n, owner, group };
}

class SimHandle implements FileHandle {
  readonly #path: string;
  readonly #disk: Disk;
  readonly #inode: Inode;
  readonly #how: OpenHow;
  readonly #door: Door;
  readonly #view: FileSystemView;
  readonly #forget: () => void;
  #open = true;
  #syncFailed = false;
  /** Where a write without a place goes ("create", "update"). */
  #offset = 0;

  constructor(
    path: string,
    disk: Disk,
    inode: Inode,
    how: OpenHow,
    door: Door,
    view: FileSystemView,
    forget: () => void,
  ) {
    this.#path = path;
    this.#disk = disk;
    this.#inode = inode;
    this.#how = how;
    this.#door = door;
    this.#view = view;
    this.#forget = forget;
  }

  read(at: number, length: number): Promise<Uint8Array> {
    return this.#call("readAt", false, () => this.#inode.content.read(at, length));
  }

  write(bytes: Uint8Array, at?: number): Promise<void> {
    const copy = bytes.slice();
    return this.#call(
      "write",
      true,
      () => this.#write(copy, at, copy.length),
      (share) => this.#write(copy, at, Math.floor(copy.length * share)),
      ` ${bytes.length} B`,
    );
  }

  truncate(size: number): Promise<void> {
    return this.#call("truncate", true, () => {
      this.#needWritable();
      this.#inode.content.truncate(size);
      this.#stamp();
    });
  }

  sync(): Promise<void> {
    let marker = 0;
    const { content } = this.#inode;
    return this.#door.call({
      name: "files.sync",
      about: this.#path,
      mutates: true,
      disk: this.#disk,
      enter: () => {
        marker = content.marker();
      },
      effect: () => {
        this.#needOpen();
        if (this.#syncFailed) throw new OutsideError("EIO", `${this.#path}: an earlier sync of this handle failed`);
        content.sync(marker);
      },
      broken: (share) => {
        this.#syncFailed = true;
        content.dropDirty(marker, share < 0.5);
      },
    });
  }

  size(): Promise<number> {
    return this.#call("size", false, () => this.#inode.content.size());
  }

  lock(): Promise<boolean> {
    return this.#call("lock", false, () => {
      if (this.#inode.lockedBy !== undefined && this.#inode.lockedBy !== this) return false;
      this.#inode.lockedBy = this;
      return true;
    });
  }

  close(): Promise<void> {
    return this.#call("close", false, () => {
      this.release();
      this.#forget();
    });
  }

  release(): void {
    if (this.#open) this.#inode.device?.close();
    this.#open = false;
    if (this.#inode.lockedBy === this) this.#inode.lockedBy = undefined;
  }

  #call<T>(name: string, mutates: boolean, effect: () => T, partly?: (share: number) => void, note = ""): Promise<T> {
    return this.#door.call({
      name: `files.${name}`,
      about: this.#path + note,
      mutates,
      disk: this.#disk,
      effect: () => {
        this.#needOpen();
        return effect();
      },
      remember: () => {
        const offset = this.#offset;
        return () => {
          this.#offset = offset;
        };
      },
      ...(partly === undefined ? {} : { partly, broken: partly }),
    });
  }

  #write(bytes: Uint8Array, at: number | undefined, length: number): void {
    this.#needWritable();
    if (this.#inode.device !== undefined) return this.#inode.device.write(bytes.subarray(0, length));
    const from = this.#how === "append" ? this.#inode.content.size() : (at ?? this.#offset);
    if (from + length > this.#inode.content.size()) this.#disk.needSpace(this.#path);
    this.#inode.content.write(from, bytes.subarray(0, length));
    if (at === undefined) this.#offset = from + length;
    this.#stamp();
  }

  #stamp(): void {
    this.#inode.modified = this.#view.wall();
    this.#inode.changed = this.#inode.modified;
  }

  #needOpen(): void {
    if (!this.#open) throw new OutsideError("EBADF", this.#path);
  }

  #needWritable(): void {
    this.#needOpen();
    if (this.#how === "read" || this.#how === "read-no-link" || this.#how === "read-alone")
      throw new OutsideError("EBADF", `${this.#path} is open for reading`);
  }
}
