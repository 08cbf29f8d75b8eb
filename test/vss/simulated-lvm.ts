/** LVM's programs as a provider sees them, over a simulated disk: one group `vg` with the volume `data`, mounted at `/lv`. */
import type { Child, Files, ProgramSpec } from "../../src/base/outside.ts";
import { copyBytes, copyTree, removeTree } from "../../src/vss/providers/folder-tree.ts";
import type { CommandOutside } from "../../src/vss/providers/command.ts";

export interface SimulatedLvm {
  readonly outside: CommandOutside;
  /** Logical volumes besides `data`. */
  readonly snapshots: ReadonlySet<string>;
  /** Free bytes of the group. */
  free: number;
  /** Programs that fail, by name. */
  readonly broken: Set<string>;
  /** What was run, without the fixed options. */
  readonly ran: string[];
}

/** `/lv` must exist. */
export async function simulateLvm(files: Files): Promise<SimulatedLvm> {
  const snapshots = new Set<string>();
  const mounts = new Map([["/lv", "/dev/mapper/vg-data"]]);
  const broken = new Set<string>();
  const ran: string[] = [];
  const store = (name: string): string => `/.lvm/${name}`;
  const copy = (from: string, to: string): Promise<unknown> =>
    copyTree(files, from, to, {
      leaveOut: [],
      copyFile: (one, other) => copyBytes(files, one, other),
      signal: new AbortController().signal,
    });
  const writeMounts = async (): Promise<void> => {
    await files.makeFolder("/proc/self");
    await removeTree(files, "/proc/self/mountinfo");
    const file = await files.open("/proc/self/mountinfo", "create");
    const lines = [...mounts].map(([at, device]) => `1 1 0:1 / ${at} rw - ext4 ${device} rw`);
    await file.write(new TextEncoder().encode(["1 1 0:1 / / rw - ext4 /dev/vda rw", ...lines, ""].join("\n")), 0);
    await file.close();
  };
  await writeMounts();
  await files.makeFolder("/.lvm");
  const lvm: SimulatedLvm = { outside: undefined as never, snapshots, free: 1 << 30, broken, ran };

  const programs: Record<string, (args: readonly string[]) => Promise<readonly string[]>> = {
    sync: async () => [],
    vgs: async () => [`  ${lvm.free}`],
    lvs: async (args) => {
      const asked = args[args.indexOf("-o") + 1];
      const of = args.at(-1);
      if (asked === "lv_size") return ["  104857600"];
      if (asked === "lv_name") return ["data", ...snapshots].map((name) => `  ${name}`);
      if (of !== "/dev/mapper/vg-data") throw new Error(`Volume group "${of}" not found`);
      return ["  vg\tdata"];
    },
    lvcreate: async (args) => {
      const name = args[args.indexOf("--name") + 1] ?? "";
      snapshots.add(name);
      await copy("/lv", store(name));
      return [];
    },
    lvremove: async (args) => {
      const name = args.at(-1)?.replace(/^vg\//, "") ?? "";
      if ([...mounts.values()].includes(`/dev/vg/${name}`)) throw new Error("contains a filesystem in use");
      if (!snapshots.delete(name)) throw new Error("Failed to find logical volume");
      await removeTree(files, store(name));
      return [];
    },
    mount: async (args) => {
      const [device = "", at = ""] = args.slice(-2);
      mounts.set(at, device);
      await copy(store(device.replace(/^\/dev\/vg\//, "")), at);
      await writeMounts();
      return [];
    },
    umount: async ([at = ""]) => {
      if (!mounts.delete(at)) throw new Error("not mounted");
      await removeTree(files, at);
      await files.makeFolder(at);
      await writeMounts();
      return [];
    },
  };

  const start = async ({ command, args }: ProgramSpec): Promise<Child> => {
    ran.push([command, ...args].join(" "));
    const program = programs[command];
    const result = await (async () => {
      if (program === undefined || broken.has(command)) throw new Error(`${command} is broken`);
      return program(args);
    })().then(
      (lines) => ({ lines, code: 0 }),
      (error: unknown) => ({ lines: [String(error)], code: 5 }),
    );
    return {
      identity: { pid: 1, started: "1" },
      ended: Promise.resolve({ code: result.code }),
      onLine: (handler) => {
        for (const line of result.lines) handler(line, result.code === 0 ? "stdout" : "stderr");
      },
      tell: () => undefined,
    };
  };
  const timers = { sleep: () => new Promise<void>(() => undefined) };
  const outside = { files, timers, processes: { start } as unknown as CommandOutside["processes"] };
  return Object.assign(lvm, { outside });
}
