import type { Log } from "../base/log.ts";
import type { Outside, ProcessEnd } from "../base/outside.ts";
import type { Disks } from "../disks/disks.ts";
import type { Key } from "../tree/key.ts";
import type { Application } from "./application.ts";
import type { ParameterRow, Parameters } from "./parameters.ts";

/** How long and how often, in milliseconds, when the resource says nothing (WSFC's defaults, wsfc-facts §6.3). */
export interface ResourceTimes {
  readonly pendingTimeout: number;
  /** Of `looksAlive`, `isAlive` and `onRegistryChange`. */
  readonly deadlockTimeout: number;
  readonly looksAlivePollInterval: number;
  readonly isAlivePollInterval: number;
}

/** WSFC's defaults. */
export const defaultTimes: ResourceTimes = {
  pendingTimeout: 180_000,
  deadlockTimeout: 300_000,
  looksAlivePollInterval: 5_000,
  isAlivePollInterval: 60_000,
};

/**
 * A kind of resource: what online, offline and "alive" mean for it. One object serves all resources of its type; what belongs to one
 * resource is in the context. The host runs each resource's calls one after the other (`terminate` may overtake), ends those that take
 * longer than PendingTimeout (`online`, `offline`) or DeadlockTimeout (the others), and kills every container of a resource when it is
 * terminated, whatever the type does.
 */
export interface ResourceType {
  readonly name: string;
  /** Everything it starts is gone with the host, guaranteed by the kernel (docs/safety.md §2.5). */
  readonly diesWithHost: boolean;
  readonly times: ResourceTimes;
  readonly parameters: readonly ParameterRow[];
  /** Parameters beside the table are let through: `online` checks them itself. Otherwise the host refuses them. */
  readonly moreParameters?: true;
  /** Before `online`, and before anything is on record: rejects when this node can't run it at all. Then nothing is to be released. */
  prepare?(context: ResourceContext, signal: AbortSignal): Promise<void>;
  /**
   * Makes what `online` will run in, and changes nothing else: while what the resource depends on still starts. `online` may never follow,
   * and may find nothing of it. `terminate` may follow in the next host.
   */
  makeReady?(context: ResourceContext, signal: AbortSignal): Promise<void>;
  /** Resolves when the resource serves; rejects when it can't. `signal` is aborted at PendingTimeout and at terminate. */
  online(context: ResourceContext, signal: AbortSignal): Promise<void>;
  /** Ends it in order. Of a type that does not die with its host: resolves only when nothing is left. */
  offline(context: ResourceContext, signal: AbortSignal): Promise<void>;
  /**
   * Ends it now; the host kills its containers afterwards. Not called when the permit ends and the type dies with its host. Of a type that
   * does not, it is called when all containers are gone, with a context that may start new ones; it resolves only when nothing is left,
   * and is called again until it does: the host proves nothing before. The next host of the node calls it too, for whatever the last one
   * was told to bring online and did not release. So it must do no harm where there is nothing to end.
   */
  terminate(context: ResourceContext, signal: AbortSignal): Promise<void>;
  /** A quick look. */
  looksAlive(context: ResourceContext, signal: AbortSignal): Promise<boolean>;
  /** A thorough look. */
  isAlive(context: ResourceContext, signal: AbortSignal): Promise<boolean>;
  /** Called while it is online, after a change in what it watches. A rejection is logged and told; the resource stays online. */
  onRegistryChange?(context: ResourceContext, signal: AbortSignal): Promise<void>;
}

/** Registry paths below HKLM and key containers (`TYPE\NAME\KEY`). */
export interface RegistryUse {
  readonly keys: readonly string[];
  readonly containers: readonly string[];
}

/** What a type's functions get: everything about one resource, and all that they may reach. */
export interface ResourceContext {
  readonly outside: Outside;
  readonly resource: {
    readonly id: string;
    readonly name: string;
    readonly parameters: Parameters;
    readonly times: ResourceTimes;
  };
  /** The key at a path below HKLM; undefined when there is none. */
  readKey(path: string): Promise<Key | undefined>;
  /** The private key of a container (`TYPE\NAME\KEY`) as PEM. @throws NTE_BAD_KEYSET, NTE_BAD_KEY */
  exportPem(container: string): Promise<string>;
  /** From now on a change in any of these calls `onRegistryChange`; replaces what was watched before. */
  watch(use: RegistryUse): void;
  readonly log: Log;
  /** The resource's own folder on this node. It exists; nobody else writes there. */
  readonly folder: string;
  readonly disks: Disks;
  /** Absolute path of the quorum folder, when the quorum is one. */
  readonly quorum?: string;
  /** Path of the socket of the node's API, for scripts. */
  readonly socket: string;
  /** The environment that programs of resources start from: PATH and the like. */
  readonly environment: Readonly<Record<string, string>>;
  /** Starts a program in a container of this resource. @throws INVALID_STATE when the resource is being terminated */
  start(program: StartSpec): Promise<Application>;
  /** The container started last, while it runs. */
  application(): Application | undefined;
  /** The running container of another resource on this node, by name. */
  applicationOf(resource: string): Application | undefined;
}

/** A program that a type starts; `folder` is its working folder. */
export interface StartSpec {
  /** Program and arguments; empty: a container that only serves `call`. */
  readonly program: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string;
  /** It lives among the machine's processes and mounts, not in a PID namespace. Only for types that do not die with their host. */
  readonly machine?: true;
  /** Its end is a failure of the resource, noticed at once. */
  readonly watched: boolean;
  /** A sentence for people about its end, when it is watched; undefined: how it ended. */
  readonly endedMeans?: string | ((end: ProcessEnd) => Promise<string | undefined>);
}
