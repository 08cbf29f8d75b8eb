/** What a host and the process of a third party's resource type say to each other, over one connection that the process opens. */
import { buildKey, childrenOf, type Key, valuesOf } from "../tree/key.ts";
import type { Value } from "../tree/value.ts";
import type { ParameterRow } from "./parameters.ts";
import type { ResourceTimes, StartSpec } from "./resource-type.ts";

/** In place of a cluster's instance id: both ends are of one node. */
export const moduleInstance = "resource-type";

/** The functions of a type that a host calls. */
export type TypeCall = "online" | "offline" | "terminate" | "looksAlive" | "isAlive" | "onRegistryChange";

/** Methods of the process's calls. */
export const toTypeHost = {
  /** `TypeDescription`; answered with `TypeResource`. */
  hello: "hello",
  /** `TypeAnswer`, one-way. */
  done: "done",
  /** `StartSpec`; answered with the number of the application. */
  start: "start",
  /** `ApplicationCall`; answered when that is over. */
  application: "application",
  readKey: "read-key",
  exportPem: "export-pem",
  watch: "watch",
  log: "log",
} as const;

/** One-way messages to the process. */
export const toType = {
  /** `TypeQuestion`. */
  call: "call",
  /** Nobody waits for the call of this number any more. */
  abort: "abort",
} as const;

/** With `--describe MODULE` instead of a socket, the process says on a line of standard output what the module is: this, then JSON. */
export const describedPrefix = "clubar resource type: ";

/** What the module says it is. */
export interface TypeDescription {
  readonly name: string;
  readonly diesWithHost: boolean;
  readonly parameters: readonly ParameterRow[];
  readonly moreParameters: boolean;
}

/** The resource that the process serves. */
export interface TypeResource {
  readonly id: string;
  readonly name: string;
  readonly times: ResourceTimes;
  readonly parameters: readonly Value[];
  readonly folder: string;
  readonly socket: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** A call of a type's function. */
export interface TypeQuestion {
  readonly number: number;
  readonly what: TypeCall;
}

/** How it ended. */
export interface TypeAnswer {
  readonly number: number;
  readonly value: boolean | null;
  /** It threw this. */
  readonly failure?: string;
}

/** What is asked of an application that the type started. */
export type ApplicationCall =
  | { readonly application: number; readonly what: "ended" | "kill" }
  | { readonly application: number; readonly what: "stop"; readonly ms: number }
  | { readonly application: number; readonly what: "call"; readonly words: readonly string[] };

/** A `StartSpec` as it comes over the wire. */
export type StartMessage = StartSpec;

/** A key with all below it, plain. */
export interface PlainKey {
  readonly name: string;
  readonly lastWritten: bigint;
  readonly values: readonly Value[];
  readonly children: readonly PlainKey[];
}

/** For the wire. */
export function plainKey(key: Key): PlainKey {
  const { name, lastWritten } = key;
  return { name, lastWritten, values: [...valuesOf(key)], children: [...childrenOf(key)].map(plainKey) };
}

/** From the wire. */
export function keyOf({ name, lastWritten, values, children }: PlainKey): Key {
  return buildKey({ name, lastWritten, values: [...values], children: children.map(keyOf) });
}
