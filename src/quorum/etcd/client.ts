/**
 * What the etcd quorum asks of an etcd: transactions, short leases, and what looks after its space. `grpc-client.ts` speaks to a real
 * one; `model.ts` is one in memory.
 *
 * A transaction may be carried out although no answer comes, and the client sends it again to another member: so it may happen *twice*,
 * or late. Every transaction here bears that: it compares what only its first success changes, and whoever sends it looks, when the
 * comparison fails, whether what is there is its own.
 */

/** A condition on one key. */
export type Compare =
  | { readonly key: string; readonly is: "absent" | "present" }
  | { readonly key: string; readonly value: Uint8Array };

/** One operation. `to` ends a range: keys from `get` or `remove` on, below `to`. */
export type Operation =
  | { readonly get: string; readonly to?: string; readonly keysOnly?: boolean }
  | { readonly put: string; readonly value: Uint8Array; readonly lease?: string }
  | { readonly remove: string; readonly to?: string };

/** `does` happens when all comparisons hold, `otherwise` when not; each is one atomic step. */
export interface Transaction {
  readonly compares?: readonly Compare[];
  readonly does: readonly Operation[];
  readonly otherwise?: readonly Operation[];
}

/** A key and its value; the value is empty where only keys were asked for. */
export interface KeyValue {
  readonly key: string;
  readonly value: Uint8Array;
}

/** What a transaction did. */
export interface TransactionAnswer {
  readonly succeeded: boolean;
  /** etcd's revision after it. */
  readonly revision: number;
  /** One list for each operation that was carried out, in order by key; empty for those that are no `get`. */
  readonly found: readonly (readonly KeyValue[])[];
}

/** One member as it answered. */
export interface MemberState {
  /** `host:port` */
  readonly endpoint: string;
  /** Absent: it did not answer. */
  readonly status?: {
    readonly version: string;
    readonly isLeader: boolean;
    /** Bytes of its file, and those in use. */
    readonly fileSize: number;
    readonly used: number;
    /** What it complains about, as `NOSPACE`. */
    readonly errors: readonly string[];
  };
}

/**
 * One etcd. Calls go on to another endpoint until one answers; they reject with an `OutsideError`: ETIMEDOUT when none did in time
 * (nothing may be concluded), ENOSPC when its space is used up, EACCES when it refuses who asks, EMSGSIZE when a request is too large.
 */
export interface EtcdClient {
  /** The endpoints, for people. */
  readonly place: string;
  /** Reads are linearizable. */
  txn(transaction: Transaction): Promise<TransactionAnswer>;
  /** Seconds asked for and granted; etcd grants at least ⌈1.5 × its election timeout⌉. */
  grantLease(seconds: number): Promise<{ readonly id: string; readonly seconds: number }>;
  revokeLease(id: string): Promise<void>;
  /** Forgets all states before a revision; a revision that is forgotten already is fine. */
  compact(revision: number): Promise<void>;
  members(): Promise<readonly MemberState[]>;
  /** How many members etcd counts for its majority; endpoints may be fewer. */
  voters(): Promise<number>;
  /** Gives the free space of one member's file back; the member answers nothing meanwhile. */
  defragment(endpoint: string): Promise<void>;
  /** Ends the alarms that the members raised because their space was used up. */
  disarm(): Promise<void>;
  close(): void;
}

/** The end of the range of all keys that begin with `prefix`. */
export function prefixEnd(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}

/** All keys that begin with `prefix`. */
export function getAll(prefix: string, keysOnly = false): Operation {
  return { get: prefix, to: prefixEnd(prefix), keysOnly };
}

/** Removes all keys that begin with `prefix`. */
export function removeAll(prefix: string): Operation {
  return { remove: prefix, to: prefixEnd(prefix) };
}

/** UTF-8. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** UTF-8; undefined for nothing. */
export function textOf(found: readonly KeyValue[] | undefined): string | undefined {
  const value = found?.[0]?.value;
  return value === undefined ? undefined : new TextDecoder().decode(value);
}
