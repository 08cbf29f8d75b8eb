/** An `EtcdClient` that speaks to real members: one connection for each, and another member whenever one does not answer. */
import { OutsideError } from "../../base/outside.ts";
import type { Clock, Timers } from "../../base/outside.ts";
import type { GrpcEndpoint } from "../../base/outside-node-grpc.ts";
import type { Compare, EtcdClient, MemberState, Operation, Transaction, TransactionAnswer } from "./client.ts";
import { refusalOf } from "./refusal.ts";
import { type NoAnswer, type OwnCertificate, whyNoAnswer } from "./unreachable.ts";

/** What the client is made of. */
export interface GrpcParts {
  readonly endpoints: readonly { readonly address: string; readonly grpc: GrpcEndpoint }[];
  readonly outside: { readonly clock: Clock; readonly timers: Timers };
  /** Milliseconds until a call is given up. */
  readonly patience: number;
  /** undefined: certificates say who asks, or nobody asks. Called whenever a member knows the old token no more. */
  readonly own: OwnCertificate;
  readonly login?: { readonly user: string; readonly password: () => Promise<string> } | undefined;
}

/** A member that is stopped or has no leader must not be waited for; a large answer may take longer, so attempts grow. */
const attemptTimes = [400, 400, 800, 1600, 3200];
const pauseAfterRound = 50;

/** Connects when it is first asked. */
export function createGrpcClient(parts: GrpcParts): EtcdClient {
  return new GrpcClient(parts);
}

class GrpcClient implements EtcdClient {
  readonly place: string;
  readonly #parts: GrpcParts;
  /** Which endpoint answered last. */
  #preferred = 0;
  #tokens = new Map<GrpcEndpoint, string>();
  /** How long the newest answers took. */
  #took: readonly number[] = [];
  /** What an attempt gets at least: an etcd that is far away would be given up again and again. */
  #least = 0;

  constructor(parts: GrpcParts) {
    this.#parts = parts;
    this.place = parts.endpoints.map(({ address }) => address).join(", ");
  }

