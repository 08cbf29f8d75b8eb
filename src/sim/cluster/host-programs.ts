/** The host of a node, its guard, and the containers of its applications, as programs of a world: the real code, another outside. */
import { fail } from "../../base/errors.ts";
import type { Outside, ProcessIdentity } from "../../base/outside.ts";
import type { HostConfig } from "../../daemon/host-config.ts";
import { type GuardLink, runHost } from "../../daemon/host-process.ts";
import { directoryTiming } from "../../membership/timing.ts";
import { guardLine, runGuard } from "../../monitor/guard.ts";
import type { ResourceType } from "../../monitor/resource-type.ts";
import { findResourceType } from "../../monitor/types.ts";
import { statLine } from "../kernel-files.ts";
import type { SimProcess } from "../process.ts";
import type { Program, Stdio } from "../processes.ts";
import type { World } from "../world.ts";
import { type LogListener, traceLog } from "./log.ts";
import type { OpenSimQuorum } from "./sim-etcd.ts";
import { type SimDisks, simulatedPhysicalDisk } from "./sim-disks.ts";
import type { SimPlaces } from "./sim-places.ts";

/** Names of the programs, by which faults and traces know them. */
export const programName = {
  service: "clubar-service",
  host: "clubar-host",
  guard: "clubar-guard",
  /** The word of monitor/application-shell.ts from which on an application's own process is simulated. */
  container: "clubar-init",
  application: "app",
} as const;

/** What hosts have. */
export interface HostSurroundings {
  readonly openQuorum: OpenSimQuorum;
  /** Of clusters whose quorum moves. */
  readonly places?: SimPlaces;
  /** Physical Disk is simulated on them. */
  readonly disks?: SimDisks;
  /** The kernel is simulated as far as containment is tried; else the world itself says how it holds applications. */
  readonly isReal?: boolean;
  readonly began: (process: SimProcess, config: HostConfig) => void;
  readonly heard: (process: SimProcess, ...event: Parameters<LogListener>) => void;
}

/** Makes host, guard and containers known to the world. */
export function addHostPrograms(world: World, application: Program, around: HostSurroundings): void {
  world.program(programName.host, hostProgram(world, around));
  world.program(programName.guard, guardProgram);
  world.program(programName.container, containerProgram(application));
  // What monitor/containment.ts tries.
  world.program("true", async () => 0);
}

/** Programs that monitor/containment.ts looks for: with them it finds PID namespaces. */
export const installedPrograms: readonly string[] = [
  "/usr/bin/sh",
  "/usr/bin/setpriv",
  "/usr/bin/setsid",
  "/usr/bin/unshare",
];

function hostProgram(world: World, around: HostSurroundings): Program {
  const { openQuorum, places, disks, heard, began, isReal } = around;
  return async (outside, args, _environment, stdio) => {
    const { process } = stdio;
    const config = JSON.parse(args[0] ?? "{}") as HostConfig;
    began(process, config);
    const log = traceLog(world, process, (event, fields) => heard(process, event, fields));
    const quorum = await openQuorum(outside, process, config.quorum);
    const guard = await startGuard(outside, config);
    const parts = { outside, quorum, config, log, guard, environment: {}, ...(isReal === true ? {} : { containment }) };
    await runHost({
      ...parts,
      findType: disks === undefined ? findResourceType : findTypeOnDisks,
      ...(disks && { disks }),
      ...(places && { openQuorum: (place: string) => openQuorum(outside, process, place) }),
    });
    return 0;
  };
}

function findTypeOnDisks(name: string): ResourceType | undefined {
  const real = findResourceType(name);
  return real?.name === simulatedPhysicalDisk.name ? simulatedPhysicalDisk : real;
}

/** The world ends an application with its host, as a PID namespace does. */
const containment = (): Promise<{ kind: "pid-namespace"; sentence: string }> =>
  Promise.resolve({ kind: "pid-namespace", sentence: "Simulated." });

async function startGuard(outside: Outside, config: HostConfig): Promise<GuardLink> {
  const { pid, started } = outside.processes.self;
  const grace = directoryTiming(config.timingFactor).kill;
  const child = await outside.processes.start({
    command: programName.guard,
    args: [String(pid), started, String(grace)],
    environment: {},
    detached: true,
    output: "none",
    input: true,
  });
  return {
    ended: child.ended,
    deadline: (endsAt) => child.tell(guardLine.deadline(endsAt)),
    starts: (record) => child.tell(guardLine.app(record.init)),
    gone: (record) => child.tell(guardLine.gone(record.init)),
    rest: () => child.tell(guardLine.rest),
  };
}

const guardProgram: Program = async (outside, args, _environment, stdio) => {
  const host: ProcessIdentity = { pid: Number(args[0]), started: args[1] ?? "" };
  await runGuard(outside, host, Number(args[2]), {
    onLine: (handler) => stdio.onLine(handler),
    onClose: (handler) => stdio.onEnd(handler),
  });
  return 0;
};

/**
 * A container and the application in it as one process: says ready, waits for "go" as the real init does, then is the application.
 * The words after log and folder are the application's, behind their wrappers.
 */
function containerProgram(application: Program): Program {
  return async (outside, args, environment, stdio) => {
    const told = Promise.withResolvers<boolean>();
    stdio.onLine((line) => told.resolve(line === "go"));
    stdio.onEnd(() => told.resolve(false));
    stdio.print(`ready ${statLine(stdio.process)}`);
    if (!(await told.promise)) return 125;
    const at = args.indexOf(programName.application);
    if (at < 0)
      throw fail("INVALID_PARAMETER", { happened: `The world knows no application in: ${args.slice(2).join(" ")}` });
    const quiet: Stdio = { ...stdio, print: () => stdio.print("started") };
    return application(outside, args.slice(at + 1), environment, quiet);
  };
}
