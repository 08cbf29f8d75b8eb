/** LVM's programs as a provider sees them, over a simulated disk: one group `vg` with the volume `data`, mounted at `/lv`. */
import type { Child, Files, ProgramSpec } from "../../src/base/outside.ts";
import type { CommandOutside } from "../../src/vss/providers/command.ts";
import { copyBytes, copyTree, removeTree } from "../../src/vss/providers/folder-tree.ts";

/** `/lv` must exist. */
export async function simulateLvm(files: Files): Promise<SimulatedLvm> {
  const lvm = new SimulatedLvm(files);
  await files.makeFolder("/.lvm");
  await lvm.writeMounts();
  return lvm;
}

export class SimulatedLvm {
  readonly outside: CommandOutside;
  /** Logical volumes besides `data`. */
  readonly snapshots: Set<string> = new Set();
  /** Free bytes of the group. */
  free: number = 1 << 30;
  /** Programs that fail, by name. */
  readonly broken: Set<string> = new Set();
  /** What was run. */
  readonly ran: string[] = [];
  readonly #files: Files;
  readonly #mounts = new Map([["/lv", "/dev/mapper/vg-data"]]);
  readonly #programs: Readonly<Record<string, (args: readonly string[]) => Promise<readonly string[]>>> = {
    sync: async () => [],
    vgs: async () => [`  ${this.free}`],
    lvs: async (args) => this.#list(args),
    lvcreate: (args) => this.#create(args[args.indexOf("--name") + 1] ?? ""),
    lvremove: (args) => this.#remove(args.at(-1)?.replace(/^vg\//, "") ?? ""),
    mount: ([, , device = "", at = ""]) => this.#mount(device, at),
    umount: ([at = ""]) => this.#unmount(at),
  };

  constructor(files: Files) {
    this.#files = files;
    const timers = { sleep: () => new Promise<void>(() => undefined) };
    const start = (program: ProgramSpec): Promise<Child> => this.#start(program);
    this.outside = { files, timers, processes: { start } as unknown as CommandOutside["processes"] };
  }

  async writeMounts(): Promise<void> {
    await this.#files.makeFolder("/proc/self");
    await removeTree(this.#files, "/proc/self/mountinfo");
    const file = await this.#files.open("/proc/self/mountinfo", "create");
    const lines = [...this.#mounts].map(([at, device]) => `1 1 0:1 / ${at} rw - ext4 ${device} rw`);
    await file.write(new TextEncoder().encode(["1 1 0:1 / / rw - ext4 /dev/vda rw", ...lines, ""].join("\n")), 0);
    await file.close();
  }

  #list(args: readonly string[]): readonly string[] {
    const asked = args[args.indexOf("-o") + 1];
    if (asked === "lv_size") return ["  104857600"];
    if (asked === "lv_name") return ["data", ...this.snapshots].map((name) => `  ${name}`);
    if (args.at(-1) !== "/dev/mapper/vg-data") throw new Error(`Volume group "${args.at(-1)}" not found`);
    return ["  vg\tdata"];
  }

  async #create(name: string): Promise<readonly string[]> {
    this.snapshots.add(name);
    await this.#copy("/lv", `/.lvm/${name}`);
    return [];
  }

  async #remove(name: string): Promise<readonly string[]> {
    if ([...this.#mounts.values()].includes(`/dev/vg/${name}`)) throw new Error("contains a filesystem in use");
    if (!this.snapshots.delete(name)) throw new Error("Failed to find logical volume");
    await removeTree(this.#files, `/.lvm/${name}`);
    return [];
  }

  async #mount(device: string, at: string): Promise<readonly string[]> {
    this.#mounts.set(at, device);
    await this.#copy(`/.lvm/${device.replace(/^\/dev\/vg\//, "")}`, at);
    await this.writeMounts();
    return [];
  }

  async #unmount(at: string): Promise<readonly string[]> {
    if (!this.#mounts.delete(at)) throw new Error("not mounted");
    await removeTree(this.#files, at);
    await this.#files.makeFolder(at);
    await this.writeMounts();
    return [];
  }

  async #copy(from: string, to: string): Promise<void> {
    const files = this.#files;
    const copyFile = (one: string, other: string): Promise<void> => copyBytes(files, one, other);
    await copyTree(files, from, to, { leaveOut: [], copyFile, signal: new AbortController().signal });
  }

  async #start({ command, args }: ProgramSpec): Promise<Child> {
    this.ran.push([command, ...args].join(" "));
    const { lines, code } = await this.#run(command, args).then(
      (printed) => ({ lines: printed, code: 0 }),
      (error: unknown) => ({ lines: [String(error)], code: 5 }),
    );
    return {
      identity: { pid: 1, started: "1" },
      ended: Promise.resolve({ code }),
      onLine: (handler) => {
        for (const line of lines) handler(line, code === 0 ? "stdout" : "stderr");
      },
      tell: () => undefined,
      endInput: () => undefined,
    };
  }

  async #run(command: string, args: readonly string[]): Promise<readonly string[]> {
    const program = this.#programs[command];
    if (program === undefined || this.broken.has(command)) throw new Error(`${command} is broken`);
    return program(args);
  }
}
