/** Unix sockets that carry frames: a 32-bit little-endian length, then that many bytes. */
import { constants } from "node:fs";
import * as fs from "node:fs/promises";
import * as net from "node:net";
import { basename, dirname } from "node:path";
import { fail } from "./errors.ts";
import { outsideError, translated } from "./outside-node-error.ts";
import { flockFile } from "./outside-node-kernel.ts";
import { OutsideError, longestFrame } from "./outside.ts";
import type { Connection, Listener, Net } from "./outside.ts";

/** A peer that leaves this much unread is cut off: memory is finite. */
const mostUnsent = 4 * longestFrame;
/** sockaddr_un holds 107 bytes and a terminator. */
const longestPath = 100;

/** Unix sockets of this machine. Addresses too long for sockaddr_un are reached through the open folder's descriptor. */
export function openNet(): Net {
  return {
    listen: (address, onConnection) => translated(`listen at ${address}`, () => listen(address, onConnection)),
    connect: (address) =>
      translated(`connect to ${address}`, async () => {
        const folder = await openFolder(address);
        try {
          return framed(await connect(shortPath(address, folder)));
        } finally {
          await folder.close();
        }
      }),
  };
}

/** The open folder of a socket's address. */
export function openFolder(address: string): Promise<fs.FileHandle> {
  return fs.open(dirname(address), constants.O_RDONLY | constants.O_DIRECTORY);
}

/** A name of the address that fits into a socket address, valid while the folder's handle is open. */
export function shortPath(address: string, folder: fs.FileHandle): string {
  return Buffer.byteLength(address) > longestPath ? `/proc/self/fd/${folder.fd}/${basename(address)}` : address;
}

function listen(address: string, onConnection: (connection: Connection) => void): Promise<Listener> {
  return listenServer(
    net.createServer((socket) => onConnection(framed(socket))),
    address,
  );
}

/**
 * Lets a server listen at a socket's path, as `Net.listen` says it: the folder must be 0700, a dead socket file is replaced. `shared`:
 * others may enter the folder, but not write there; who connects must be asked for.
 */
export async function listenServer(server: net.Server, address: string, shared = false): Promise<Listener> {
  const folder = await openFolder(address);
  try {
    if (shared) await refuseWritableFolder(folder, address);
    else await refuseOpenFolder(folder, address);
    const path = shortPath(address, folder);
    await withFolderLock(address, async () => {
      await removeDeadSocket(path, address);
      await bind(server, path);
    });
    let closed: Promise<void> | undefined;
    const close = (): Promise<void> => {
      // Removes the socket's file by `path`, so before the folder's handle closes. Connections go on.
      server.close();
      return folder.close();
    };
    return { close: () => (closed ??= close()) };
  } catch (cause) {
    await folder.close();
    throw cause;
  }
}

async function refuseOpenFolder(folder: fs.FileHandle, address: string): Promise<void> {
  const { mode, uid } = await folder.stat();
  if ((mode & 0o077) === 0 && uid === process.geteuid?.()) return;
  throw fail("ACCESS_DENIED", {
    happened: `The folder of the socket ${address} can be entered by others (mode ${(mode & 0o7777).toString(8)}, owner ${uid}).`,
    unchanged: "Nothing listens there.",
    next: `Give the folder to the user that runs the service and make it 0700: chmod 700 ${dirname(address)}`,
  });
}

/** Whoever may write there could put a socket of his own in the place of this one. */
async function refuseWritableFolder(folder: fs.FileHandle, address: string): Promise<void> {
  const { mode, uid } = await folder.stat();
  if ((mode & 0o022) === 0 && (uid === 0 || uid === process.geteuid?.())) return;
  throw fail("ACCESS_DENIED", {
    happened: `Others may write in the folder of the socket ${address} (mode ${(mode & 0o7777).toString(8)}, owner ${uid}).`,
    unchanged: "Nothing listens there.",
    next: `Take a folder of root or of the user that runs the service, 0755: install -d -m 0755 ${dirname(address)}`,
  });
}

