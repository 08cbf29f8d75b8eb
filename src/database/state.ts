/**
 * The cluster database as plain objects, for decisions and for people. Reading never fails: an absent value or one of the
 * wrong type counts as its documented default, references to what does not exist are kept and marked by their absence.
 */
import { childOf, findKey, type Key, valueOf } from "../tree/key.ts";
import { multiSzOf, textOf } from "../tree/value.ts";
import { type CheckpointState, readCheckpointState } from "./checkpoint-state.ts";
import { fenceRecordPath, type NodeFencing, readFencing } from "./fencing.ts";
import { deriveGroupState } from "./group-state.ts";
import { ids, optionalNumber, optionalText, reader } from "./read-values.ts";
import { rememberedOf, rememberedWith } from "./remembered.ts";
import {
  anyNode,
  foldId,
  groupValue,
  minusOne,
  type MoveReason,
  nodeState,
  nodeValue,
  resourceState,
  rootKey,
  runtimeGroupPath,
  runtimeNodePath,
  runtimeNodeValue,
  runtimeResourcePath,
  runtimeResourceValue,
} from "./schema.ts";
import { type StateMakers, StateReader } from "./state-steps.ts";

/** The whole cluster database as plain objects. */
export interface ClusterState {
  /** What this was read from; conditions of updates are made of its bytes. */
  readonly tree: Key;
  readonly cluster: { readonly name: string; readonly instance: string; readonly enforcedAntiAffinity: boolean };
  /** By node id, in the order of the numbers. */
  readonly nodes: ReadonlyMap<string, NodeState>;
  /** By folded id, in the order of names. */
  readonly groups: ReadonlyMap<string, GroupState>;
  readonly resources: ReadonlyMap<string, ResourceState>;
  /** By lower-case name. */
  readonly resourceTypes: ReadonlyMap<string, ResourceTypeState>;
}

/** A node: configured, and in its present life. */
export interface NodeState {
  readonly id: string;
  /** `Nodes\<id>` as stored; `runtimePath` is the volatile part. */
  readonly path: string;
  readonly runtimePath: string;
  readonly name: string;
  readonly description: string;
  /** A number of `nodeState`; unknown when nothing is recorded. */
  readonly state: number;
  readonly incarnation: string | undefined;
  readonly epoch: number | undefined;
  readonly endpoint: string | undefined;
  readonly paused: boolean;
  /** A number of `drainStatus`. */
  readonly drainStatus: number;
  readonly drainTarget: string | undefined;
  /** Why membership counts it as down. */
  readonly downBecause: string | undefined;
  /** A person or a fence device confirmed that the present incarnation is down. */
  readonly confirmedDown: boolean;
  readonly fencing: NodeFencing;
}

/** One failover after a resource failed. */
export interface Failover {
  /** Wall time in milliseconds. */
  readonly at: number;
  /** Where the resource failed; undefined in entries of others. */
  readonly node: string | undefined;
}

/** A group: configured, and who owns it now. */
export interface GroupState {
  readonly id: string;
  readonly path: string;
  readonly runtimePath: string;
  readonly name: string;
  readonly description: string;
  readonly groupType: number;
  /** PersistentState: whether it is to be online; never while it is held. */
  readonly wanted: boolean;
  /** Why it stays offline after a restore until a person releases it. */
  readonly held: string | undefined;
  /** Id of the node that a held group goes to, because it ran there last. */
  readonly heldOn: string | undefined;
  readonly failoverThreshold: number;
  /** Hours. */
  readonly failoverPeriod: number;
  readonly autoFailback: boolean;
  readonly failbackWindowStart: number;
  readonly failbackWindowEnd: number;
  readonly antiAffinityClassNames: readonly string[];
  readonly priority: number;
  /** Folded ids of resources that exist, in stored order. */
  readonly resources: readonly string[];
  readonly preferredOwners: readonly string[];
  readonly owner: string | undefined;
  readonly ownershipGeneration: number;
  /** The owner stopped everything under the present generation (or there never was one): it may be placed anew. */
  readonly released: boolean;
  /** Node id, `anyNode`, or undefined when no move is pending. */
  readonly moveTo: string | undefined;
  readonly moveReason: MoveReason;
  /** How many moves of it were begun. */
  readonly moves: number;
  /** The present owner gave up restarting. */
  readonly failoverRequested: boolean;
  /** Why it is left failed. */
  readonly failed: string | undefined;
  readonly failovers: readonly Failover[];
  readonly displacedFrom: string | undefined;
  /** A number of `groupState`, derived from the resources. */
  readonly state: number;
}

