import { textOf, type Value } from "../../tree/value.ts";
import type { Application } from "../application.ts";
import type { ParameterRow } from "../parameters.ts";
import { readText } from "../process-table.ts";
import { defaultTimes, type ResourceContext, type ResourceType } from "../resource-type.ts";
import {
  addAndAnnounce,
  type AddressTable,
  announcedRows,
  deviceOf,
  hold,
  isThere,
  looksThere,
  mustBeFree,
  wrong,
} from "./address-device.ts";
import { announceAddress, holdDevice, probeAddress } from "./ip-address-perl.ts";
import { ipv4Number } from "./ip-address-number.ts";
import { answerOf } from "./program.ts";

/** What WSFC documents and nothing here reads. */
const unused: readonly Pick<ParameterRow, "name" | "kind">[] = [
  { name: "Network", kind: "text" },
  { name: "EnableNetBIOS", kind: "number" },
  { name: "EnableDhcp", kind: "flag" },
];

/**
 * WSFC's "IP Address", of IPv4. The address lies on a device that the kernel takes away when the process that holds it ends, and that
 * process dies with the host; Linux answers for an address of the machine on every interface (arp_ignore 0). So no address outlives its
 * host.
 */
export const ipAddress: ResourceType = {
  name: "IP Address",
  diesWithHost: true,
  times: defaultTimes,
  parameters: [
    { name: "Address", kind: "text", required: true, meaning: "The IPv4 address.", refuses: refusesAddress },
    {
      name: "SubnetMask",
      kind: "text",
      required: false,
      meaning: "The network's mask, 255.255.255.0 or 24; by default that of the interface.",
      refuses: refusesMask,
    },
    ...announcedRows,
    ...unused.map(({ name, kind }) => ({
      name,
      kind,
      required: false,
      meaning: "Kept for WSFC's tools; no meaning here.",
    })),
  ],

  async online(context, signal) {
    const address = addressOf(context);
    const held = await hold(context, ["perl", "-e", holdDevice, deviceOf(context)], signal);
    const name = await interfaceFor(context, held.application, address, signal);
    interfaces.set(context.resource, name);
    await mustAnswerArp(context, name);
    await mustBeFree(held, probeAddress, name, address);
    const words = ["address", "add", `${address}/32`];
    await addAndAnnounce(held, { words, announce: announceAddress, name, address });
  },

  offline: async (context) => context.application()?.kill(),
  terminate: async () => undefined,
  looksAlive: (context) => looksThere(context, localAddresses, addressOf(context)),
  isAlive: (context, signal) =>
    isThere(context, "-4", `${addressOf(context)}/32`, interfaces.get(context.resource), signal),
};

/** All routes: an address of this machine has one of its own, with scope host; the file does not say of which interface. */
export const localAddresses: AddressTable = {
  path: "/proc/self/net/fib_trie",
  has: (text, address) =>
    new RegExp(`-- ${address.replaceAll(".", "\\.")}\\n(?: +/\\d+ [^\\n]*\\n)*? +/32 host LOCAL`).test(text),
};

/** On which interface an address is announced. */
const interfaces = new WeakMap<ResourceContext["resource"], string>();

function addressOf({ resource }: ResourceContext): string {
  return resource.parameters.text("Address") ?? "";
}

function refusesAddress(value: Value): string | undefined {
  const address = textOf(value) ?? "";
  if (ipv4Number(address) !== undefined) return undefined;
  return `Address is ${address}, which is no IPv4 address: give four numbers up to 255, such as 10.0.0.5.`;
}

function refusesMask(value: Value): string | undefined {
  const mask = textOf(value) ?? "";
  return prefixOf(mask) === undefined ? `SubnetMask is ${mask}; give 255.255.255.0 or 24.` : undefined;
}

/** Bits of a mask, "255.255.255.0" or "24". */
function prefixOf(mask: string): number | undefined {
  if (/^([12]?\d|3[0-2])$/.test(mask)) return Number(mask);
  const bits = ipv4Number(mask)?.toString(2).padStart(32, "0");
  return bits !== undefined && /^1*0*$/.test(bits) ? bits.replaceAll("0", "").length : undefined;
}

function isInNetwork(address: string, other: string, prefix: number): boolean {
  const size = 2 ** (32 - prefix);
  return Math.floor((ipv4Number(address) ?? 0) / size) === Math.floor((ipv4Number(other) ?? 0) / size);
}

async function interfaceFor(
  context: ResourceContext,
  held: Application,
  address: string,
  signal: AbortSignal,
): Promise<string> {
  const { parameters } = context.resource;
  const text = await answerOf(context, held, ["ip", "-o", "-4", "address", "show"], signal);
  const known = [...text.matchAll(/^\d+: +(\S+) +inet ([\d.]+)\/(\d+) /gm)].map(
    ([, name = "", own = "", prefix = ""]) => ({ name, own, prefix: Number(prefix) }),
  );
  const taken = known.find(({ own }) => own === address);
  if (taken !== undefined) {
    throw wrong(
      context,
      `this machine has ${address} already, on ${taken.name}`,
      `ip address del it, or choose another.`,
    );
  }
  const wanted = parameters.text("Interface");
  const mask = parameters.text("SubnetMask");
  const prefix = mask === undefined ? undefined : prefixOf(mask);
  if (wanted !== undefined && parameters.flag("OverrideAddressMatch")) return wanted;
  const fits = known.find(
    (each) =>
      (wanted === undefined ? each.name !== "lo" : each.name === wanted) &&
      isInNetwork(address, each.own, each.prefix) &&
      (prefix === undefined || prefix === each.prefix),
  );
  if (fits !== undefined) return fits.name;
  const networks = known.map(({ name, own, prefix: bits }) => `${name} ${own}/${bits}`).join(", ") || "none";
  throw wrong(
    context,
    `no ${wanted === undefined ? "interface" : "such interface"} of this machine is in the network of ${address}; there are: ${networks}`,
    "Correct Address or SubnetMask, or set Interface and OverrideAddressMatch=1.",
  );
}

/** The kernel must answer for an address that lies on another interface than the one that is asked. */
async function mustAnswerArp(context: ResourceContext, name: string): Promise<void> {
  for (const where of ["all", name]) {
    const path = `/proc/sys/net/ipv4/conf/${where}/arp_ignore`;
    const level = (await readText(context.outside.files, path)).trim();
    if (level !== "0" && level !== "") {
      throw wrong(
        context,
        `this machine does not answer ARP for addresses of other interfaces (${path} is ${level})`,
        `Set it to 0, or use an OCF Agent resource with ocf:heartbeat:IPaddr2.`,
      );
    }
  }
}
