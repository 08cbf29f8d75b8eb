/** Networks as the API answers them: names instead of ids, words instead of numbers. */
import { type ClusterInterface, type ClusterNetwork, readNetworks } from "../database/networks.ts";
import { networkInterfaceState, networkState } from "../database/schema.ts";
import type { ClusterState } from "../database/state.ts";

/** A node's interface on a network. */
export interface NetworkInterfaceView {
  readonly id: string;
  readonly name: string;
  /** Name of the node. */
  readonly node: string;
  readonly adapter: string;
  readonly address: string;
  /** up, unreachable, failed, unavailable. */
  readonly state: string;
}

/** A network of the cluster. */
export interface NetworkView {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** up, partitioned, down, unavailable. */
  readonly state: string;
  /** none, cluster, client, clusterAndClient. */
  readonly role: string;
  readonly address: string;
  readonly mask: string;
  readonly interfaces: readonly NetworkInterfaceView[];
}

const roles = ["none", "cluster", "client", "clusterAndClient"];
const [networkStates, interfaceStates] = [networkState, networkInterfaceState].map(
  (states) => new Map<number, string>(Object.entries(states).map(([name, number]) => [number, name])),
);

/** All networks, in the order of their names. */
export function networkViews(state: ClusterState): readonly NetworkView[] {
  const { networks, interfaces } = readNetworks(state.tree);
  return networks.map((network) => networkView(state, network, interfaces));
}

function networkView(state: ClusterState, network: ClusterNetwork, all: readonly ClusterInterface[]): NetworkView {
  const { id, name, description, address, mask, role } = network;
  return {
    id,
    name,
    description,
    state: networkStates?.get(network.state) ?? String(network.state),
    role: roles[role] ?? String(role),
    address,
    mask,
    interfaces: all
      .filter((one) => one.network === id)
      .map((one) => ({
        id: one.id,
        name: one.name,
        node: state.nodes.get(one.node)?.name ?? `node ${one.node}`,
        adapter: one.adapter,
        address: one.address,
        state: interfaceStates?.get(one.state) ?? String(one.state),
      })),
  };
}
