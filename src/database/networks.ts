/**
 * Networks of the cluster and the nodes' interfaces on them, as the database has them (facts §1.2: `Networks`, `NetworkInterfaces`), and
 * their states out of what the nodes that are up report. Nothing is decided about nodes here: who is lost, permits say.
 */
import { childrenOf, findKey, type Key, valueOf } from "../tree/key.ts";
import { dwordOf, multiSzOf } from "../tree/value.ts";
import { children, optionalNumber, optionalText } from "./read-values.ts";
import { rememberedOf } from "./remembered.ts";
import { foldId, networkInterfaceState, networkState, nodeState, rootKey, runtimeNodeValue } from "./schema.ts";

/** A subnet on which nodes meet. */
export interface ClusterNetwork {
  /** GUID, as all ids here. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** 0 not for the cluster, 1 for the cluster, 2 for clients, 3 for both. */
  readonly role: number;
  /** `10.0.0.0`, `255.255.255.0`. */
  readonly address: string;
  readonly mask: string;
  /** One of `networkState`. */
  readonly state: number;
}

/** A node's address on a network. */
export interface ClusterInterface {
  readonly id: string;
  readonly name: string;
  /** Node id. */
  readonly node: string;
  /** Id of its network. */
  readonly network: string;
  /** Name of the device on its node. */
  readonly adapter: string;
  readonly address: string;
  /** One of `networkInterfaceState`. */
  readonly state: number;
}

/** All that is known of networks. */
export interface ClusterNetworks {
  readonly networks: readonly ClusterNetwork[];
  readonly interfaces: readonly ClusterInterface[];
}

/** In the order of the names; interfaces of nodes that are no members, or on no network, are left out. */
export function readNetworks(tree: Key): ClusterNetworks {
  const networks = [...children(tree, rootKey.networks)].map((key) => ({
    id: key.name,
    name: optionalText(key, "Name") ?? key.name,
    description: optionalText(key, "Description") ?? "",
    role: optionalNumber(key, "Role") ?? 3,
    address: optionalText(key, "Address") ?? "",
    mask: optionalText(key, "AddressMask") ?? "",
  }));
  const idOf = new Map(networks.map(({ id }) => [foldId(id), id]));
  const interfaces = [...children(tree, rootKey.networkInterfaces)].flatMap((key) => {
    const node = optionalText(key, "Node") ?? "";
    const network = idOf.get(foldId(optionalText(key, "Network") ?? ""));
    if (network === undefined || findKey(tree, `${rootKey.nodes}\\${node}`) === undefined) return [];
    const [name, adapter, address] = ["Name", "Adapter", "Address"].map((value) => optionalText(key, value) ?? "");
    return [{ id: key.name, name: name ?? "", node, network, adapter: adapter ?? "", address: address ?? "" }];
  });
  const states = decideNetworkStates(interfaces, readReports(tree));
  const byName = <T extends { readonly name: string }>(all: readonly T[]): T[] =>
    all.toSorted((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  return {
    networks: byName(networks).map((one) => ({
      ...one,
      state: states.networks.get(one.id) ?? networkState.unavailable,
    })),
    interfaces: byName(interfaces).map((one) => ({
      ...one,
      state: states.interfaces.get(one.id) ?? networkInterfaceState.unavailable,
    })),
  };
}

/** Bits of a network's role. */
export const networkRole = { cluster: 1, client: 2 } as const;

const notForCluster = rememberedOf(
  (networks: Key): ReadonlySet<string> =>
    new Set(
      [...childrenOf(networks)]
        .filter((key) => ((optionalNumber(key, "Role") ?? 3) & networkRole.cluster) === 0)
        .map(({ name }) => foldId(name)),
    ),
);

/** Addresses of nodes, as others are told to call them, on networks that are not for the cluster. */
export function addressesKeptOff(tree: Key): readonly string[] {
  const networks = findKey(tree, rootKey.networks);
  const off = networks === undefined ? undefined : notForCluster(networks);
  if (off === undefined || off.size === 0) return [];
  return [...children(tree, rootKey.networkInterfaces)]
    .filter((key) => off.has(foldId(optionalText(key, "Network") ?? "")))
    .map((key) => optionalText(key, "Address") ?? "")
    .toSorted();
}

/** What each node that is up says: ids of other nodes' interfaces that do not answer it. Nodes that are not up say nothing. */
export type NetworkReports = ReadonlyMap<string, ReadonlySet<string>>;

function readReports(tree: Key): NetworkReports {
  const reports = new Map<string, ReadonlySet<string>>();
  for (const { name } of children(tree, rootKey.nodes)) {
    const runtime = findKey(tree, `${rootKey.runtime}\\Nodes\\${name}`);
    const state = runtime === undefined ? undefined : dwordOf(valueOf(runtime, runtimeNodeValue.state));
    if (runtime === undefined || state === undefined || state === nodeState.down) continue;
    reports.set(name, new Set(multiSzOf(valueOf(runtime, runtimeNodeValue.unreachable)) ?? []));
  }
  return reports;
}

/** What an id has as its state. */
export interface NetworkStates {
  readonly networks: ReadonlyMap<string, number>;
  readonly interfaces: ReadonlyMap<string, number>;
}

/**
 * Pure. Two interfaces reach each other when neither node says of the other's that it does not answer. An interface whose node is not up is
 * unavailable; one that reaches none of the others has failed; one that misses one that has not failed is unreachable. A network is down
 * when all that are there have failed, partitioned when two don't reach each other. An interface without any other is taken for up.
 */
export function decideNetworkStates(
  interfaces: readonly Pick<ClusterInterface, "id" | "node" | "network">[],
  reports: NetworkReports,
): NetworkStates {
  const { unavailable, failed, unreachable, up } = networkInterfaceState;
  type One = (typeof interfaces)[number];
  const there = interfaces.filter(({ node }) => reports.has(node));
  const others = (one: One): One[] => there.filter(({ network, node }) => network === one.network && node !== one.node);
  const reaches = (a: One, b: One): boolean =>
    reports.get(a.node)?.has(b.id) !== true && reports.get(b.node)?.has(a.id) !== true;
  const hasFailed = (one: One): boolean => {
    const all = others(one);
    return all.length > 0 && !all.some((other) => reaches(one, other));
  };
  const isMissed = (one: One): boolean => others(one).some((other) => !hasFailed(other) && !reaches(one, other));
  const stateOf = (one: One): number => {
    if (!there.includes(one)) return unavailable;
    if (hasFailed(one)) return failed;
    return isMissed(one) ? unreachable : up;
  };
  const states = new Map(interfaces.map((one) => [one.id, stateOf(one)]));
  const networks = new Map<string, number>();
  for (const network of new Set(interfaces.map((one) => one.network))) {
    const here = interfaces.filter((one) => one.network === network).map(({ id }) => states.get(id));
    const present = here.filter((state) => state !== unavailable);
    const state =
      present.length === 0
        ? networkState.unavailable
        : present.every((one) => one === failed)
          ? networkState.down
          : present.every((one) => one === up)
            ? networkState.up
            : networkState.partitioned;
    networks.set(network, state);
  }
  return { networks, interfaces: states };
}