/** A resource: configured, and as its owner reported it last. */
export interface ResourceState extends CheckpointState {
  readonly id: string;
  readonly path: string;
  readonly runtimePath: string;
  readonly name: string;
  readonly description: string;
  readonly type: string;
  /** Folded id of the group that contains it. */
  readonly group: string | undefined;
  /** Folded ids. */
  readonly dependsOn: readonly string[];
  /** Node ids; undefined: every node. */
  readonly possibleOwners: readonly string[] | undefined;
  /** 0, 1 or 0xFFFFFFFF (as its group). */
  readonly persistentState: number;
  readonly separateMonitor: boolean;
  readonly looksAlivePollInterval: number;
  readonly isAlivePollInterval: number;
  readonly restartAction: number;
  readonly restartThreshold: number;
  readonly restartPeriod: number;
  readonly restartDelay: number;
  readonly retryPeriodOnFailure: number;
  readonly pendingTimeout: number;
  readonly deadlockTimeout: number;
  readonly diesWithHost: boolean;
  readonly parameters: Key | undefined;
  /** See `checkpointFailureAction`. */
  readonly checkpointFailureAction: number;
  /** What the owner reported last, a number of `resourceState`. */
  readonly state: number;
  readonly node: string | undefined;
  readonly reportedGeneration: number | undefined;
  readonly restarts: number;
  readonly reason: string;
  readonly request: "online" | "fail" | undefined;
}

/** A resource type that the cluster knows. */
export interface ResourceTypeState {
  readonly name: string;
  readonly path: string;
  readonly description: string;
  readonly looksAlivePollInterval: number;
  readonly isAlivePollInterval: number;
  readonly pendingTimeout: number;
  readonly deadlockTimeout: number;
  readonly diesWithHost: boolean;
  /** Of a third party's type: the absolute path of its code. "" for one of ours. */
  readonly module: string;
}

const nodeOf = rememberedWith<NodeState>();
const groupStateOf = rememberedWith<GroupState>();
const resourceOf = rememberedWith<ResourceState>();
const resourceTypeOf = rememberedOf(readResourceType);
const contentsOf = rememberedOf((group) => ids(group, "Contains"));

function typeNameOf(resource: Key): string {
  return reader(resource, "resource").text("Type").toLowerCase();
}

function sortNameOf(key: Key): string {
  return (textOf(valueOf(key, "Name")) ?? "").toLowerCase();
}

/** Makes the objects of a state. */
export const stateMakers: StateMakers = { readNode, readGroup, readResource, resourceTypeOf, contentsOf, sortNameOf };
const states = new StateReader(stateMakers);

/**
 * Reads the tree `HKLM\Cluster`. The same tree gives the same object; a tree that came of one that was read lately is read where it
 * differs, so that an update costs what it changes, however large the cluster is.
 */
export const readState: (tree: Key) => ClusterState = rememberedOf((tree) => states.read(tree));

function readNode(tree: Key, key: Key): NodeState {
  const runtimePath = runtimeNodePath(key.name);
  const runtime = findKey(tree, runtimePath);
  const fence = findKey(tree, fenceRecordPath(key.name));
  return nodeOf(key, [runtime, fence], () => makeNode(tree, key, runtimePath, runtime));
}