/** Two starters at once must not take each other's fresh socket for a dead one. */
async function withFolderLock(address: string, work: () => Promise<void>): Promise<void> {
  const folder = await openFolder(address);
  try {
    for (let attempt = 0; !flockFile(folder.fd); attempt++) {
      if (attempt === 200) throw new OutsideError("EADDRINUSE", `another process is opening sockets beside ${address}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await work();
  } finally {
    await folder.close();
  }
}

async function removeDeadSocket(path: string, address: string): Promise<void> {
  const found = await fs.lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) throw new OutsideError("EADDRINUSE", `${address} is not a socket`);
  if (await answers(path)) throw new OutsideError("EADDRINUSE", `somebody answers at ${address}`);
  await fs.unlink(path);
}

async function answers(path: string): Promise<boolean> {
  try {
    (await connect(path)).destroy();
    return true;
  } catch (cause) {
    return outsideError(cause, path).code !== "ECONNREFUSED";
  }
}

function bind(server: net.Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ path, backlog: 511 }, () => {
      server.off("error", reject);
      // A failed accept (too many descriptors) concerns that connection only.
      server.on("error", () => undefined);
      resolve();
    });
  });
}

function connect(path: string): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(path);
    socket.once("error", (cause) => {
      const { code } = outsideError(cause, path);
      // A full backlog: the listener is frozen or far behind.
      reject(code === "EAGAIN" ? new OutsideError("ETIMEDOUT", `nobody accepts at ${path}`) : cause);
    });
    socket.once("connect", () => {
      socket.removeAllListeners("error");
      resolve(socket);
    });
  });
}

/** The socket as a connection; bytes that are no frames end it. */
export function framed(socket: net.Socket): Connection {
  const waiting: Uint8Array[] = [];
  let deliver: ((frame: Uint8Array) => void) | undefined;
  const onClose: (() => void)[] = [];
  let closed = false;

  const close = (): void => {
    if (closed) return;
    closed = true;
    for (const handler of onClose.splice(0)) queueMicrotask(handler);
  };
  const take = frameReader((frame) => {
    if (closed) return;
    if (deliver === undefined) waiting.push(frame);
    else deliver(frame);
  });

  socket.on("data", (chunk) => {
    if (!take(chunk)) socket.destroy();
  });
  socket.on("error", () => undefined);
  socket.on("close", close);

  return {
    send(frame) {
      if (frame.length > longestFrame) throw new OutsideError("EMSGSIZE", `a frame of ${frame.length} bytes`);
      if (closed || socket.destroyed) return;
      const length = new DataView(new ArrayBuffer(4));
      length.setUint32(0, frame.length, true);
      socket.cork();
      socket.write(new Uint8Array(length.buffer));
      socket.write(frame);
      socket.uncork();
      if (socket.writableLength > mostUnsent) socket.destroy();
    },
    onFrame(handler) {
      deliver = handler;
      for (const frame of waiting.splice(0)) handler(frame);
    },
    onClose(handler) {
      if (closed) queueMicrotask(handler);
      else onClose.push(handler);
    },
    close() {
      close();
      socket.destroySoon();
      // What a peer that reads nothing leaves unsent must not keep this process.
      socket.unref();
    },
  };
}

/** Cuts a stream into frames; its result is false when a frame is longer than allowed. */
function frameReader(onFrame: (frame: Uint8Array) => void): (chunk: Uint8Array) => boolean {
  const prefix = new DataView(new ArrayBuffer(4));
  let prefixFilled = 0;
  let frame: Uint8Array | undefined;
  let filled = 0;
  return (chunk) => {
    let at = 0;
    while (at < chunk.length || frame?.length === filled) {
      if (frame === undefined) {
        prefix.setUint8(prefixFilled++, chunk[at++] ?? 0);
        if (prefixFilled < 4) continue;
        const length = prefix.getUint32(0, true);
        if (length > longestFrame) return false;
        frame = new Uint8Array(length);
        filled = 0;
        prefixFilled = 0;
      } else {
        const part = chunk.subarray(at, at + frame.length - filled);
        frame.set(part, filled);
        filled += part.length;
        at += part.length;
        if (filled < frame.length) continue;
        const whole = frame;
        frame = undefined;
        onFrame(whole);
      }
    }
    return true;
  };
}
