/**
 * What both address types share. The address lies on a device (TUN) that the kernel takes away, with the address, while it ends the
 * process that holds it; that process dies with the host.
 */
import { sha256 } from "../../base/digest.ts";
import { fail } from "../../base/errors.ts";
import type { ProcessEnd } from "../../base/outside.ts";
import type { Application } from "../application.ts";
import type { ParameterRow } from "../parameters.ts";
import { readText } from "../process-table.ts";
import type { ResourceContext } from "../resource-type.ts";
import { endAndLog, logEnd } from "./exit-reason.ts";
import { answerOf, ask, noAnswer } from "./program.ts";

/** How often an address is announced, a second apart. */
const announcements = 3;

/** Parameters of both. */
export const announcedRows: readonly ParameterRow[] = [
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
];

/** At most 15 bytes, the same for a resource always. */
export function deviceOf({ resource }: ResourceContext): string {
  return `clip${sha256(new TextEncoder().encode(resource.id)).slice(0, 9)}`;
}

/** A running program of one resource. */
export interface Held {
  readonly context: ResourceContext;
  readonly application: Application;
  readonly signal: AbortSignal;
}

/** Starts what holds the device. @throws INVALID_PARAMETER where there are none */
export async function hold(context: ResourceContext, program: readonly string[], signal: AbortSignal): Promise<Held> {
  if ((await context.outside.files.stat("/dev/net/tun")) === undefined) {
    throw wrong(context, "this machine has no /dev/net/tun", "modprobe tun; in a container, let it have the device.");
  }
  const { environment, folder } = context;
  const from = await logEnd(context);
  const endedMeans = (end: ProcessEnd): Promise<string> =>
    endAndLog(context, { program: `What holds ${deviceOf(context)}`, end, from });
  const application = await context.start({ program, environment, folder, watched: true, endedMeans });
  return { context, application, signal };
}

/** Puts the address on the device, as soon as that is there, and tells everybody. */
export async function addAndAnnounce(
  held: Held,
  {
    words,
    announce,
    name,
    address,
  }: {
    /** After `ip`, before `dev`. */
    readonly words: readonly string[];
    /** Perl. */
    readonly announce: string;
    readonly name: string;
    readonly address: string;
  },
): Promise<void> {
  const { context, application, signal } = held;
  const device = deviceOf(context);
  while (!new RegExp(`^ *${device}:`, "m").test(await readText(context.outside.files, "/proc/self/net/dev"))) {
    if (signal.aborted) return;
    await context.outside.timers.sleep(5, signal);
  }
  await must(held, ["ip", "link", "set", device, "addrgenmode", "none"]);
  await must(held, ["ip", ...words, "dev", device]);
  await must(held, ["ip", "link", "set", device, "up"]);
  await must(held, ["perl", "-e", announce, name, address, "1"]);
  void application.call(["perl", "-e", announce, name, address, String(announcements - 1)]);
  context.log.info("address added", { resource: context.resource.name, address, interface: name });
}

/** Asks the network. @throws RESOURCE_FAILED naming who has it */
export async function mustBeFree(held: Held, probe: string, name: string, address: string): Promise<void> {
  const { context, application, signal } = held;
  const limit = context.resource.parameters.number("ProbeTimeout");
  if (limit === 0) return;
  const from = await logEnd(context);
  const { code, text } = await ask(context, application, ["perl", "-e", probe, name, address, String(limit)], signal);
  if (code === 0) return;
  // Perl's own failures can end with 1, too.
  if (code !== 1 || text.trim() === "")
    throw await noAnswer(context, { what: `asking ${name} for ${address}`, code, from, signal });
  throw fail("RESOURCE_FAILED", {
    happened: `${context.resource.name}: ${address} is in use on the network, by ${text.trim()}.`,
    unchanged: "It was not added here.",
    next: "Find that machine (ip neigh), or choose another address.",
  });
}

/** What the kernel tells of addresses without a process: a file, and how one on a device is found in it. */
export interface AddressTable {
  readonly path: string;
  readonly has: (text: string, address: string, device: string) => boolean;
}

/** The process runs, its device is there, and the address is one of this machine's: no process is started for that. */
export async function looksThere(context: ResourceContext, table: AddressTable, address: string): Promise<boolean> {
  const { files } = context.outside;
  const device = deviceOf(context);
  if (context.application() === undefined) return false;
  if (!(await readText(files, "/proc/self/net/dev")).includes(`${device}:`)) return false;
  return table.has(await readText(files, table.path), address, device);
}

/** The address is on the device, and the interface has its link. `family`: "-4" or "-6"; `address` with its prefix. */
export async function isThere(
  context: ResourceContext,
  family: string,
  address: string,
  name: string | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  const shown = ["ip", "-o", family, "address", "show", "dev", deviceOf(context), "to", address];
  if ((await answerOf(context, context.application(), shown, signal)) === "") return false;
  const link = ["ip", "-o", "link", "show", "dev", name ?? "", "up"];
  return / state UP |LOWER_UP/.test(await answerOf(context, context.application(), link, signal));
}

async function must({ context, application, signal }: Held, words: readonly string[]): Promise<void> {
  const from = await logEnd(context);
  const code = await application.call(words, signal);
  if (code !== 0) throw await noAnswer(context, { what: `${words.slice(0, 3).join(" ")} …`, code, from, signal });
}

/** INVALID_PARAMETER. */
export function wrong({ resource }: ResourceContext, what: string, next: string): Error {
  return fail("INVALID_PARAMETER", {
    happened: `${resource.name}: ${what}.`,
    unchanged: "No address was added.",
    next,
  });
}
