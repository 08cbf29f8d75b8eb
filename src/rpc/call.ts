/**
 * Calls and one-way messages between processes of a cluster, over the frames of `Connection`. Every message carries the
 * cluster instance id; one of another cluster is refused with CLUSTER_INSTANCE_ID_MISMATCH and reaches no handler.
 */
import { fail } from "../base/errors.ts";
import type { Failure } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import {
  type Connection,
  type Listener,
  type Net,
  type Outside,
  OutsideError,
  type PeerProof,
} from "../base/outside.ts";
import { isTlsAddress } from "../base/tls-address.ts";
import { noError } from "../base/no-error.ts";
import { decodeMessage, encodeMessage } from "./message.ts";
import type { Message } from "./message.ts";

/** Who called; the other end of one connection. */
export interface Peer {
  /** The cluster instance id that the message carried. */
  readonly instance: string | undefined;
  /** What it proved to be; undefined on a socket of this machine. */
  readonly proof: PeerProof | undefined;
  /** Sends a one-way message back over the connection; dropped when it is closed. */
  tell(method: string, body: unknown): void;
  /** Calls the handler when the connection closes, unless what this returns was called before. */
  onClose(handler: () => void): () => void;
  close(): void;
}

/** Handlers by method, started in the order of the messages. What one returns is the answer, what it throws the failure. */
export type Handlers = Readonly<Record<string, (body: unknown, from: Peer) => Promise<unknown>>>;

/** The calling end of a connection. Calls run side by side; answers are told apart by number. */
export interface Caller {
  /**
   * The answer. Rejects with the `Failure` that the handler threw; with CLUSTER_NODE_UNREACHABLE when none comes within `timeoutMs`
   * or the connection closes: then the call may have been carried out.
   */
  call(method: string, body: unknown, timeoutMs: number): Promise<unknown>;
  /** Sends a one-way message; dropped when the connection is closed. */
  tell(method: string, body: unknown): void;
  onClose(handler: () => void): void;
  close(): void;
}

/** Why a method is refused to a peer; asked at every message. After a refusal the connection ends. */
export type Gate = (method: string, proof: PeerProof | undefined) => Failure | undefined;

/** Answers calls at an address. `instance` is asked at every message. Closing the listener closes its connections. */
export async function serve(
  net: Pick<Net, "listen">,
  address: string,
  instance: () => string | undefined,
  handlers: Handlers,
  gate: Gate = () => undefined,
): Promise<Listener> {
  const open = new Set<Connection>();
  const listener = await net.listen(address, (connection) => {
    open.add(connection);
    connection.onClose(() => open.delete(connection));
    const onClose = closingOf(connection);
    receive(connection, (message) => {
      if (message.kind === "call" || message.kind === "tell")
        void answer({ connection, onClose }, message, instance(), handlers, gate);
    });
  });
  return {
    close: async () => {
      await listener.close();
      for (const connection of open) connection.close();
    },
  };
}

/**
 * Connects to an address; rejects with CLUSTER_NODE_UNREACHABLE when nobody listens, ACCESS_DENIED when who does is not believed. `told`
 * takes the one-way messages that the other end sends back.
 */
export async function dial(
  outside: Pick<Outside, "net" | "timers">,
  address: string,
  instance: string | undefined,
  told: Handlers = {},
): Promise<Caller> {
  let connection: Connection;
  try {
    connection = await outside.net.connect(address);
  } catch (cause) {
    if (cause instanceof OutsideError && cause.code === "EACCES" && isTlsAddress(address))
      throw distrusted(address, cause);
    throw unreachable(`Nobody answers at ${address}.`, "It was not asked.", cause);
  }
  return callerOf(outside, connection, address, instance, told);
}