  async txn({ compares = [], does, otherwise = [] }: Transaction): Promise<TransactionAnswer> {
    const answer = (await this.#call("KV/Txn", {
      compare: compares.map(compareMessage),
      success: does.map(operationMessage),
      failure: otherwise.map(operationMessage),
    })) as TxnMessage;
    return {
      succeeded: answer.succeeded,
      revision: Number(answer.header.revision),
      found: answer.responses.map(({ response_range: range }) =>
        (range?.kvs ?? []).map(({ key, value }) => ({ key: key.toString("utf8"), value: new Uint8Array(value) })),
      ),
    };
  }

  async grantLease(seconds: number): Promise<{ readonly id: string; readonly seconds: number }> {
    const { ID, TTL } = (await this.#call("Lease/LeaseGrant", { TTL: String(seconds) })) as { ID: string; TTL: string };
    return { id: ID, seconds: Number(TTL) };
  }

  async revokeLease(id: string): Promise<void> {
    await this.#call("Lease/LeaseRevoke", { ID: id });
  }

  async compact(revision: number): Promise<void> {
    try {
      await this.#call("KV/Compact", { revision: String(revision) });
    } catch (error) {
      if (!(error instanceof OutsideError && error.code === "ESTALE")) throw error;
    }
  }

  members(): Promise<readonly MemberState[]> {
    return Promise.all(
      this.#parts.endpoints.map(async ({ address, grpc }) => {
        try {
          const answer = (await this.#ask(grpc, "Maintenance/Status", {}, 1000)) as StatusMessage;
          const { version, leader, header, dbSize, dbSizeInUse, errors } = answer;
          const isLeader = leader !== "0" && leader === header.member_id;
          const status = { version, isLeader, fileSize: Number(dbSize), used: Number(dbSizeInUse), errors };
          return { endpoint: address, status };
        } catch {
          return { endpoint: address };
        }
      }),
    );
  }

  async voters(): Promise<number> {
    const { members } = (await this.#call("Cluster/MemberList", {})) as { members: readonly { isLearner: boolean }[] };
    return members.filter(({ isLearner }) => !isLearner).length;
  }

  async defragment(endpoint: string): Promise<void> {
    const found = this.#parts.endpoints.find(({ address }) => address === endpoint);
    if (found === undefined) throw new OutsideError("EINVAL", `${endpoint} is no endpoint of ${this.place}`);
    await this.#ask(found.grpc, "Maintenance/Defragment", {}, this.#parts.patience * 4).catch((error: unknown) => {
      throw refusalOf(error)?.error ?? error;
    });
  }

  async disarm(): Promise<void> {
    const { alarms } = (await this.#call("Maintenance/Alarm", { action: "GET" })) as {
      alarms: readonly AlarmMessage[];
    };
    for (const { memberID, alarm } of alarms.filter((each) => each.alarm === "NOSPACE")) {
      await this.#call("Maintenance/Alarm", { action: "DEACTIVATE", memberID, alarm });
    }
  }

  close(): void {
    for (const { grpc } of this.#parts.endpoints) grpc.close();
  }

  async #call(method: string, request: object): Promise<object> {
    const { endpoints, outside, patience } = this.#parts;
    const until = outside.clock.boot() + patience;
    const last = new Map<string, NoAnswer>();
    for (let attempt = 0; ; attempt++) {
      const index = this.#preferred;
      const { address, grpc } = endpoints[index] ?? endpoints[0] ?? unreachable();
      const left = until - outside.clock.boot();
      if (left <= 0) break;
      const time = attemptTimes[Math.min(Math.floor(attempt / endpoints.length), attemptTimes.length - 1)] ?? left;
      const startedAt = outside.clock.boot();
      try {
        const answer = await this.#ask(grpc, method, request, Math.min(Math.max(time, this.#least), left));
        this.#took = [outside.clock.boot() - startedAt, ...this.#took].slice(0, 3);
        this.#least = 2 * Math.min(...this.#took);
        return answer;
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal === undefined) throw error;
        if (refusal.final) throw refusal.error;
        const message = refusal.error.message.replace(/^EAGAIN: /, "");
        // That the time was up says less than what was said before.
        const why = whyNoAnswer(address, message, this.#parts.own, outside.clock.wall());
        if (!last.has(address) || !/Deadline exceeded/.test(message)) last.set(address, why);
      }
      if (this.#preferred === index) this.#preferred = (index + 1) % endpoints.length;
      if (attempt % endpoints.length === endpoints.length - 1) await outside.timers.sleep(pauseAfterRound);
    }
    this.#took = [];
    this.#least = Math.min(patience, 2 * Math.max(this.#least, attemptTimes[0] ?? 0));
    const whys = [...last.values()].map(({ why }) => why).join("; ");
    throw new OutsideError(
      "ETIMEDOUT",
      `No majority of etcd answered at ${this.place} within ${Math.round(patience)} ms: ${whys}.`,
      [...last.values()].at(0)?.next ?? "Try again.",
    );
  }

  /** One attempt at one member. A token that it knows no more is asked for anew, once. */
  async #ask(grpc: GrpcEndpoint, method: string, request: object, time: number): Promise<object> {
    const { login } = this.#parts;
    const send = async (token: string | undefined): Promise<object> =>
      grpc.ask(`etcdserverpb.${method}`, request, time, {
        hasleader: "true",
        ...(token === undefined ? {} : { token }),
      });
    if (login === undefined) return send(undefined);
    const known = this.#tokens.get(grpc);
    try {
      if (known !== undefined) return await send(known);
    } catch (error) {
      if (refusalOf(error)?.error.code !== "EACCES") throw error;
    }
    const question = { name: login.user, password: await login.password() };
    const { token } = (await grpc.ask("etcdserverpb.Auth/Authenticate", question, time, {})) as { token: string };
    this.#tokens.set(grpc, token);
    return send(token);
  }
}

function unreachable(): never {
  throw new RangeError("an etcd place has at least one endpoint");
}

interface TxnMessage {
  readonly header: { readonly revision: string };
  readonly succeeded: boolean;
  readonly responses: readonly {
    readonly response_range?: { readonly kvs: readonly { readonly key: Buffer; readonly value: Buffer }[] };
  }[];
}

interface StatusMessage {
  readonly header: { readonly member_id: string };
  readonly version: string;
  readonly leader: string;
  readonly dbSize: string;
  readonly dbSizeInUse: string;
  readonly errors: readonly string[];
}

interface AlarmMessage {
  readonly memberID: string;
  readonly alarm: string;
}

function compareMessage(compare: Compare): object {
  const key = Buffer.from(compare.key);
  if ("value" in compare) return { key, target: "VALUE", result: "EQUAL", value: compare.value };
  return { key, target: "VERSION", result: compare.is === "absent" ? "EQUAL" : "GREATER", version: "0" };
}

function operationMessage(operation: Operation): object {
  if ("put" in operation) {
    const { put, value, lease } = operation;
    return { request_put: { key: Buffer.from(put), value, ...(lease === undefined ? {} : { lease }) } };
  }
  const end = operation.to === undefined ? {} : { range_end: Buffer.from(operation.to) };
  if ("remove" in operation) return { request_delete_range: { key: Buffer.from(operation.remove), ...end } };
  return { request_range: { key: Buffer.from(operation.get), ...end, keys_only: operation.keysOnly === true } };
}
