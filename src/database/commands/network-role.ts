/** Who may use a network: nodes among themselves, and addresses of groups. */
import { fail } from "../../base/errors.ts";
import { subnetOf } from "../../base/subnet.ts";
import { findKey, findValue, type Key } from "../../tree/key.ts";
import { foldName } from "../../tree/path.ts";
import { textOf } from "../../tree/value.ts";
import { type Change, ChangeBuilder } from "../change.ts";
import { type ClusterNetwork, networkRole, readNetworks } from "../networks.ts";
import { commonProperties } from "../property-tables.ts";
import { foldId, resourceKey, rootKey } from "../schema.ts";
import { readState, type ResourceState } from "../state.ts";
import { numberAfter, type PropertyInputs, setProperties } from "./properties.ts";

const unchanged = "Nothing was changed.";

const addressTypes: ReadonlySet<string> = new Set(["ip address", "ipv6 address"]);

/** By id or name. 5045 CLUSTER_NETWORK_NOT_FOUND. */
export function findNetwork(tree: Key, wanted: string): ClusterNetwork {
  const found = readNetworks(tree).networks.find(
    ({ id, name }) => foldId(id) === foldId(wanted) || foldName(name) === foldName(wanted),
  );
  if (found !== undefined) return found;
  throw fail("CLUSTER_NETWORK_NOT_FOUND", {
    happened: `There is no network "${wanted}".`,
    unchanged,
    next: "`clubar network list` shows which there are.",
  });
}

/**
 * Common properties of a network. 5066 CLUSTER_LAST_INTERNAL_NETWORK when two nodes that meet on it would meet nowhere any more; 5067
 * CLUSTER_NETWORK_HAS_DEPENDENTS when addresses of groups lie on a network that clients are not to use any more.
 */
export function setNetworkProperties(
  tree: Key,
  request: { readonly network: string; readonly properties: PropertyInputs },
): Change {
  const network = findNetwork(tree, request.network);
  const path = `${rootKey.networks}\\${network.id}`;
  const change = new ChangeBuilder(tree).exists(path);
  // Two changes at once must not each take one of the last two away.
  for (const { id } of readNetworks(tree).networks) change.unchanged(`${rootKey.networks}\\${id}`, "Role");
  setProperties(change, path, commonProperties.network, request.properties, true);
  const role = numberAfter(request.properties, commonProperties.network, "Role", network.role);
  if ((role & networkRole.cluster) === 0) refuseLast(tree, network);
  if ((role & networkRole.client) === 0) refuseNeeded(tree, network);
  const names = Object.keys(request.properties).join(", ");
  return change.build(`Properties of network ${network.name} are set: ${names}.`);
}

function refuseLast(tree: Key, { id, name }: ClusterNetwork): void {
  const { networks, interfaces } = readNetworks(tree);
  const usable = new Set(networks.filter((one) => (one.role & networkRole.cluster) !== 0).map((one) => one.id));
  const on = (node: string, which: ReadonlySet<string>): ReadonlySet<string> =>
    new Set(interfaces.filter((one) => one.node === node && which.has(one.network)).map((one) => one.network));
  if (!usable.has(id)) return;
  const rest = new Set([...usable].filter((one) => one !== id));
  const nodes = [...new Set(interfaces.filter((one) => one.network === id).map((one) => one.node))];
  const nameOf = (node: string): string => readState(tree).nodes.get(node)?.name ?? `node ${node}`;
  for (const [at, one] of nodes.entries()) {
    const left = on(one, rest);
    // A node alone needs one for those that join.
    const others = nodes.length === 1 ? nodes : nodes.slice(at + 1);
    const lost = others.find((other) => ![...on(other, rest)].some((network) => left.has(network)));
    if (lost === undefined) continue;
    const whom = lost === one ? `Node ${nameOf(one)} has` : `Nodes ${nameOf(one)} and ${nameOf(lost)} have`;
    throw fail("CLUSTER_LAST_INTERNAL_NETWORK", {
      happened: `${whom} no other network for the cluster than ${name}.`,
      unchanged,
      next: "Give them addresses on another network (--listen), or set another network's Role to 1 or 3 first.",
    });
  }
}

function refuseNeeded(tree: Key, network: ClusterNetwork): void {
  const there = [...readState(tree).resources.values()].filter(
    (one) => isAddress(one.type) && lies(network, storedAddress(tree, one)),
  );
  if (there.length === 0) return;
  throw fail("CLUSTER_NETWORK_HAS_DEPENDENTS", {
    happened:
      `${there.map(({ name }) => `"${name}"`).join(", ")} has its address on network ${network.name}, ` +
      "which clients are to use no more.",
    unchanged,
    next: "Give such a resource an address on another network, or delete it, first.",
  });
}

/** 5067 for the address of a group on a network that is not for clients. `parameters`: what is set; the rest is as `resource` has it. */
export function refuseClientAddress(
  tree: Key,
  type: string,
  parameters: PropertyInputs,
  resource: ResourceState | undefined,
): void {
  if (!isAddress(type)) return;
  const given = Object.entries(parameters).find(([name]) => foldName(name) === foldName("Address"))?.[1];
  const address = typeof given === "string" ? given : resource === undefined ? "" : storedAddress(tree, resource);
  const network = readNetworks(tree).networks.find((one) => lies(one, address));
  if (network === undefined || (network.role & networkRole.client) !== 0) return;
  throw fail("CLUSTER_NETWORK_HAS_DEPENDENTS", {
    happened: `${address} is on network ${network.name}, which is not for clients (role ${network.role}).`,
    unchanged,
    next: `Use an address of another network, or allow it: clubar network set "${network.name}" Role=${network.role | networkRole.client}.`,
  });
}

function isAddress(type: string): boolean {
  return addressTypes.has(type.toLowerCase());
}

function storedAddress(tree: Key, { path }: ResourceState): string {
  if (findKey(tree, path) === undefined) return "";
  return textOf(findValue(tree, `${path}\\${resourceKey.parameters}`, "Address")) ?? "";
}

function lies({ address, mask }: ClusterNetwork, client: string): boolean {
  return client !== "" && subnetOf(client, mask) === address;
}
