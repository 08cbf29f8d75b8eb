import { constants, readFileSync } from "node:fs";
import * as fs from "node:fs/promises";
import { dirname } from "node:path";
import { translated } from "./outside-node-error.ts";
import { openAttributes } from "./outside-node-attributes.ts";
import { isFileLocked, lockFile } from "./outside-node-kernel.ts";
import { nameOf, nativePath } from "./file-names.ts";
import { OutsideError } from "./outside.ts";
import type { FileHandle, FileStat, Files, OpenHow } from "./outside.ts";

const flags = {
  read: constants.O_RDONLY,
  "read-no-link": constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
  "read-alone": constants.O_RDONLY | constants.O_EXCL | constants.O_NONBLOCK,
  append: constants.O_RDWR | constants.O_APPEND | constants.O_CREAT,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
  update: constants.O_RDWR,
  "write-only": constants.O_WRONLY,
} as const;

const cloneFlags = constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE;

/** The magic numbers of statfs(2) and linux/magic.h. ext2 and ext3 have ext4's. */
const fileSystems: ReadonlyMap<bigint, string> = new Map([
  [0xef53n, "ext4"],
  [0x9123683en, "btrfs"],
  [0x58465342n, "xfs"],
  [0x01021994n, "tmpfs"],
  [0x858458f6n, "ramfs"],
  [0x794c7630n, "overlay"],
  [0x2fc12fc1n, "zfs"],
  [0xf2f52010n, "f2fs"],
  [0xca451a4en, "bcachefs"],
  [0x01161970n, "gfs2"],
  [0x7461636fn, "ocfs2"],
  [0x6969n, "nfs"],
  [0x517bn, "smb"],
  [0xff534d42n, "cifs"],
  [0xfe534d42n, "smb"],
  [0x65735546n, "fuse"],
  [0x01021997n, "9p"],
  [0x00c36400n, "ceph"],
  [0x5346414fn, "afs"],
  [0x4d44n, "vfat"],
  [0x2011bab0n, "exfat"],
]);

/** The machine's files through node:fs; locks are OFD locks taken by fcntl(2). */
export function openFiles(): Files {
  return {
    ...openAttributes(),
    read: (path) => translated(`read ${path}`, () => readWhole(path)),
    open: (path, how, mode = 0o600) => translated(`open ${path} (${how})`, () => open(path, how, mode)),
    link: (from, to) => translated(`link ${from} to ${to}`, () => fs.link(nativePath(from), nativePath(to))),
    rename: (from, to) => translated(`rename ${from} to ${to}`, () => fs.rename(nativePath(from), nativePath(to))),
    unlink: (path) => translated(`unlink ${path}`, () => fs.unlink(nativePath(path))),
    makeFolder: (path) => translated(`make folder ${path}`, () => makeFolder(path)),
    removeFolder: (path) => translated(`remove folder ${path}`, () => fs.rmdir(nativePath(path))),
    list: (path) => translated(`list ${path}`, () => list(path)),
    stat: (path) => translated(`stat ${path}`, () => stat(path)),
    setMode: (path, mode) => translated(`set mode of ${path}`, () => fs.chmod(nativePath(path), mode)),
    setModified: (path, wall) =>
      translated(`set time of ${path}`, async () =>
        fs.utimes(nativePath(path), (await fs.stat(nativePath(path))).atime, new Date(wall)),
      ),
    clone: (from, to) =>
      translated(`clone ${from} to ${to}`, () => fs.copyFile(nativePath(from), nativePath(to), cloneFlags)),
    syncFolder: (path) => translated(`sync folder ${path}`, () => syncFolder(path)),
    fileSystem: (path) => translated(`statfs ${path}`, () => fileSystem(path)),
    isLocked: (path) => translated(`look at the lock of ${path}`, () => isLocked(path)),
  };
}

async function list(path: string): Promise<readonly string[]> {
  return (await fs.readdir(nativePath(path), { encoding: "buffer" })).map(nameOf).sort();
}

/** A pipe without a writer, or a terminal, would be waited for without end: only what has an end is read. */
async function readWhole(path: string): Promise<Uint8Array> {
  // Nothing is waited for, and a table of processes has hundreds: five turns of a thread each cost more than the reading.
  if (/^\/proc\/\d+\/stat$/.test(path)) return plain(readFileSync(path));
  const handle = await fs.open(nativePath(path), constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = await handle.stat();
    if (found.isFIFO() || found.isSocket() || found.isCharacterDevice())
      throw new OutsideError("EINVAL", `read ${path}: it is a pipe, a socket or a device, no file`);
    return plain(await handle.readFile());
  } finally {
    await handle.close();
  }
}

