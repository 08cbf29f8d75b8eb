/** Changes of networks: what a node says of its own interfaces, and of those that do not answer it. */
import { findKey, findValue, type Key } from "../../tree/key.ts";
import { dword, dwordOf, multiSz, multiSzOf, sz, textOf } from "../../tree/value.ts";
import { type Change, ChangeBuilder } from "../change.ts";
import { type ClusterNetwork, readNetworks } from "../networks.ts";
import { children } from "../read-values.ts";
import { foldId, rootKey, runtimeNodeValue } from "../schema.ts";
import { readState } from "../state.ts";

/** Value of `Networks`: the number of the newest network's name, so that two nodes never name two networks alike. */
const lastNumber = "LastNumber";

/** An address of a node as its machine has it. */
export interface OwnInterface {
  /** As others are told to call it. */
  readonly address: string;
  /** Name of the device. */
  readonly adapter: string;
  /** Address of its subnet, and the mask. */
  readonly subnet: string;
  readonly mask: string;
}

/**
 * The node has exactly these interfaces; networks that it is the first on are made, with the role that new ones have, and those that nobody
 * is on any more go. undefined when all is so already.
 */
export function describeInterfaces(
  tree: Key,
  node: string,
  found: readonly OwnInterface[],
  newGuid: () => string,
): Change | undefined {
  if (findKey(tree, `${rootKey.nodes}\\${node}`) === undefined) return undefined;
  const { networks, interfaces } = readNetworks(tree);
  const own = interfaces.filter((one) => one.node === node);
  const networkOf = ({ subnet, mask }: OwnInterface): ClusterNetwork | undefined =>
    networks.find((one) => one.address === subnet && one.mask === mask);
  const isKnown = (wanted: OwnInterface): boolean =>
    own.some(
      ({ address, adapter, network }) =>
        address === wanted.address && adapter === wanted.adapter && network === networkOf(wanted)?.id,
    );
  const kept = own.filter((one) =>
    found.some(
      (wanted) =>
        wanted.address === one.address && wanted.adapter === one.adapter && networkOf(wanted)?.id === one.network,
    ),
  );
  const used = new Set([...interfaces.filter((one) => one.node !== node), ...kept].map(({ id }) => id));
  const gone = [...children(tree, rootKey.networkInterfaces)].filter(({ name }) => !used.has(name));
  const added = found.filter((wanted) => !isKnown(wanted));
  const change = new ChangeBuilder(tree).exists(`${rootKey.nodes}\\${node}`).unchanged(rootKey.networks, lastNumber);
  const stay = new Set(interfaces.filter(({ id }) => used.has(id)).map(({ network }) => network));
  const names = new Set(interfaces.filter(({ id }) => used.has(id)).map(({ name }) => name));
  let number = dwordOf(findValue(tree, rootKey.networks, lastNumber)) ?? 0;
  const made = new Map<string, string>();
  for (const one of added) {
    const subnet = `${one.subnet}/${one.mask}`;
    let network = networkOf(one)?.id ?? made.get(subnet);
    if (network === undefined) {
      network = newGuid();
      made.set(subnet, network);
      number++;
      const path = `${rootKey.networks}\\${network}`;
      change.set(path, sz("Name", `Cluster Network ${number}`), sz("Description", ""));
      change.set(path, sz("Address", one.subnet), sz("AddressMask", one.mask), dword("Role", defaultRole(tree)));
      change.set(rootKey.networks, dword(lastNumber, number));
    }
    stay.add(network);
    const name = nameOf(`${readState(tree).nodes.get(node)?.name ?? node} - ${one.adapter}`, one.address, names);
    names.add(name);
    const path = `${rootKey.networkInterfaces}\\${newGuid()}`;
    change.set(path, sz("Name", name), sz("Node", node), sz("Network", network));
    change.set(path, sz("Adapter", one.adapter), sz("Address", one.address));
  }
  const unused = networks.filter(({ id }) => !stay.has(id));
  if (added.length === 0 && gone.length === 0 && unused.length === 0) return undefined;
  for (const { name } of gone) change.deleteKey(`${rootKey.networkInterfaces}\\${name}`);
  for (const { id } of unused) change.deleteKey(`${rootKey.networks}\\${id}`);
  return change.build(`Node ${node} is on ${found.map(({ address }) => address).join(", ") || "no network"}.`);
}

function defaultRole(tree: Key): number {
  return dwordOf(findValue(tree, "", "DefaultNetworkRole")) ?? 3;
}

function nameOf(name: string, address: string, taken: ReadonlySet<string>): string {
  return taken.has(name) ? `${name} (${address})` : name;
}

/** Takes the interfaces of an evicted node away, and the networks that nobody else is on. */
export function removeInterfaces(change: ChangeBuilder, tree: Key, node: string): void {
  const { networks, interfaces } = readNetworks(tree);
  const [gone, others] = [true, false].map((own) => interfaces.filter((one) => (one.node === node) === own));
  for (const { id } of gone ?? []) change.deleteKey(`${rootKey.networkInterfaces}\\${id}`);
  for (const { id } of networks) {
    const isLeft = gone?.some(({ network }) => network === id) === true;
    if (isLeft && others?.some(({ network }) => network === id) !== true)
      change.deleteKey(`${rootKey.networks}\\${id}`);
  }
}

/** What does not answer this life of a node; undefined when that is known already, or the database has another life of it. */
export function reportUnreachable(
  tree: Key,
  node: string,
  incarnation: string,
  unreachable: readonly string[],
): Change | undefined {
  const path = `${rootKey.runtime}\\Nodes\\${node}`;
  const known = multiSzOf(findValue(tree, path, runtimeNodeValue.unreachable)) ?? [];
  const now = unreachable.map(foldId).toSorted();
  if (known.join() === now.join() || textOf(findValue(tree, path, runtimeNodeValue.incarnation)) !== incarnation)
    return undefined;
  const names = readNetworks(tree).interfaces.filter(({ id }) => now.includes(foldId(id)));
  const change = new ChangeBuilder(tree).unchanged(path, runtimeNodeValue.incarnation);
  change.set(path, multiSz(runtimeNodeValue.unreachable, now));
  const said = names.map(({ name, address }) => `${name} (${address})`).join(", ");
  return change.build(`${said === "" ? "All interfaces answer" : `No answer comes from ${said} to`} node ${node}.`);
}
