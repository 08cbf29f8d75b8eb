import { writeFileDurably } from "../../base/durable.ts";
import { fail } from "../../base/errors.ts";
import type { ProcessEnd } from "../../base/outside.ts";
import { textOf } from "../../tree/value.ts";
import type { ParameterRow } from "../parameters.ts";
import { defaultTimes, type ResourceContext, type ResourceType } from "../resource-type.ts";
import { endAndLog, lastLines, logEnd, saying } from "./exit-reason.ts";
import { ipv4Number, ipv6Number } from "./ip-address-number.ts";

const unlimited = 0xffffffff;

const rows: readonly ParameterRow[] = [
  { name: "ShareName", kind: "text", required: true, meaning: "The share's name; one that ends with $ is not listed." },
  { name: "Path", kind: "text", required: true, meaning: "The folder, an absolute path." },
  { name: "Remark", kind: "text", required: false, meaning: "For people." },
  {
    name: "MaxUsers",
    kind: "number",
    required: false,
    default: unlimited,
    meaning: "Connections at a time; 4294967295: any number.",
  },
  {
    name: "ShareSubDirs",
    kind: "flag",
    required: false,
    default: 0,
    meaning: "1: each folder in it is a share too, under its own name, as it is when the resource comes online.",
  },
  { name: "HideSubDirShares", kind: "flag", required: false, default: 0, meaning: "1: those are not listed." },
  {
    name: "Address",
    kind: "text",
    required: false,
    meaning: "The address on which it is served, that of an IP Address resource it depends on; by default all.",
    refuses: (value) => refusesAddress(textOf(value) ?? ""),
  },
  { name: "Port", kind: "number", required: false, default: 445, meaning: "The TCP port." },
  { name: "ReadOnly", kind: "flag", required: false, default: 0, meaning: "1: nobody writes." },
  { name: "Guests", kind: "flag", required: false, default: 0, meaning: "1: without a password, as nobody." },
  { name: "Users", kind: "texts", required: false, meaning: "Who may use it (user, @group); by default every user." },
  { name: "Options", kind: "texts", required: false, meaning: "More lines of smb.conf(5) for the share." },
  { name: "Security Descriptor", kind: "bytes", required: false, meaning: "Kept for WSFC's tools; no meaning here." },
];

/**
 * WSFC's "File Share": a folder served over SMB by an smbd of its own, which lives in the resource's container and ends with the host. The
 * machine's own smbd, if one runs, must listen elsewhere. Passwords are the machine's (`smbpasswd -a` on every possible owner).
 */
export const fileShare: ResourceType = {
  name: "File Share",
  diesWithHost: true,
  times: defaultTimes,
  parameters: rows,

  async online(context, signal) {
    const { outside, folder, resource } = context;
    const path = resource.parameters.text("Path") ?? "";
    if (!path.startsWith("/") || (await outside.files.stat(path))?.kind !== "folder") {
      throw wrong(
        context,
        `Path, ${path}, is no folder on this node`,
        "Mount or make it; let this resource depend on its disk.",
      );
    }
    const place = `${folder}/samba`;
    for (const name of ["private", "lock", "state", "cache", "pid", "ncalrpc"])
      await outside.files.makeFolder(`${place}/${name}`);
    const config = await configOf(context, place, path);
    await writeFileDurably(outside.files, `${place}/smb.conf`, new TextEncoder().encode(config), 0o600);
    const program = ["smbd", "--foreground", "--no-process-group", "--debug-stdout", `--configfile=${place}/smb.conf`];
    const { environment } = context;
    const from = await logEnd(context);
    const endedMeans = (end: ProcessEnd): Promise<string> => endAndLog(context, { program: "smbd", end, from, tells });
    await context.start({ program, environment, folder, watched: true, endedMeans });
    while (!(await answers(context, signal))) {
      if (signal.aborted || context.application() === undefined) {
        throw fail("RESOURCE_FAILED", {
          happened: `${resource.name}: smbd does not serve${saying(await lastLines(context, from, 2, tells))}.`,
          next: `Its output is in ${folder}/output.log. Is samba installed, and does nobody else listen on the port?`,
        });
      }
      await outside.timers.sleep(20, signal);
    }
  },

  offline: async (context) => context.application()?.stop(5_000),
  terminate: async () => undefined,
  looksAlive: async (context) => context.application() !== undefined,
  async isAlive(context, signal) {
    const path = context.resource.parameters.text("Path") ?? "";
    return (await context.outside.files.stat(path))?.kind === "folder" && (await answers(context, signal));
  },
};

