import { sha256 } from "../../base/digest.ts";
import { fail } from "../../base/errors.ts";
import type { Application } from "../application.ts";
import type { ParameterRow } from "../parameters.ts";
import { readText } from "../process-table.ts";
import { defaultTimes, type ResourceContext, type ResourceType } from "../resource-type.ts";
import { announceAddress, holdDevice, probeAddress } from "./ip-address-perl.ts";
import { ask } from "./program.ts";

/** What WSFC documents and nothing here reads. */
const unused: readonly Pick<ParameterRow, "name" | "kind">[] = [
  { name: "Network", kind: "text" },
  { name: "EnableNetBIOS", kind: "number" },
  { name: "EnableDhcp", kind: "flag" },
];

/** How often the address is announced, a second apart. */
const announcements = 3;

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
    { name: "Address", kind: "text", required: true, meaning: "The IPv4 address." },
    {
      name: "SubnetMask",
      kind: "text",
      required: false,
      meaning: "The network's mask, 255.255.255.0 or 24; by default that of the interface.",
    },
    {
      name: "Interface",
      kind: "text",
      required: false,
      meaning: "The interface on which it is announced; by default the one whose network it is in.",
    },
    {
      name: "OverrideAddressMatch",
      kind: "flag",
      required: false,
      default: 0,
      meaning: "1: the address need not be in the network of Interface.",
    },
    {
      name: "ProbeTimeout",
      kind: "number",
      required: false,
      default: 300,
      meaning: "Milliseconds that others get to say that they have the address; 0: nobody is asked.",
    },
    ...unused.map(({ name, kind }) => ({
      name,
      kind,
      required: false,
      meaning: "Kept for WSFC's tools; no meaning here.",
    })),
  ],

  async online(context, signal) {
    const address = addressOf(context);
    const { files } = context.outside;
    if ((await files.stat("/dev/net/tun")) === undefined) {
      throw wrong(context, "this machine has no /dev/net/tun", "modprobe tun; in a container, let it have the device.");
    }
    const device = deviceOf(context);
    const held = await context.start({
      program: ["perl", "-e", holdDevice, device],
      environment: context.environment,
      folder: context.folder,
      watched: true,
    });
    const name = await interfaceFor(context, held, address, signal);
    interfaces.set(context.resource, name);
    await mustAnswerArp(context, name);
    await mustBeFree(context, held, name, address, signal);
    while (!new RegExp(`^ *${device}:`, "m").test(await readText(files, "/proc/self/net/dev"))) {
      if (signal.aborted) return;
      await context.outside.timers.sleep(5, signal);
    }
    await must(context, held, ["ip", "link", "set", device, "addrgenmode", "none"], signal);
    await must(context, held, ["ip", "address", "add", `${address}/32`, "dev", device], signal);
    await must(context, held, ["ip", "link", "set", device, "up"], signal);
    await must(context, held, ["perl", "-e", announceAddress, name, address, "1"], signal);
    void held.call(["perl", "-e", announceAddress, name, address, String(announcements - 1)]);
    context.log.info("address added", { resource: context.resource.name, address, interface: name });
  },

  offline: async (context) => context.application()?.kill(),
  terminate: async () => undefined,

  async looksAlive(context) {
    const devices = await readText(context.outside.files, "/proc/self/net/dev");
    return context.application() !== undefined && devices.includes(`${deviceOf(context)}:`);
  },

  async isAlive(context, signal) {
    const held = context.application();
    const shown = ["ip", "-o", "-4", "address", "show", "dev", deviceOf(context), "to", `${addressOf(context)}/32`];
    if ((await ask(context, held, shown, signal)).text === "") return false;
    const link = ["ip", "-o", "link", "show", "dev", interfaces.get(context.resource) ?? "", "up"];
    return / state UP |LOWER_UP/.test((await ask(context, held, link, signal)).text);
  },
};

