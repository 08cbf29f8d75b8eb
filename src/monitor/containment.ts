import type { Outside } from "../base/outside.ts";
import { readText } from "./process-table.ts";

/** What ties an application's processes together; strongest first. `machine`: by choice in no namespace (`inMachine`). */
export type ContainmentKind = "cgroup" | "pid-namespace" | "process-group" | "machine";

/** What this machine can do, found by trying it. */
export interface Containment {
  readonly kind: ContainmentKind;
  /** One sentence for `status`: what the kernel guarantees, and what it doesn't. */
  readonly sentence: string;
  readonly shell: string;
  /** `setpriv` by its whole path; undefined where there is none: then nothing dies with the host by itself. */
  readonly setpriv: string | undefined;
  /** `setsid` by its whole path: gives an application a session of its own. */
  readonly setsid: string | undefined;
  /** The words that open a PID namespace; undefined when none can be had. */
  readonly unshare: readonly string[] | undefined;
  /** The cgroup below which every application gets its own; undefined when none can be made. */
  readonly cgroupParent: string | undefined;
}

const places = ["/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin"];
const pidNamespace = ["--pid", "--fork", "--kill-child=KILL"];
/** A mount namespace of its own, so that /proc shows the namespace's processes. It follows the machine's mounts (shared-mounts.ts). */
const ownProc = ["--mount", "--propagation", "slave", "--mount-proc"];
const ownUser = ["--user", "--map-current-user"];

const killsItself = 'echo $$ >"$1/cgroup.procs" && echo 1 >"$1/cgroup.kill"; exit 1';

const known = new WeakMap<Outside, Promise<Containment>>();

/** The strongest containment that works here. Tried once per `Outside`; leaves nothing behind. */
export function probeContainment(outside: Outside): Promise<Containment> {
  const before = known.get(outside);
  if (before !== undefined) return before;
  const probe = tryAll(outside);
  known.set(outside, probe);
  return probe;
}

/** Among the machine's processes and mounts: nothing dies with the host, but a cgroup still finds all. */
export function inMachine(best: Containment): Containment {
  return { ...best, kind: "machine", unshare: undefined };
}

async function tryAll(outside: Outside): Promise<Containment> {
  const shell = (await locate(outside, "sh")) ?? "/bin/sh";
  const setpriv = await locate(outside, "setpriv");
  const setsid = await locate(outside, "setsid");
  const unshare = setpriv === undefined ? undefined : await namespaceWords(outside);
  if (unshare === undefined) {
    const why = setpriv === undefined ? "there is no setpriv" : "the kernel refuses PID namespaces";
    const sentence =
      `Applications are held by process group only (${why}): a process that leaves its session and empties its environment ` +
      "escapes a kill, and when the host dies only the program's first process dies with it.";
    return { kind: "process-group", sentence, shell, setpriv, setsid, unshare, cgroupParent: undefined };
  }
  const cgroupParent = await cgroupWords(outside, shell);
  const dies = "The kernel kills every process of an application with its PID namespace, which dies with the host";
  return cgroupParent === undefined
    ? { kind: "pid-namespace", sentence: `${dies}.`, shell, setpriv, setsid, unshare, cgroupParent }
    : {
        kind: "cgroup",
        sentence: `${dies}; its own cgroup proves that nothing is left.`,
        shell,
        setpriv,
        setsid,
        unshare,
        cgroupParent,
      };
}

async function namespaceWords(outside: Outside): Promise<readonly string[] | undefined> {
  const command = await locate(outside, "unshare");
  if (command === undefined) return undefined;
  for (const options of [
    [...pidNamespace, ...ownProc],
    [...ownUser, ...pidNamespace, ...ownProc],
    pidNamespace,
    [...ownUser, ...pidNamespace],
  ]) {
    if (await succeeds(outside, command, [...options, "true"])) return [command, ...options];
  }
  return undefined;
}

/** Makes a cgroup below ours and moves a process into it: writing there may be refused although the folder can be made. */
async function cgroupWords(outside: Outside, shell: string): Promise<string | undefined> {
  const { files } = outside;
  const mount = cgroupMount(await readText(files, "/proc/self/mountinfo"));
  if (mount === undefined) return undefined;
  const own = /^0::(\/.*)$/m.exec(await readText(files, "/proc/self/cgroup"))?.[1] ?? "/";
  const parent = `${mount}${own === "/" || own.startsWith("/..") ? "" : own}/clubar`;
  const trial = `${parent}/probe-${outside.processes.self.pid}-${outside.processes.self.started}`;
  try {
    await files.makeFolder(trial);
    const works =
      (await files.stat(`${trial}/cgroup.kill`)) !== undefined &&
      (await succeeds(outside, shell, ["-c", killsItself, "sh", trial], "SIGKILL"));
    await files.removeFolder(trial);
    return works ? parent : undefined;
  } catch {
    return undefined;
  }
}

/** The mount point of the first cgroup2 file system in `/proc/self/mountinfo` (proc(5)). */
export function cgroupMount(mountinfo: string): string | undefined {
  for (const line of mountinfo.split("\n")) {
    const [mount = "", system = ""] = line.split(" - ");
    if (system.startsWith("cgroup2 ")) return mount.split(" ")[4]?.replaceAll("\\040", " ");
  }
  return undefined;
}

async function succeeds(outside: Outside, command: string, args: readonly string[], signal?: string): Promise<boolean> {
  try {
    const environment = { PATH: places.join(":") };
    const child = await outside.processes.start({ command, args, environment, folder: "/", output: "none" });
    const end = await child.ended;
    return signal === undefined ? "code" in end && end.code === 0 : "signal" in end && end.signal === signal;
  } catch {
    return false;
  }
}

async function locate(outside: Outside, name: string): Promise<string | undefined> {
  for (const place of places) {
    if ((await outside.files.stat(`${place}/${name}`)) !== undefined) return `${place}/${name}`;
  }
  return undefined;
}
