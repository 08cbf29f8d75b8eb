/** An etcd in memory, for tests and simulation: one order of transactions, and answers that get lost when a test says so. */
import { equalBytes } from "../base/bytes.ts";
import { OutsideError } from "../base/outside.ts";
import type {
  Compare,
  EtcdClient,
  KeyValue,
  Operation,
  Transaction,
  TransactionAnswer,
} from "../quorum/etcd/client.ts";

/** What a test sees and bends. */
export interface EtcdModel extends EtcdClient {
  readonly content: Map<string, Uint8Array>;
  /**
   * Called before each transaction: "twice": carried out, but the answer is lost, so the client sends it again; "late": the client gives
   * up, and the model carries it out when the test calls `deliver`; a code: refused with it.
   */
  fault: (transaction: Transaction) => "twice" | "late" | "ENOSPC" | "ETIMEDOUT" | undefined;
  /** Carries a transaction out, now. */
  apply(transaction: Transaction): TransactionAnswer;
  /** Carries out what is late. */
  deliver(): void;
  /** Ends leases: their keys go. */
  endLeases(): void;
}

/** An empty one. */
export function createEtcdModel(): EtcdModel {
  const content = new Map<string, Uint8Array>();
  const leases = new Map<string, Set<string>>();
  let late: Transaction[] = [];
  let revision = 1;
  let count = 0;
  const apply = ({ compares = [], does, otherwise = [] }: Transaction): TransactionAnswer => {
    const succeeded = compares.every((compare) => holds(content, compare));
    const operations = succeeded ? does : otherwise;
    if (operations.some((operation) => !("get" in operation))) revision += 1;
    const found = operations.map((operation) => carryOut(content, leases, operation));
    return { succeeded, revision, found };
  };
  const model: EtcdModel = {
    content,
    apply,
    place: "model",
    fault: () => undefined,
    deliver: () => {
      for (const transaction of late.splice(0)) apply(transaction);
    },
    endLeases: () => {
      for (const keys of leases.values()) for (const key of keys) content.delete(key);
      leases.clear();
    },
    txn: async (transaction) => {
      await Promise.resolve();
      const fault = model.fault(transaction);
      if (fault === "late") late = [...late, transaction];
      if (fault === "twice") apply(transaction);
      if (fault !== undefined && fault !== "twice")
        throw new OutsideError(fault === "late" ? "ETIMEDOUT" : fault, "model");
      return apply(transaction);
    },
    grantLease: async (seconds) => {
      const id = String(++count);
      leases.set(id, new Set());
      return { id, seconds: Math.max(2, seconds) };
    },
    revokeLease: async (id) => {
      for (const key of leases.get(id) ?? []) content.delete(key);
      leases.delete(id);
    },
    compact: async () => undefined,
    members: async () => [],
    voters: async () => 3,
    defragment: async () => undefined,
    disarm: async () => undefined,
    close: () => undefined,
  };
  return model;
}

function holds(content: ReadonlyMap<string, Uint8Array>, compare: Compare): boolean {
  const value = content.get(compare.key);
  if ("value" in compare) return value !== undefined && equalBytes(value, compare.value);
  return (value === undefined) === (compare.is === "absent");
}

function carryOut(
  content: Map<string, Uint8Array>,
  leases: Map<string, Set<string>>,
  operation: Operation,
): readonly KeyValue[] {
  if ("put" in operation) {
    for (const keys of leases.values()) keys.delete(operation.put);
    if (operation.lease !== undefined) leases.get(operation.lease)?.add(operation.put);
    content.set(operation.put, operation.value.slice());
    return [];
  }
  const from = "get" in operation ? operation.get : operation.remove;
  const { to } = operation;
  const keys = [...content.keys()].filter((key) => (to === undefined ? key === from : key >= from && key < to)).sort();
  if ("remove" in operation) {
    for (const key of keys) content.delete(key);
    return [];
  }
  const isShort = operation.keysOnly === true;
  return keys.map((key) => ({
    key,
    value: isShort ? new Uint8Array() : (content.get(key)?.slice() ?? new Uint8Array()),
  }));
}
