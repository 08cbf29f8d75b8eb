import { dwordOf, textOf, type Value } from "../../tree/value.ts";
import type { Application } from "../application.ts";
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
import { ipv6Number } from "./ip-address-number.ts";
import { announceNeighbour, holdAndAnswer, probeNeighbour } from "./ipv6-address-perl.ts";
import { answerOf } from "./program.ts";

/**
 * WSFC's "IPv6 Address". As *IP Address* it lies on a device that ends with its holder. Linux answers neighbours for addresses of the
 * interface that is asked only, so the holder itself answers for it on the interface, and is silent when it has ended.
 */
export const ipv6Address: ResourceType = {
  name: "IPv6 Address",
  diesWithHost: true,
  times: defaultTimes,
  parameters: [
    { name: "Address", kind: "text", required: true, meaning: "The IPv6 address.", refuses: refusesAddress },
    {
      name: "PrefixLength",
      kind: "number",
      required: false,
      meaning: "Of its network; by default that of the interface.",
      refuses: refusesPrefix,
    },
    ...announcedRows,
    { name: "Network", kind: "text", required: false, meaning: "Kept for WSFC's tools; no meaning here." },
  ],

  async online(context, signal) {
    const address = addressOf(context);
    await mustHaveIpv6(context);
    const name = await interfaceFor(context, address, signal);
    interfaces.set(context.resource, name);
    const held = await hold(context, ["perl", "-e", holdAndAnswer, name, address, "0", deviceOf(context)], signal);
    await mustBeFree(held, probeNeighbour, name, address);
    const words = ["-6", "address", "add", `${address}/128`, "nodad"];
    await addAndAnnounce(held, { words, announce: announceNeighbour, name, address });
  },

  offline: async (context) => context.application()?.kill(),
  terminate: async () => undefined,
  looksAlive: (context) => looksThere(context, interfaceAddresses, addressOf(context)),
  isAlive: (context, signal) =>
    isThere(context, "-6", `${addressOf(context)}/128`, interfaces.get(context.resource), signal),
};

/** A line an address: 32 hexadecimal digits, the interface's number, length, scope and flags, its name. */
export const interfaceAddresses: AddressTable = {
  path: "/proc/self/net/if_inet6",
  has(text, address, device) {
    const digits = (ipv6Number(address) ?? 0n).toString(16).padStart(32, "0");
    return new RegExp(`^${digits} .* ${device}$`, "m").test(text);
  },
};

/** On which interface an address is announced. */
const interfaces = new WeakMap<ResourceContext["resource"], string>();

function addressOf({ resource }: ResourceContext): string {
  return resource.parameters.text("Address") ?? "";
}

function refusesAddress(value: Value): string | undefined {
  const address = textOf(value) ?? "";
  const number = ipv6Number(address);
  if (number === undefined) return `Address is ${address}, which is no IPv6 address: give one such as 2001:db8::5.`;
  if (number >> 118n === 0x3fan || number >> 120n === 0xffn || number < 2n)
    return `Address, ${address}, belongs to one machine or link only: give a global or a unique local address.`;
  return undefined;
}

function refusesPrefix(value: Value): string | undefined {
  const prefix = dwordOf(value) ?? 0;
  return prefix > 128 ? `PrefixLength is ${prefix}; give up to 128.` : undefined;
}

function isInNetwork(address: string, other: string, prefix: number): boolean {
  const [one, two] = [address, other].map((each) => (ipv6Number(each) ?? 0n) >> BigInt(128 - prefix));
  return one === two;
}

async function mustHaveIpv6(context: ResourceContext): Promise<void> {
  const path = "/proc/sys/net/ipv6/conf/default/disable_ipv6";
  if ((await readText(context.outside.files, path)).trim() === "0") return;
  throw wrong(context, `this machine does without IPv6 (${path})`, "sysctl net.ipv6.conf.default.disable_ipv6=0");
}

/** A container only for asking: what holds the device has to know the interface. */
async function interfaceFor(context: ResourceContext, address: string, signal: AbortSignal): Promise<string> {
  const { environment, folder } = context;
  const asking = await context.start({ program: [], environment, folder, watched: false });
  try {
    return await chooseInterface(context, asking, address, signal);
  } finally {
    await asking.kill();
  }
}

async function chooseInterface(
  context: ResourceContext,
  asking: Application,
  address: string,
  signal: AbortSignal,
): Promise<string> {
  const { parameters } = context.resource;
  const text = await answerOf(context, asking, ["ip", "-o", "-6", "address", "show"], signal);
  const all = [...text.matchAll(/^\d+: +(\S+) +inet6 ([\da-f.:]+)\/(\d+) scope (\S+)/gm)].map(
    ([, name = "", own = "", prefix = "", scope = ""]) => ({ name, own, prefix: Number(prefix), scope }),
  );
  const taken = all.find(({ own }) => ipv6Number(own) === ipv6Number(address));
  if (taken !== undefined) {
    const next = "ip -6 address del it, or choose another.";
    throw wrong(context, `this machine has ${address} already, on ${taken.name}`, next);
  }
  const wanted = parameters.text("Interface");
  if (wanted !== undefined && parameters.flag("OverrideAddressMatch")) return wanted;
  const prefix = parameters.number("PrefixLength");
  const known = all.filter(({ scope }) => scope === "global");
  const fits = known.find(
    (each) =>
      (wanted === undefined || each.name === wanted) &&
      isInNetwork(address, each.own, each.prefix) &&
      (prefix === 0 || prefix === each.prefix),
  );
  if (fits !== undefined) return fits.name;
  const networks = known.map(({ name, own, prefix: bits }) => `${name} ${own}/${bits}`).join(", ") || "none";
  throw wrong(
    context,
    `no ${wanted === undefined ? "interface" : "such interface"} of this machine is in the network of ${address}; there are: ${networks}`,
    "Correct Address or PrefixLength, or set Interface and OverrideAddressMatch=1.",
  );
}
