/** The way to other machines for tools that run beside a node, without its service. */
import type { Outside } from "../base/outside.ts";
import { bothNets, type TlsCaller, tlsCaller } from "../base/outside-node-tls.ts";
import { OutsideError } from "../base/outside.ts";
import { materialOf, readTrust } from "./trust-file.ts";

/** As `outside`, and reaches nodes on other machines with the certificate in this data folder. EACCES when there is none. */
export function trustedOutside(outside: Outside, data: string): Outside {
  let opened: Promise<TlsCaller> | undefined;
  const open = async (): Promise<TlsCaller> => {
    const file = await readTrust(outside.files, data);
    if (file === undefined) throw new OutsideError("EACCES", `${data} has no certificate`);
    return tlsCaller(() => Promise.resolve(materialOf(file)));
  };
  const remote = { connect: async (address: string) => (await (opened ??= open())).connect(address) };
  return { ...outside, net: bothNets(outside.net, remote) };
}
