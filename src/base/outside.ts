/**
 * The one door to the outside: clock, timers, random numbers, files, sockets and child processes.
 *
 * Everything nondeterministic comes through an `Outside`. `outside-node.ts` opens the real one; `sim/` builds one per
 * simulated process, so that a whole cluster runs in one process from a seed and every failure replays.
 */
export interface Outside {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly files: Files;
  readonly net: Net;
  readonly processes: Processes;
}

/** Two times: one for people, one to wait by. A simulated process gets its own, which may drift or stop. */
export interface Clock {
  /** Wall time in milliseconds since 1970. For people and time stamps only; it may jump. */
  wall(): number;
  /** Time since boot in milliseconds, with fractions, suspend included. All waiting and every permit uses this. */
  boot(): number;
}

/** Waiting, in milliseconds of `Clock.boot`. */
export interface Timers {
  /** Resolves after `ms`; with an aborted `signal` it resolves at once. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Random bytes: from the kernel, or from the seed of a simulation. */
export interface Random {
  bytes(count: number): Uint8Array;
}

/**
 * A path's kind and size; `modified` and `changed` (content, mode, owner, names) are wall time in milliseconds, `inode` tells one file
 * from its replacement, `device` one file system from another.
 */
export interface FileStat {
  readonly kind: "file" | "folder" | "link" | "other";
  readonly size: number;
  /** Permission bits, octal 07777. */
  readonly mode: number;
  readonly modified: number;
  readonly changed: number;
  readonly inode: bigint;
  readonly device: bigint;
  /** Numeric user and group id. */
  readonly owner: number;
  readonly group: number;
}

/** The access ACL of a path, or the one that new entries of a folder begin with. */
export type AclKind = "access" | "default";

/**
 * Files. Every failure is an `OutsideError` whose `code` is the POSIX name (ENOENT, EEXIST, ENOSPC, EIO, EACCES …).
 * Nothing is durable before `sync` (content) and `syncFolder` (names). Names are bytes to the kernel: a byte that is no UTF-8 is the
 * lone surrogate U+DC00 + byte, in names that are listed and in paths that are given.
 */
export interface Files extends FileAttributes {
  read(path: string): Promise<Uint8Array>;
  /**
   * "read": existing; "read-no-link": the same, ELOOP for a symbolic link; "append": existing or new, writes go to the end;
   * "create": new, EEXIST otherwise; "update": existing, writes at any place; "write-only": the same for what can't be read;
   * "read-alone": existing, EBUSY for a block device that anything uses (a mount in whatever namespace, a loop device, RAID …), until
   * it is closed. `mode` (octal) is for a new file, 0600 unless given.
   */
  open(path: string, how: OpenHow, mode?: number): Promise<FileHandle>;
  /** Gives an existing file a second name; EEXIST when the name is taken. Atomic. */
  link(from: string, to: string): Promise<void>;
  /** Replaces `to` if it exists. Atomic. */
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Makes the folder and those above it, 0700; existing folders are fine. */
  makeFolder(path: string): Promise<void>;
  /** Removes an empty folder. */
  removeFolder(path: string): Promise<void>;
  /** Names in a folder, sorted by code unit. */
  list(path: string): Promise<readonly string[]>;
  /** undefined when there is nothing at `path`. Symbolic links are not followed. */
  stat(path: string): Promise<FileStat | undefined>;
  setMode(path: string, mode: number): Promise<void>;
  /** Sets the time of the last change, in wall milliseconds. */
  setModified(path: string, wall: number): Promise<void>;
  /**
   * Makes `to`, a new file that shares the blocks of `from` until either is written (a reflink): content and mode, not the time.
   * EEXIST when the name is taken; ENOTSUP or EXDEV where the file systems can't. Never copies instead.
   */
  clone(from: string, to: string): Promise<void>;
  syncFolder(path: string): Promise<void>;
  /** The file system's type below a path: "ext4", "tmpfs", "nfs", "fuse" … or "unknown". */
  fileSystem(path: string): Promise<string>;
  /** Whether some other open file description holds the OFD write lock of the file. */
  isLocked(path: string): Promise<boolean>;
}

/** How a file is opened. */
export type OpenHow = "read" | "read-no-link" | "read-alone" | "append" | "create" | "update" | "write-only";

/** Files beyond their content: links, owners, access lists, and what a whole folder needs. */
export interface FileAttributes {
  /** What a symbolic link holds. EINVAL when there is none. */
  readLink(path: string): Promise<string>;
  /** A new symbolic link; EEXIST when the name is taken. `target` is kept as it is. */
  makeLink(target: string, path: string): Promise<void>;
  /** The path with every symbolic link in it followed. */
  realPath(path: string): Promise<string>;
  /**
   * Holds a folder while `work` runs. `inside` is a path to that very folder, whatever its name leads to meanwhile: what is done below
   * it can't be led elsewhere. ELOOP or ENOTDIR when there is a link or no folder.
   */
  holdFolder<T>(path: string, work: (inside: string) => Promise<T>): Promise<T>;
  /** Swaps what two existing names of one file system lead to. Atomic. ENOSYS or EINVAL where the system can't. */
  exchange(a: string, b: string): Promise<void>;
  /** Whether this process may give files away (it is root). */
  mayChangeOwners(): boolean;
  /** Of a symbolic link: of the link itself. */
  setOwner(path: string, owner: number, group: number): Promise<void>;
  /** The POSIX ACL as the kernel keeps it (linux/posix_acl_xattr.h, version 2); undefined when the mode says all or none is kept here. */
  readAcl(path: string, kind: AclKind): Promise<Uint8Array | undefined>;
  /** ENOTSUP where the file system keeps none. */
  setAcl(path: string, kind: AclKind, acl: Uint8Array): Promise<void>;
  /**
   * Calls the handler after changes of the folder's names and of what is directly in it, with the name when it is known; returns what
   * ends that. Throws ENOSPC when the system watches too much already, ENOSYS where nothing can be watched.
   */
  watchFolder(path: string, handler: (name: string | undefined) => void): () => void;
}

/** An open file. Places and lengths are in bytes; failures are `OutsideError`s. */
export interface FileHandle {
  /** Bytes from `at`; fewer than `length` only at the end of the file. */
  read(at: number, length: number): Promise<Uint8Array>;
  /** Writes all of `bytes`, at the end ("append") or at `at` ("create", "update"). */
  write(bytes: Uint8Array, at?: number): Promise<void>;
  truncate(size: number): Promise<void>;
  /** fsync. After a failure the handle must not be synced again: the kernel may have dropped the pages. */
  sync(): Promise<void>;
  size(): Promise<number>;
  /** Takes the OFD write lock of the whole file for this handle; false when somebody else holds it. Ends with close or death. */
  lock(): Promise<boolean>;
  close(): Promise<void>;
}

/** The most bytes of one frame: 64 MiB. */
export const longestFrame = 67108864;

/** Sockets that carry whole frames, in order, between processes of one machine. An address is a socket's path. */
export interface Net {
  /** Listens in a folder that is 0700; replaces a dead socket file. Rejects with EADDRINUSE when somebody answers there. */
  listen(address: string, onConnection: (connection: Connection) => void): Promise<Listener>;
  /** Rejects (ECONNREFUSED, ENOENT, ETIMEDOUT) when nobody listens. */
  connect(address: string): Promise<Connection>;
}

/** A socket that listens; `close` ends that and frees the address. */
export interface Listener {
  close(): Promise<void>;
}

/** What the other end of a connection showed by a certificate of the cluster's authority, and proved to hold the key of. */
export interface PeerProof {
  /** "nobody": it showed no certificate. */
  readonly kind: "node" | "user" | "nobody";
  /** Node id, or the user's name; empty for nobody. */
  readonly name: string;
  /** SHA-256 of its public key (SubjectPublicKeyInfo), lower-case hexadecimal; empty for nobody. */
  readonly key: string;
  /** Where it is: `HOST:PORT`. */
  readonly from: string;
}

/** One end of a socket: frames arrive whole and in order, or the connection closes. */
export interface Connection {
  /** Absent on sockets of this machine, whose folder is its owner's alone. */
  readonly proof?: PeerProof;
  /** Sends one frame (at most 64 MiB). Frames to a closed connection are dropped. */
  send(frame: Uint8Array): void;
  onFrame(handler: (frame: Uint8Array) => void): void;
  /** Called once, when either side closed or died. */
  onClose(handler: () => void): void;
  close(): void;
}

/** This process and those it starts or watches. */
export interface Processes {
  /** This process. */
  readonly self: ProcessIdentity;
  /** Starts a program; rejects with ENOENT, EACCES when it can't be started. */
  start(program: ProgramSpec): Promise<Child>;
  /** Sends a signal; false when that very process (pid *and* start time) is gone. */
  signal(who: ProcessIdentity, signal: SignalName): Promise<boolean>;
  /** Whether that very process is still there (zombies count as gone). */
  isAlive(who: ProcessIdentity): Promise<boolean>;
  /**
   * Names the table that identities are read from: the same text means the same running kernel, PID namespace and time namespace, so an
   * identity of one process is good for the other. undefined: that can't be told.
   */
  readonly table: string | undefined;
  /**
   * Whether that very process has certainly ended (a zombie has): the kernel itself says so, not only a `/proc` that may hide it.
   * False when it can't be told. Only for identities of the same `table`.
   */
  hasEnded(who: ProcessIdentity): Promise<boolean>;
  /** Ends this process at once, as `exit(code)`. */
  exit(code: number): never;
}

/** A pid alone may be used again; with the start time (clock ticks since boot, from the kernel) it names one process for ever. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly started: string;
}

/** The signals that clubar sends. */
export type SignalName = "SIGTERM" | "SIGKILL" | "SIGHUP" | "SIGINT" | "SIGSTOP" | "SIGCONT" | "SIGUSR1";

/** A program to start. `command` is a path or a name to be found in PATH; there is no shell in between. */
export interface ProgramSpec {
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment of the program. */
  readonly environment: Readonly<Record<string, string>>;
  readonly folder?: string;
  /** Runs on when this process ends (own session). */
  readonly detached?: boolean;
  /** "lines": standard output and error arrive at `onLine`; "none": both go nowhere; a path: both are appended to it. */
  readonly output: "lines" | "none" | { readonly file: string };
  /** Keep standard input open as a pipe that closes when this process dies. */
  readonly input?: boolean;
}

/** A started program. Lines that come before `onLine` is called are kept, up to a bound. */
export interface Child {
  readonly identity: ProcessIdentity;
  onLine(handler: (line: string, from: "stdout" | "stderr") => void): void;
  /** Resolves when the program has ended. */
  readonly ended: Promise<ProcessEnd>;
  /** Writes a line to standard input; dropped unless `input` was asked for. */
  tell(line: string): void;
  /** Closes standard input: what was told is all. */
  endInput(): void;
}

/** How a program ended: its exit code, or the signal that killed it. */
export type ProcessEnd = { readonly code: number } | { readonly signal: string };

/** What the outside could not do; `code` is the POSIX name. `what` is a sentence for people where `next` says what to do. */
export class OutsideError extends Error {
  readonly code: string;
  readonly next: string | undefined;
  constructor(code: string, what: string, next?: string) {
    super(next === undefined ? `${code}: ${what}` : what);
    this.next = next;
    this.name = "OutsideError";
    this.code = code;
  }
}
