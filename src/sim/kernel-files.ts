/** What the kernel of a simulated machine shows as files: its processes and boot id below /proc, and its watchdog below /dev and /sys. */
import { FileContent } from "./content.ts";
import { type Device, Disk, type Inode } from "./disk.ts";
import type { SimProcess } from "./process.ts";

/** Where a machine's watchdog is, and where the kernel says its timeout in seconds. */
export const watchdogPath = { device: "/dev/watchdog0", timeout: "/sys/class/watchdog/watchdog0/timeout" } as const;

const bootIdPath = "/proc/sys/kernel/random/boot_id";

/** What is shown of one machine. */
export interface KernelView {
  /** Its processes that live now. */
  processes(): readonly SimProcess[];
  /** The kernel's name of the time since this boot. */
  bootId(): string;
  /** Milliseconds until the watchdog fires; undefined: the machine has none. */
  readonly watchdog: { readonly timeout: number; readonly device: Device } | undefined;
}

/** Nothing of it is kept anywhere: it is made when somebody looks. */
export class KernelFiles extends Disk {
  readonly #view: KernelView;

  constructor(machine: string, view: KernelView) {
    super(`kernel of ${machine}`, "proc");
    this.#view = view;
  }

  /** Whether the kernel answers for this path. */
  static has(path: string): boolean {
    return /^\/(?:proc|sys|dev)(?:\/|$)/.test(path);
  }

  override find(path: string): Inode | undefined {
    const { watchdog } = this.#view;
    if (path === bootIdPath) return file(`${this.#view.bootId()}\n`);
    if (path === "/proc") return folder(this.#view.processes().map(({ identity }) => String(identity.pid)));
    if (watchdog !== undefined && path === watchdogPath.device) return inode("other", watchdog.device);
    if (watchdog !== undefined && path === watchdogPath.timeout) return file(`${watchdog.timeout / 1000}\n`);
    const [, pid = "", name = ""] = /^\/proc\/(\d+)\/(stat|environ)$/.exec(path) ?? [];
    const process = this.#view.processes().find(({ identity }) => String(identity.pid) === pid);
    if (process === undefined) return undefined;
    return file(name === "stat" ? `${statLine(process)}\n` : environment(process));
  }
}

/** As proc(5) has it: pid, name, state, parent, group, session, then fields up to the 22nd, the start time. */
export function statLine({ identity: { pid, started }, name, parent }: SimProcess): string {
  return `${pid} (${name}) S ${parent?.identity.pid ?? 1} ${pid} ${pid} ${"0 ".repeat(15)}${started} 0`;
}

/** Never empty: that would say that the process is just becoming another program. */
function environment(process: SimProcess): string {
  const all = { SIMULATED: "1", ...process.environment };
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value}\0`)
    .join("");
}

function file(text: string): Inode {
  const made = inode("file");
  made.content.write(0, new TextEncoder().encode(text));
  return made;
}

function folder(names: readonly string[]): Inode {
  const made = inode("folder");
  for (const name of names) made.names.set(name, inode("folder"));
  return made;
}

function inode(kind: Inode["kind"], device?: Device): Inode {
  return {
    id: 1n,
    kind,
    target: "",
    mode: 0o444,
    owner: 0,
    group: 0,
    acl: new Map(),
    modified: 0,
    changed: 0,
    links: 1,
    content: new FileContent(),
    names: new Map(),
    durableNames: new Map(),
    lockedBy: undefined,
    ...(device === undefined ? {} : { device }),
  };
}