function makeNode(tree: Key, key: Key, runtimePath: string, runtime: Key | undefined): NodeState {
  const incarnation = optionalText(runtime, runtimeNodeValue.incarnation);
  const confirmed = runtime === undefined ? undefined : textOf(valueOf(runtime, runtimeNodeValue.confirmedDown));
  const state = optionalNumber(runtime, runtimeNodeValue.state) ?? nodeState.unknown;
  const target = optionalNumber(runtime, runtimeNodeValue.drainTarget) ?? minusOne;
  return {
    id: key.name,
    path: `${rootKey.nodes}\\${key.name}`,
    runtimePath,
    name: optionalText(key, "NodeName") ?? `node ${key.name}`,
    description: optionalText(key, "Description") ?? "",
    state,
    incarnation,
    epoch: optionalNumber(runtime, runtimeNodeValue.epoch),
    endpoint: optionalText(runtime, runtimeNodeValue.endpoint) ?? optionalText(key, nodeValue.endpoint),
    paused: state === nodeState.paused || optionalNumber(runtime, runtimeNodeValue.paused) === 1,
    drainStatus: optionalNumber(runtime, runtimeNodeValue.drainStatus) ?? 0,
    drainTarget: target === minusOne ? undefined : String(target),
    downBecause: optionalText(runtime, runtimeNodeValue.downBecause),
    confirmedDown: confirmed !== undefined && confirmed === (incarnation ?? ""),
    fencing: readFencing(tree, key, runtime, incarnation),
  };
}

function readGroup(tree: Key, key: Key, resources: Pick<ReadonlyMap<string, ResourceState>, "get">): GroupState {
  const id = foldId(key.name);
  const runtimePath = runtimeGroupPath(id);
  const runtime = findKey(tree, runtimePath);
  const contains = contentsOf(key).flatMap((resource) => {
    const found = resources.get(resource);
    return found?.group === id ? [found] : [];
  });
  return groupStateOf(key, [runtime, ...contains], () => makeGroup(key, runtimePath, runtime, contains));
}

function makeGroup(
  key: Key,
  runtimePath: string,
  runtime: Key | undefined,
  contains: readonly ResourceState[],
): GroupState {
  const id = foldId(key.name);
  const values = reader(key, "group");
  const generation = optionalNumber(runtime, "OwnershipGeneration");
  const isCurrent = (name: string): boolean => generation !== undefined && optionalNumber(runtime, name) === generation;
  const name = values.text("Name");
  const held = optionalText(key, groupValue.held);
  return {
    id,
    path: `${rootKey.groups}\\${key.name}`,
    runtimePath,
    name: name === "" ? id : name,
    description: values.text("Description"),
    groupType: values.number("GroupType"),
    wanted: values.number("PersistentState") !== 0 && held === undefined,
    held,
    heldOn: held === undefined ? undefined : optionalText(key, groupValue.heldOn),
    failoverThreshold: values.number("FailoverThreshold"),
    failoverPeriod: values.number("FailoverPeriod"),
    autoFailback: values.number("AutoFailbackType") === 1,
    failbackWindowStart: values.number("FailbackWindowStart"),
    failbackWindowEnd: values.number("FailbackWindowEnd"),
    antiAffinityClassNames: values.list("AntiAffinityClassNames"),
    priority: values.number("Priority"),
    resources: contains.map((resource) => resource.id),
    preferredOwners: values.list("PreferredOwners"),
    owner: optionalText(runtime, "Owner"),
    ownershipGeneration: generation ?? 0,
    released: isCurrent("Released"),
    moveTo: optionalText(runtime, "MoveTo"),
    moveReason: moveReason(optionalText(runtime, "MoveReason")),
    moves: optionalNumber(runtime, "Moves") ?? 0,
    failoverRequested: isCurrent("FailoverRequested"),
    failed: optionalText(runtime, "Failed"),
    failovers:
      (runtime === undefined ? undefined : multiSzOf(valueOf(runtime, "Failovers")))?.flatMap(readFailover) ?? [],
    displacedFrom: optionalText(runtime, "DisplacedFrom"),
    state: deriveGroupState(contains.map((resource) => resource.state)),
  };
}