/** The calling end of a connection that is open already; `address` names it in errors. */
export function callerOf(
  outside: Pick<Outside, "timers">,
  connection: Connection,
  address: string,
  instance: string | undefined,
  told: Handlers = {},
): Caller {
  const pending = new Map<number, (message: Message | Failure) => void>();
  let lastId = 0;
  let closed = false;
  connection.onClose(() => {
    closed = true;
    for (const settle of pending.values()) settle(unreachable(`The connection to ${address} closed.`, mayHaveHappened));
  });
  const onClose = closingOf(connection);
  receive(connection, (message) => {
    if (message.kind === "tell") void answer({ connection, onClose }, message, instance, told);
    else if (message.kind !== "call") pending.get(message.id)?.(message);
  });

  return {
    call(method, body, timeoutMs) {
      return new Promise((resolve, reject) => {
        if (closed) throw unreachable(`The connection to ${address} is closed.`, "It was not asked.");
        const id = ++lastId;
        const frame = encodeMessage({ instance, kind: "call", id, method, body });
        const done = new AbortController();
        pending.set(id, (outcome) => {
          pending.delete(id);
          done.abort(noError);
          if (outcome instanceof Error) reject(outcome);
          else if (outcome.kind === "failure") reject(outcome.failure);
          else if (isOther(outcome.instance, instance)) reject(mismatch(outcome.instance, instance));
          else resolve(outcome.kind === "answer" ? outcome.body : undefined);
        });
        connection.send(frame);
        void outside.timers.sleep(timeoutMs, done.signal).then(() => {
          const late = `${address} did not answer ${method} within ${timeoutMs} ms.`;
          pending.get(id)?.(unreachable(late, mayHaveHappened));
        });
      });
    },
    tell: (method, body) => connection.send(encodeMessage({ instance, kind: "tell", method, body })),
    onClose: (handler) => connection.onClose(handler),
    close: () => connection.close(),
  };
}

const mayHaveHappened = "It may have done what was asked.";

/** A peer that sends anything but messages is cut off. */
function receive(connection: Connection, handler: (message: Message) => void): void {
  connection.onFrame((frame) => {
    let message: Message;
    try {
      message = decodeMessage(frame);
    } catch {
      connection.close();
      return;
    }
    handler(message);
  });
}

/** Registers handlers for the end of a connection, which may last for months while many come and go. */
function closingOf(connection: Connection): Peer["onClose"] {
  const handlers = new Set<() => void>();
  let closed = false;
  connection.onClose(() => {
    closed = true;
    for (const handler of handlers) handler();
  });
  return (handler) => {
    if (closed) queueMicrotask(handler);
    else handlers.add(handler);
    return () => handlers.delete(handler);
  };
}

async function answer(
  { connection, onClose }: { readonly connection: Connection; readonly onClose: Peer["onClose"] },
  asked: Message & { kind: "call" | "tell" },
  instance: string | undefined,
  handlers: Handlers,
  gate: Gate = () => undefined,
): Promise<void> {
  const reply = (message: Message): void => connection.send(encodeMessage(message));
  const refused = gate(asked.method, connection.proof);
  if (refused !== undefined) {
    if (asked.kind === "call") reply({ instance, kind: "failure", id: asked.id, failure: refused });
    connection.close();
    return;
  }
  try {
    if (isOther(asked.instance, instance)) throw mismatch(asked.instance, instance);
    const handler = Object.hasOwn(handlers, asked.method) ? handlers[asked.method] : undefined;
    if (handler === undefined) {
      throw fail("INVALID_FUNCTION", {
        happened: `There is no method ${asked.method} here.`,
        unchanged: "Nothing was done.",
      });
    }
    const from: Peer = {
      instance: asked.instance,
      proof: connection.proof,
      tell: (method, body) => reply({ instance, kind: "tell", method, body }),
      onClose,
      close: () => connection.close(),
    };
    const body = await handler(asked.body, from);
    if (asked.kind === "call") reply({ instance, kind: "answer", id: asked.id, body });
  } catch (thrown) {
    if (asked.kind === "call") reply({ instance, kind: "failure", id: asked.id, failure: failureOf(thrown) });
  }
}

/** A side that is in no cluster yet talks to every cluster: its handlers see so in `Peer.instance`. */
function isOther(theirs: string | undefined, ours: string | undefined): boolean {
  return theirs !== undefined && ours !== undefined && theirs !== ours;
}

function mismatch(theirs: string | undefined, ours: string | undefined): Failure {
  return fail("CLUSTER_INSTANCE_ID_MISMATCH", {
    happened: `A message of the cluster ${theirs} reached the cluster ${ours}.`,
    unchanged: "Nothing was done.",
    next: "Check which cluster's folder or address the sender was given.",
  });
}

function distrusted(address: string, cause: OutsideError): Failure {
  return fail("ACCESS_DENIED", {
    happened: `Who answers at ${address} is not trusted (${cause.message}).`,
    unchanged: "It was not asked.",
    next: "A node whose certificates are of another authority is evicted and joins again with a token (clubar node token).",
    cause,
  });
}

function unreachable(happened: string, unchanged: string, cause?: unknown): Failure {
  return fail("CLUSTER_NODE_UNREACHABLE", { happened, unchanged, next: "Look whether its service runs.", cause });
}