/** On which interface an address is announced. */
const interfaces = new WeakMap<ResourceContext["resource"], string>();

/** At most 15 bytes, the same for a resource always. */
function deviceOf({ resource }: ResourceContext): string {
  return `clip${sha256(new TextEncoder().encode(resource.id)).slice(0, 9)}`;
}

function addressOf(context: ResourceContext): string {
  const address = context.resource.parameters.text("Address") ?? "";
  if (numberOf(address) !== undefined) return address;
  throw wrong(context, `Address is ${address}, which is no IPv4 address`, "Give four numbers, such as 10.0.0.5.");
}

/** "10.0.0.5" as a number. */
function numberOf(address: string): number | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(address)) return undefined;
  const parts = address.split(".").map(Number);
  return parts.every((part) => part < 256) ? parts.reduce((sum, part) => sum * 256 + part, 0) : undefined;
}

/** Bits of a mask, "255.255.255.0" or "24". */
function prefixOf(mask: string): number | undefined {
  if (/^([12]?\d|3[0-2])$/.test(mask)) return Number(mask);
  const bits = numberOf(mask)?.toString(2).padStart(32, "0");
  return bits !== undefined && /^1*0*$/.test(bits) ? bits.replaceAll("0", "").length : undefined;
}

function isInNetwork(address: string, other: string, prefix: number): boolean {
  const size = 2 ** (32 - prefix);
  return Math.floor((numberOf(address) ?? 0) / size) === Math.floor((numberOf(other) ?? 0) / size);
}

async function interfaceFor(
  context: ResourceContext,
  held: Application,
  address: string,
  signal: AbortSignal,
): Promise<string> {
  const { parameters } = context.resource;
  const { text } = await ask(context, held, ["ip", "-o", "-4", "address", "show"], signal);
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
  if (mask !== undefined && prefix === undefined)
    throw wrong(context, `SubnetMask is ${mask}`, "Give 255.255.255.0 or 24.");
  if (wanted !== undefined && parameters.flag("OverrideAddressMatch")) return wanted;
  const fits = known.find(
    (each) =>
      (wanted === undefined ? each.name !== "lo" : each.name === wanted) &&
      isInNetwork(address, each.own, each.prefix) &&
      (prefix === undefined || prefix === each.prefix),
  );
  if (fits !== undefined) return fits.name;
  const networks = known.map(({ name, own, prefix: bits }) => `${name} ${own}/${bits}`).join(", ");
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

async function mustBeFree(
  context: ResourceContext,
  held: Application,
  name: string,
  address: string,
  signal: AbortSignal,
): Promise<void> {
  const limit = context.resource.parameters.number("ProbeTimeout");
  if (limit === 0) return;
  const { code, text } = await ask(context, held, ["perl", "-e", probeAddress, name, address, String(limit)], signal);
  if (code === 0) return;
  if (code !== 1)
    throw wrong(context, `${name} can't be asked for ${address}`, `Look into ${context.folder}/output.log.`);
  throw fail("RESOURCE_FAILED", {
    happened: `${context.resource.name}: ${address} is in use on the network, by ${text.trim()}.`,
    unchanged: "It was not added here.",
    next: "Find that machine (ip neigh), or choose another address.",
  });
}

async function must(
  context: ResourceContext,
  held: Application,
  words: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const code = await held.call(words, signal);
  if (code === 0) return;
  const ended = code === undefined ? "did not end" : `ended with code ${code}`;
  throw fail("RESOURCE_FAILED", {
    happened: `${context.resource.name}: ${words.slice(0, 3).join(" ")} … ${ended}.`,
    next: `Its output is in ${context.folder}/output.log.`,
  });
}

function wrong({ resource }: ResourceContext, what: string, next: string): Error {
  return fail("INVALID_PARAMETER", {
    happened: `${resource.name}: ${what}.`,
    unchanged: "No address was added.",
    next,
  });
}