/** What smbd prints at its start and around a panic, and the head of a message, which say nothing about the cause. */
const noise =
  /^(smbd version |Copyright |={5}|INTERNAL ERROR|If you are running|PANIC|BACKTRACE|#\d|dumping core|\[\d{4}\/)/;

/** Its last line is often only that it gives up; the one before says why. */
const tells = (line: string): boolean => !noise.test(line);

/** Whether somebody accepts connections there; smbd is the only one in the container who could. */
async function answers(context: ResourceContext, signal: AbortSignal): Promise<boolean> {
  const { parameters } = context.resource;
  const script =
    "use IO::Socket::IP; exit !IO::Socket::IP->new(PeerHost => $ARGV[0], PeerPort => $ARGV[1], Timeout => 5)";
  const words = ["perl", "-e", script, parameters.text("Address") ?? "127.0.0.1", String(parameters.number("Port"))];
  return (await context.application()?.call(words, signal)) === 0;
}

async function configOf(context: ResourceContext, place: string, path: string): Promise<string> {
  const { parameters } = context.resource;
  const name = parameters.text("ShareName") ?? "";
  const address = parameters.text("Address");
  const shares = [share(context, name, path, name.endsWith("$"))];
  if (parameters.flag("ShareSubDirs")) {
    const { files } = context.outside;
    for (const below of await files.list(path)) {
      const isFolder = (await files.stat(`${path}/${below}`))?.kind === "folder";
      if (isFolder) shares.push(share(context, below, `${path}/${below}`, parameters.flag("HideSubDirShares")));
    }
  }
  const lines = [
    "[global]",
    "server role = standalone server",
    ...["private", "lock", "state", "cache", "pid"].map(
      (each) => `${each} ${each === "private" ? "dir" : "directory"} = ${place}/${each}`,
    ),
    `ncalrpc dir = ${place}/ncalrpc`,
    "passdb backend = tdbsam:/var/lib/samba/private/passdb.tdb",
    `smb ports = ${parameters.number("Port")}`,
    ...(address === undefined ? [] : [`interfaces = ${withPrefix(address)}`, "bind interfaces only = yes"]),
    `map to guest = ${parameters.flag("Guests") ? "bad user" : "never"}`,
    "load printers = no",
    "disable spoolss = yes",
    "dns proxy = no",
    ...shares,
  ];
  return `${lines.join("\n")}\n`;
}

function refusesAddress(address: string): string | undefined {
  if (ipv4Number(address) !== undefined || ipv6Number(address) !== undefined) return undefined;
  return `Address is ${address}, which is no IP address.`;
}

/**
 * An address as smbd takes it whatever interface it is on. Without a prefix smbd looks for it among the interfaces that broadcast, and the
 * device of an IP Address resource does not; so it does for the first and the last address of a network (source3/lib/interface.c). The
 * network means nothing else to it here: the narrowest in which the address is neither, at most 64 bits, for three digits are no prefix.
 */
function withPrefix(address: string): string {
  const v4 = ipv4Number(address);
  const [number, bits] = v4 === undefined ? [ipv6Number(address) ?? 0n, 128] : [BigInt(v4), 32];
  const isInside = (prefix: number): boolean => {
    const size = 1n << BigInt(bits - prefix);
    return ![0n, size - 1n].includes(number % size);
  };
  let prefix = Math.min(64, bits - 2);
  while (prefix > 1 && !isInside(prefix)) prefix -= 1;
  return `${address}/${prefix}`;
}

function share(context: ResourceContext, name: string, path: string, hidden: boolean): string {
  const { parameters } = context.resource;
  const text = (what: string, value: string): string => `${what} = ${checked(context, what, value)}`;
  const remark = parameters.text("Remark");
  const users = parameters.texts("Users");
  const limit = parameters.number("MaxUsers");
  return [
    `[${checked(context, "ShareName", name)}]`,
    text("path", path),
    ...(remark === undefined ? [] : [text("comment", remark)]),
    ...(limit === unlimited ? [] : [`max connections = ${limit}`]),
    ...(users.length === 0 ? [] : [text("valid users", users.join(" "))]),
    `read only = ${parameters.flag("ReadOnly") ? "yes" : "no"}`,
    `guest ok = ${parameters.flag("Guests") ? "yes" : "no"}`,
    `browseable = ${hidden ? "no" : "yes"}`,
    ...parameters.texts("Options").map((line) => checked(context, "Options", line)),
  ].join("\n");
}

/** A line break or a bracket would begin something else in smb.conf, a % is its variable. */
function checked(context: ResourceContext, what: string, text: string): string {
  const isName = what === "ShareName";
  const bad = isName ? /[\n\r[\]%\\/:*?"<>|;=,+]/ : what === "Options" ? /[\n\r[\]]/ : /[\n\r[\]%]/;
  if (!bad.test(text) && !text.endsWith("\\") && !(isName && /^(global|homes|printers|print\$|ipc\$)$/i.test(text)))
    return text;
  throw wrong(context, `${what} can't be ${JSON.stringify(text)}`, "Correct it.");
}

function wrong({ resource }: ResourceContext, what: string, next: string): Error {
  return fail("INVALID_PARAMETER", { happened: `${resource.name}: ${what}.`, unchanged: "Nothing is shared.", next });
}
