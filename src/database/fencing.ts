/**
 * How a node is fenced, as the database has it: its devices in `Nodes\<id>\Fencing\<kind>`, which a backup keeps, and what was decided
 * about its last life in `Runtime\Fencing\<id>`, which a restore drops. Secrets are in neither (`fencing/secrets.ts`).
 */
import { childOf, childrenOf, findKey, type Key, valueOf, valuesOf } from "../tree/key.ts";
import { dwordOf, multiSzOf, qwordOf, textOf } from "../tree/value.ts";
import { optionalText } from "./read-values.ts";
import { rememberedOf } from "./remembered.ts";

/** "agent": a program that switches the machine off; "watchdog": a device of the machine that resets it when it is not fed. */
export type FenceKind = "agent" | "watchdog";

/** A Debian fence agent and what it is given. */
export interface AgentConfig {
  readonly kind: "agent";
  /** `fence_ipmilan`. */
  readonly agent: string;
  /** What it is asked for. */
  readonly method: "off" | "reboot";
  /** Milliseconds for one call of it. */
  readonly timeout: number;
  /** All but the secret ones. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Names of the secret parameters, and under which id nodes keep their values; "" without any. */
  readonly secrets: { readonly id: string; readonly names: readonly string[] };
}

/** The node's own watchdog. */
export interface WatchdogConfig {
  readonly kind: "watchdog";
  /** Absolute path of the device on that node. */
  readonly device: string;
  /** Milliseconds until it resets the machine, where the kernel does not say; 0: the kernel says it. */
  readonly timeout: number;
}

/** One device of one node. */
export type FenceConfig = AgentConfig | WatchdogConfig;

/** Of one life of a node. */
export interface FenceRecord {
  /** The life; "" when nothing was known of one. */
  readonly incarnation: string;
  /** "wanted": a person asked; "asked": the device is asked now; "off": it confirmed; "failed": it did not. */
  readonly state: "wanted" | "asked" | "off" | "failed";
  readonly kind: FenceKind | undefined;
  /** Names one try. */
  readonly attempt: string;
  /** The device, for people. */
  readonly title: string;
  /** Why, or what came of it. */
  readonly because: string;
  /** Who decided it: a person, or "the leader". */
  readonly who: string;
  /** Wall time in milliseconds of the newest change. */
  readonly time: number;
}

/** All about one node. */
export interface NodeFencing {
  /** In the order in which they are tried. */
  readonly devices: readonly FenceConfig[];
  /** Of the life that the database has; undefined when nothing was decided about it. */
  readonly record: FenceRecord | undefined;
  /** Milliseconds after which this life's watchdog resets its machine; undefined: none was armed. */
  readonly watchdog: number | undefined;
}

/** Where the devices of a node are. */
export function fenceConfigPath(node: string, kind?: FenceKind): string {
  return `Nodes\\${node}\\Fencing${kind === undefined ? "" : `\\${kind}`}`;
}

/** Where what was decided about a node is. */
export function fenceRecordPath(node: string): string {
  return `Runtime\\Fencing\\${node}`;
}

/** Values of `Nodes\<id>\Fencing\<kind>`; its subkey `Parameters` has one sz for each. */
export const fenceConfigValue = {
  agent: "Agent",
  method: "Method",
  device: "Device",
  timeout: "Timeout",
  secretsId: "SecretsId",
  secretNames: "SecretNames",
  parameters: "Parameters",
} as const;

/** Values of `Runtime\Fencing\<id>`. */
export const fenceRecordValue = {
  incarnation: "Incarnation",
  state: "State",
  kind: "Kind",
  attempt: "Attempt",
  title: "Title",
  because: "Because",
  who: "Who",
  time: "Time",
} as const;

/** `Runtime\Nodes\<id>`, dword milliseconds: the watchdog that the node's present life armed. */
export const watchdogName = "Watchdog";

const kinds: readonly FenceKind[] = ["agent", "watchdog"];
const states = ["wanted", "asked", "off", "failed"] as const;

const devicesOf = rememberedOf((node: Key): readonly FenceConfig[] => {
  const fencing = childOf(node, "Fencing");
  if (fencing === undefined) return [];
  return kinds.flatMap((kind) => {
    const key = childOf(fencing, kind);
    return key === undefined ? [] : [kind === "agent" ? readAgent(key) : readWatchdog(key)];
  });
});

/** `incarnation`: of the life that the database has; `node` and `runtime` are its keys. */
export function readFencing(
  tree: Key,
  node: Key,
  runtime: Key | undefined,
  incarnation: string | undefined,
): NodeFencing {
  const found = readRecord(findKey(tree, fenceRecordPath(node.name)));
  const record = found?.incarnation === (incarnation ?? "") ? found : undefined;
  const watchdog = runtime === undefined ? 0 : (dwordOf(valueOf(runtime, watchdogName)) ?? 0);
  return { devices: devicesOf(node), record, watchdog: watchdog === 0 ? undefined : watchdog };
}

function readRecord(key: Key | undefined): FenceRecord | undefined {
  if (key === undefined) return undefined;
  const text = (name: string): string => textOf(valueOf(key, name)) ?? "";
  const state = states.find((one) => one === text(fenceRecordValue.state));
  if (state === undefined) return undefined;
  return {
    state,
    incarnation: text(fenceRecordValue.incarnation),
    kind: kinds.find((one) => one === text(fenceRecordValue.kind)),
    attempt: text(fenceRecordValue.attempt),
    title: text(fenceRecordValue.title),
    because: text(fenceRecordValue.because),
    who: text(fenceRecordValue.who),
    time: Number(qwordOf(valueOf(key, fenceRecordValue.time)) ?? 0n),
  };
}

function readAgent(key: Key): AgentConfig {
  const parameters = childOf(key, fenceConfigValue.parameters);
  const named = parameters === undefined ? [] : [...valuesOf(parameters)];
  return {
    kind: "agent",
    agent: optionalText(key, fenceConfigValue.agent) ?? "",
    method: optionalText(key, fenceConfigValue.method) === "reboot" ? "reboot" : "off",
    timeout: dwordOf(valueOf(key, fenceConfigValue.timeout)) ?? 60_000,
    parameters: new Map(named.map((value) => [value.name, textOf(value) ?? ""])),
    secrets: {
      id: optionalText(key, fenceConfigValue.secretsId) ?? "",
      names: multiSzOf(valueOf(key, fenceConfigValue.secretNames)) ?? [],
    },
  };
}

function readWatchdog(key: Key): WatchdogConfig {
  return {
    kind: "watchdog",
    device: optionalText(key, fenceConfigValue.device) ?? "",
    timeout: dwordOf(valueOf(key, fenceConfigValue.timeout)) ?? 0,
  };
}

/** Nodes that are fenced with secrets, and the ids under which those are kept. */
export function secretsIds(tree: Key): string[] {
  const nodes = findKey(tree, "Nodes");
  if (nodes === undefined) return [];
  return [...childrenOf(nodes)].flatMap((node) =>
    devicesOf(node).flatMap((one) => (one.kind === "agent" && one.secrets.id !== "" ? [one.secrets.id] : [])),
  );
}
