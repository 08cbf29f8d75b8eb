/**
 * What Node.js does not reach of the kernel, through koffi: the boot-time clock, locks that belong to an open file description,
 * extended attributes and the exchange of two names (docs/decisions/0001-koffi.md). koffi is loaded at the first use and nowhere else.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { OutsideError } from "./outside.ts";

interface Kernel {
  clockGettime(clock: number, out: Uint8Array): number;
  fcntl(fd: number, command: number, lock: Uint8Array): number;
  flock(fd: number, operation: number): number;
  getsockopt(fd: number, level: number, name: number, value: Uint8Array, size: Uint8Array): number;
  getxattr(path: Uint8Array, name: string, value: Uint8Array, size: number): number;
  setxattr(path: Uint8Array, name: string, value: Uint8Array, size: number, flags: number): number;
  /** undefined in a C library without it. */
  renameat2: ((from: number, old: Uint8Array, to: number, name: Uint8Array, flags: number) => number) | undefined;
  errno(): number;
}

interface Koffi {
  load(library: string | null): { func(prototype: string): (...args: unknown[]) => number };
  errno(): number;
}

let loaded: Kernel | Error | undefined;

function kernel(): Kernel | Error {
  loaded ??= load();
  return loaded;
}

function load(): Kernel | Error {
  try {
    const koffi = createRequire(import.meta.url)("koffi") as Koffi;
    const libc = koffi.load(null);
    return {
      clockGettime: libc.func("int clock_gettime(int clock, _Out_ uint8_t *out)"),
      fcntl: libc.func("int fcntl(int fd, int command, _Inout_ uint8_t *lock)"),
      flock: libc.func("int flock(int fd, int operation)"),
      getsockopt: libc.func("int getsockopt(int fd, int level, int name, _Out_ uint8_t *value, _Inout_ uint8_t *size)"),
      getxattr: libc.func("long lgetxattr(const uint8_t *path, const char *name, _Out_ uint8_t *value, size_t size)"),
      setxattr: libc.func(
        "int lsetxattr(const uint8_t *path, const char *name, const uint8_t *value, size_t size, int flags)",
      ),
      renameat2: optional(() =>
        libc.func("int renameat2(int from, const uint8_t *old, int to, const uint8_t *name, unsigned int flags)"),
      ),
      errno: () => koffi.errno(),
    };
  } catch (cause) {
    return cause instanceof Error ? cause : new Error(String(cause));
  }
}

function optional<T>(find: () => T): T | undefined {
  try {
    return find();
  } catch {
    return undefined;
  }
}

/** CLOCK_BOOTTIME of linux/time.h. */
const clockBootTime = 7;
const timespec = new Uint8Array(16);
const timespecView = new DataView(timespec.buffer);

/** Milliseconds since boot, suspend included; in steps of 10 ms from /proc/uptime when koffi can't be loaded. */
export function bootTime(): number {
  const libc = kernel();
  if (!(libc instanceof Error) && libc.clockGettime(clockBootTime, timespec) === 0) {
    return Number(timespecView.getBigInt64(0, true)) * 1000 + Number(timespecView.getBigInt64(8, true)) / 1e6;
  }
  return Number(readFileSync("/proc/uptime", "latin1").split(" ")[0]) * 1000;
}

/** fcntl.h, Linux, 64 bit. */
const getOfdLock = 36;
const setOfdLock = 37;
const writeLock = 1;
const unlocked = 2;

/** `struct flock` for the whole file: short type, short whence, 4 bytes padding, start, length, pid (must be 0), padding. */
function wholeFileLock(): DataView {
  const view = new DataView(new ArrayBuffer(32));
  view.setInt16(0, writeLock, true);
  return view;
}

/** Takes the OFD write lock of the whole file without waiting; false when another description holds it. */
export function lockFile(fd: number): boolean {
  const libc = needed();
  if (libc.fcntl(fd, setOfdLock, bytesOf(wholeFileLock())) === 0) return true;
  const code = errorCode(libc.errno());
  if (code === "EAGAIN" || code === "EACCES") return false;
  throw new OutsideError(code, "fcntl(F_OFD_SETLK) failed");
}

