/** Which of this machine's interfaces a node answers on. */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { subnetOf } from "../base/subnet.ts";
import { parseHostPort } from "../base/tls-address.ts";
import type { OwnInterface } from "../database/commands/network.ts";

/** One for each place (`HOST:PORT`) whose address lies in a subnet of this machine; a name is looked up. Never rejects. */
export async function ownInterfaces(listen: readonly string[]): Promise<readonly OwnInterface[]> {
  const found: OwnInterface[] = [];
  for (const place of listen) {
    const { host } = parseHostPort(place);
    const address =
      isIP(host) === 0
        ? await lookup(host).then(
            (one) => one.address,
            () => undefined,
          )
        : host;
    const interfaceOf = address === undefined ? undefined : interfaceIn(address);
    if (interfaceOf !== undefined) found.push({ address: host, ...interfaceOf });
  }
  return found;
}

/** The device that has the address, else one in whose subnet it lies (on loopback a whole subnet can be used). */
function interfaceIn(address: string): Omit<OwnInterface, "address"> | undefined {
  const all = Object.entries(networkInterfaces()).flatMap(([adapter, infos = []]) =>
    infos.map((info) => ({ adapter, own: info.address, mask: info.netmask })),
  );
  const near = all.flatMap(({ adapter, own, mask }) => {
    const subnet = subnetOf(address, mask);
    return subnet !== undefined && subnet === subnetOf(own, mask) ? [{ adapter, own, subnet, mask }] : [];
  });
  const best = near.find(({ own }) => own === address) ?? near[0];
  return best === undefined ? undefined : { adapter: best.adapter, subnet: best.subnet, mask: best.mask };
}