async function open(path: string, how: OpenHow, mode: number): Promise<FileHandle> {
  const handle = await fs.open(nativePath(path), flags[how], mode);
  try {
    // The process's file mode creation mask must not decide who reads our files.
    if (how === "create") await handle.chmod(mode);
  } catch (cause) {
    await handle.close();
    throw cause;
  }
  return fileHandle(handle, path, how === "append");
}

function fileHandle(handle: fs.FileHandle, path: string, appends: boolean): FileHandle {
  let syncFailed = false;
  return {
    read: (at, length) => translated(`read ${path}`, () => readFully(handle, at, length)),
    write: (bytes, at) => translated(`write ${path}`, () => writeFully(handle, bytes, appends ? null : (at ?? null))),
    truncate: (size) => translated(`truncate ${path}`, () => handle.truncate(size)),
    sync: () =>
      translated(`sync ${path}`, async () => {
        if (syncFailed) throw new OutsideError("EIO", `sync ${path}: an earlier sync of this handle failed`);
        try {
          await handle.sync();
        } catch (cause) {
          syncFailed = true;
          throw cause;
        }
      }),
    size: () => translated(`size of ${path}`, async () => (await handle.stat()).size),
    lock: () => translated(`lock ${path}`, async () => lockFile(handle.fd)),
    close: () => translated(`close ${path}`, () => handle.close()),
  };
}

async function readFully(handle: fs.FileHandle, at: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, at + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}

async function writeFully(handle: fs.FileHandle, bytes: Uint8Array, at: number | null): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at === null ? null : at + done);
    done += bytesWritten;
  }
}

async function stat(path: string): Promise<FileStat | undefined> {
  try {
    const found = await fs.lstat(nativePath(path), { bigint: true });
    return {
      kind: found.isFile() ? "file" : found.isDirectory() ? "folder" : found.isSymbolicLink() ? "link" : "other",
      size: Number(found.size),
      mode: Number(found.mode & 0o7777n),
      modified: Number(found.mtimeNs) / 1e6,
      changed: Number(found.ctimeNs) / 1e6,
      inode: found.ino,
      device: found.dev,
      owner: Number(found.uid),
      group: Number(found.gid),
    };
  } catch (cause) {
    const code = (cause as { code?: unknown }).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw cause;
  }
}

/**
 * Node's own recursive mkdir never ends where a folder above is there and still says ENOENT, as /proc does. Somebody else may make the
 * folder above between our two looks, so the second try comes whether or not it was missing.
 */
async function makeFolder(path: string): Promise<void> {
  const makeOne = (): Promise<void> => fs.mkdir(nativePath(path), { mode: 0o700 });
  try {
    await makeOne();
  } catch (cause) {
    const above = dirname(path);
    if ((cause as { code?: unknown }).code !== "ENOENT" || above === path) return acceptFolder(path, cause);
    if ((await fs.stat(nativePath(above)).catch(() => undefined)) === undefined) await makeFolder(above);
    await makeOne().catch((again: unknown) => acceptFolder(path, again));
  }
}

async function acceptFolder(path: string, cause: unknown): Promise<void> {
  const found = await fs.stat(nativePath(path)).catch(() => undefined);
  if (found?.isDirectory() !== true) throw cause;
}

async function syncFolder(path: string): Promise<void> {
  const handle = await fs.open(nativePath(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Of the path itself or, when it does not exist, of the nearest folder above it that does. */
async function fileSystem(path: string): Promise<string> {
  try {
    const { type } = await fs.statfs(nativePath(path), { bigint: true });
    return fileSystems.get(type & 0xffffffffn) ?? "unknown";
  } catch (cause) {
    const above = dirname(path);
    if ((cause as { code?: unknown }).code !== "ENOENT" || above === path) throw cause;
    return fileSystem(above);
  }
}

async function isLocked(path: string): Promise<boolean> {
  const handle = await fs.open(path, constants.O_RDONLY);
  try {
    return isFileLocked(handle.fd);
  } finally {
    await handle.close();
  }
}

/** Without Node's Buffer, whose `slice` shares memory. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