/** Whether another description holds an OFD lock that excludes a write lock. */
export function isFileLocked(fd: number): boolean {
  const libc = needed();
  const lock = wholeFileLock();
  if (libc.fcntl(fd, getOfdLock, bytesOf(lock)) === 0) return lock.getInt16(0, true) !== unlocked;
  throw new OutsideError(errorCode(libc.errno()), "fcntl(F_OFD_GETLK) failed");
}

/** Takes the exclusive flock of a file or folder without waiting; false when another description holds it. */
export function flockFile(fd: number): boolean {
  const libc = needed();
  const exclusiveWithoutWaiting = 2 | 4;
  if (libc.flock(fd, exclusiveWithoutWaiting) === 0) return true;
  const code = errorCode(libc.errno());
  if (code === "EAGAIN") return false;
  throw new OutsideError(code, "flock failed");
}

/** Who is at the other end of a unix socket, as the kernel noted it when that end connected. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  /** All groups, the first one included. */
  readonly gids: readonly number[];
}

/** asm-generic/socket.h. */
const [socketLevel, peerCredentials, peerGroups] = [1, 17, 59];
/** NGROUPS_MAX of linux/limits.h. */
const mostGroups = 65_536;

/** SO_PEERCRED and SO_PEERGROUPS of a connected unix socket. */
export function credentialsOf(fd: number): PeerCredentials {
  const [pid = 0, uid = 0, gid = 0] = new Int32Array(socketOption(fd, peerCredentials, 12).buffer);
  const groups = new Uint32Array(socketOption(fd, peerGroups, mostGroups * 4).buffer);
  return { pid, uid: uid >>> 0, gids: [...new Set([gid >>> 0, ...groups])] };
}

function socketOption(fd: number, name: number, room: number): Uint8Array {
  const libc = needed();
  const value = new Uint8Array(room);
  const size = new Uint8Array(new Uint32Array([room]).buffer);
  if (libc.getsockopt(fd, socketLevel, name, value, size) === 0) return value.slice(0, new Uint32Array(size.buffer)[0]);
  throw new OutsideError(errorCode(libc.errno()), `getsockopt(${name}) failed`);
}

/** linux/limits.h: no extended attribute is longer. */
const longestAttribute = 65_536;
const attributeRoom = new Uint8Array(longestAttribute);

/** An extended attribute of the path itself, links not followed. ENODATA when there is none. */
export function getAttribute(path: Uint8Array, name: string): Uint8Array {
  const libc = needed();
  const length = libc.getxattr(terminated(path), name, attributeRoom, longestAttribute);
  if (length >= 0) return attributeRoom.slice(0, length);
  throw new OutsideError(errorCode(libc.errno()), `lgetxattr(${name}) failed`);
}

/** Makes or replaces an extended attribute of the path itself. */
export function setAttribute(path: Uint8Array, name: string, value: Uint8Array): void {
  const libc = needed();
  if (libc.setxattr(terminated(path), name, value, value.length, 0) === 0) return;
  throw new OutsideError(errorCode(libc.errno()), `lsetxattr(${name}) failed`);
}

/** fcntl.h and linux/fs.h. */
const currentFolder = -100;
const renameExchange = 2;

/** Swaps two names at once; ENOSYS where the C library or the kernel can't, EINVAL where the file system can't. */
export function exchangeNames(a: Uint8Array, b: Uint8Array): void {
  const libc = needed();
  if (libc.renameat2 === undefined) throw new OutsideError("ENOSYS", "the C library has no renameat2");
  if (libc.renameat2(currentFolder, terminated(a), currentFolder, terminated(b), renameExchange) === 0) return;
  throw new OutsideError(errorCode(libc.errno()), "renameat2(RENAME_EXCHANGE) failed");
}

function terminated(path: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(path.length + 1);
  bytes.set(path);
  return bytes;
}

function needed(): Kernel {
  const libc = kernel();
  if (libc instanceof Error)
    throw new OutsideError("ENOSYS", `this kernel call needs koffi, which could not be loaded: ${libc.message}`);
  return libc;
}

function bytesOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer);
}

function errorCode(errno: number): string {
  const found = Object.entries(constants.errno).find(([, number]) => number === errno);
  return found?.[0] ?? `E${errno}`;
}
