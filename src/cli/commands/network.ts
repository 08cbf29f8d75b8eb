import { apiPath } from "../../api/client.ts";
import type { NetworkView } from "../../api/network-view.ts";
import type { Done } from "../cli.ts";
import { facts, table } from "../render/table.ts";
import { assignments, type Define, notes, unsetOption, verb, withUnset } from "../verbs.ts";

const roleWords: Readonly<Record<string, string>> = {
  none: "not used",
  cluster: "cluster only",
  client: "clients only",
  clusterAndClient: "cluster and clients",
};

/** `clubar network …`. */
export const defineNetwork: Define = (noun, cli) => {
  const list = verb(noun, "list", "List the networks on which nodes meet").action(async () => {
    const networks = await cli.client().get<NetworkView[]>("/networks");
    cli.show(networks, () => networkTable(networks));
  });
  notes(
    list,
    `A network is a subnet of the addresses that nodes are reached at (--listen); it is made when the first node on it joins.
A node is lost only when it is reached on none of its networks.`,
  );
  verb(noun, "show <network>", "Show a network and the nodes' interfaces on it").action(async (name: string) => {
    const network = await cli.client().get<NetworkView>(apiPath("networks", name));
    cli.show(network, () => detail(network));
  });
  const set = verb(noun, "set <network> [property=value...]", "Set common properties of a network")
    .addOption(unsetOption())
    .action(async (network: string, words: string[], options: { readonly unset?: string[] }) => {
      const properties = withUnset(assignments(words), options.unset);
      cli.done(await cli.client().patch<Done>(apiPath("networks", network), { properties }));
    });
  notes(
    set,
    `Role=0: nobody uses it; Role=1: nodes among themselves; Role=2: clients; Role=3: both.
Refused when two nodes would meet on no network any more, and when addresses of groups lie on a network that clients are to use no more.`,
  );
};

/** One row a network; what is not up is said by node. */
export function networkTable(networks: readonly NetworkView[]): string {
  const rows = networks.map(({ name, state, role, address, mask, interfaces }) => [
    name,
    state,
    roleWords[role] ?? role,
    `${address}/${mask}`,
    interfaces.map((one) => (one.state === "up" ? one.node : `${one.node} (${one.state})`)).join(", "),
  ]);
  return table(
    ["Network", "State", "Role", "Subnet", "Nodes"],
    rows,
    "No networks: nodes meet on sockets of a machine.",
  );
}

function detail({ id, name, description, state, role, address, mask, interfaces }: NetworkView): string {
  const what = facts([
    ["Network", name],
    ["Id", id],
    ["Description", description],
    ["State", state],
    ["Role", roleWords[role] ?? role],
    ["Address", address],
    ["Mask", mask],
  ]);
  const rows = interfaces.map((one) => [one.name, one.node, one.adapter, one.address, one.state]);
  return `${what}\n${table(["Interface", "Node", "Adapter", "Address", "State"], rows, "No interfaces.")}`;
}