function moveReason(text: string | undefined): MoveReason {
  return text === "failover" || text === "failback" || text === "drain" ? text : "move";
}

function readFailover(text: string): Failover[] {
  const [at, node] = text.split(" ");
  return /^\d{1,15}$/.test(at ?? "") ? [{ at: Number(at), node: node === anyNode ? undefined : node }] : [];
}

function readResource(
  tree: Key,
  key: Key,
  groupOf: Pick<ReadonlyMap<string, string>, "get">,
  types: ReadonlyMap<string, ResourceTypeState>,
): ResourceState {
  const id = foldId(key.name);
  const runtimePath = runtimeResourcePath(id);
  const runtime = findKey(tree, runtimePath);
  const type = types.get(typeNameOf(key));
  const group = groupOf.get(id);
  return resourceOf(key, [runtime, type, group], () => makeResource(key, { runtimePath, runtime, type, group }));
}

function makeResource(
  key: Key,
  around: Pick<ResourceState, "runtimePath" | "group"> & {
    readonly runtime: Key | undefined;
    readonly type: ResourceTypeState | undefined;
  },
): ResourceState {
  const { runtimePath, runtime, type, group } = around;
  const id = foldId(key.name);
  const values = reader(key, "resource");
  const ofType = (own: number, typeValue: number | undefined): number =>
    own === minusOne && typeValue !== undefined ? typeValue : own;
  const request = optionalText(runtime, runtimeResourceValue.request);
  const name = values.text("Name");
  return {
    id,
    path: `${rootKey.resources}\\${key.name}`,
    runtimePath,
    name: name === "" ? id : name,
    description: values.text("Description"),
    type: values.text("Type"),
    group,
    dependsOn: ids(key, "DependsOn"),
    possibleOwners: multiSzOf(valueOf(key, "PossibleOwners")),
    persistentState: values.number("PersistentState"),
    separateMonitor: values.number("SeparateMonitor") !== 0,
    looksAlivePollInterval: ofType(values.number("LooksAlivePollInterval"), type?.looksAlivePollInterval),
    isAlivePollInterval: ofType(values.number("IsAlivePollInterval"), type?.isAlivePollInterval),
    restartAction: values.number("RestartAction"),
    restartThreshold: values.number("RestartThreshold"),
    restartPeriod: values.number("RestartPeriod"),
    restartDelay: values.number("RestartDelay"),
    retryPeriodOnFailure: values.number("RetryPeriodOnFailure"),
    pendingTimeout: values.number("PendingTimeout"),
    deadlockTimeout: values.number("DeadlockTimeout"),
    diesWithHost: type?.diesWithHost ?? false,
    parameters: childOf(key, "Parameters"),
    ...readCheckpointState(key, runtime),
    checkpointFailureAction: values.number("CheckpointFailureAction"),
    state: optionalNumber(runtime, runtimeResourceValue.state) ?? resourceState.unknown,
    node: optionalText(runtime, runtimeResourceValue.node),
    reportedGeneration: optionalNumber(runtime, runtimeResourceValue.ownershipGeneration),
    restarts: optionalNumber(runtime, runtimeResourceValue.restarts) ?? 0,
    reason: optionalText(runtime, runtimeResourceValue.reason) ?? "",
    request: request === "online" || request === "fail" ? request : undefined,
  };
}

function readResourceType(key: Key): ResourceTypeState {
  const values = reader(key, "resourceType");
  return {
    name: key.name,
    path: `${rootKey.resourceTypes}\\${key.name}`,
    description: values.text("Description"),
    looksAlivePollInterval: values.number("LooksAlivePollInterval"),
    isAlivePollInterval: values.number("IsAlivePollInterval"),
    pendingTimeout: values.number("PendingTimeout"),
    deadlockTimeout: values.number("DeadlockTimeout"),
    diesWithHost: values.number("DiesWithHost") === 1,
    module: values.text("DllName"),
  };
}
