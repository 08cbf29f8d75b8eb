/** What a service and its host say to each other, by method name of `rpc/call.ts`. */
import type { ProcessIdentity } from "../base/outside.ts";
import type { ContainmentKind } from "../monitor/containment.ts";
import type { ResourceEvent } from "../monitor/resource-state.ts";

/** Calls to the host. */
export const toHost = {
  hello: "hello",
  ping: "ping",
  start: "start",
  /** Of a start that will come soon. */
  makeReady: "make-ready",
  stop: "stop",
  terminate: "terminate",
  status: "status",
  registryChanged: "registry-changed",
  follow: "follow",
  lead: "lead",
  stopLeading: "stop-leading",
  stopFollowing: "stop-following",
  /** How long what it grants lasts. */
  grantFor: "grant-for",
  /** The cluster lives in another quorum now. */
  useQuorum: "use-quorum",
  admit: "admit",
  expire: "expire",
  members: "members",
  /** Whom the host believes over the network, and that its certificate may be another one. */
  trusted: "trusted",
  finish: "finish",
  /** From other hosts. */
  renew: "renew",
} as const;

/** One-way messages to the service, over the connection that said hello. */
export const fromHost = {
  resource: "resource",
  watch: "watch",
  permit: "permit",
  refused: "refused",
  superseded: "superseded",
  silence: "silence",
  /** A question with a number; the service answers by calling `answer`. */
  ask: "ask",
} as const;

/** The host's answer to hello: who it is, what the kernel guarantees here, and what it runs. */
export interface HelloAnswer {
  readonly host: ProcessIdentity;
  readonly containment: ContainmentKind;
  readonly containmentSentence: string;
  readonly resources: readonly ResourceEvent[];
  /** Milliseconds that the machine's watchdog was armed with. */
  readonly watchdog?: number;
}

/** Something that only the service knows: a registry key (as a hive) or a private key (PEM). */
export type Question =
  | { readonly number: number; readonly what: "read-key"; readonly path: string }
  | { readonly number: number; readonly what: "export-pem"; readonly container: string };

/** The service's answer: exactly one of key, PEM and failure, or nothing when there is no such key. */
export interface Answer {
  readonly number: number;
  readonly hive?: Uint8Array;
  readonly pem?: string;
  readonly failure?: { readonly name: string; readonly message: string };
}
