/** The host process: `host.ts CONFIG-AS-JSON`. Ends with 0 after it proved that everything is stopped. */
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { createLog } from "../base/log.ts";
import { openOutside } from "../base/outside-node.ts";
import { raisePriority } from "../base/outside-node-processes.ts";
import type { Outside } from "../base/outside.ts";
import { openDisks } from "../disks/open-disks.ts";
import { timingOf } from "../membership/timing.ts";
import { probeContainment } from "../monitor/containment.ts";
import { guardLine } from "../monitor/guard.ts";
import { shareMounts } from "../monitor/shared-mounts.ts";
import { findResourceType } from "../monitor/types.ts";
import { openQuorum } from "../quorum/open.ts";
import type { Quorum } from "../quorum/quorum.ts";
import type { HostConfig } from "./host-config.ts";
import { type GuardLink, type HostParts, runHost } from "./host-process.ts";
import { openHostRemote } from "./host-remote.ts";
import { typeRunner } from "./type-runner-words.ts";

const config = JSON.parse(process.argv[2] ?? "{}") as HostConfig;
// Its permit must be renewed while a hundred applications start on the same processors.
raisePriority(constants.priority.PRIORITY_HIGH);
const outside = openOutside();
const log = createLog((line) => process.stdout.write(`${line}\n`), outside.clock, { part: "host", node: config.node });
for (const signal of ["SIGINT", "SIGHUP", "SIGTERM"] as const) {
  // The service ends its host; a signal meant for a whole process group must not come before it.
  process.on(signal, () => undefined);
}
const remote = await openHostRemote(outside, config, log);
const contained = findContainment(remote?.outside ?? outside);
void contained.catch(() => undefined);
const open = (place: string): Promise<Quorum> => openQuorum(outside, place, { insist: config.insist });
const quorum = await open(config.quorum);
const guard = await startGuard(outside);
await runHost({
  outside: remote?.outside ?? outside,
  ...(remote === undefined ? {} : { remote }),
  disks: await openDisks(outside, process.env["CLUBAR_DISK_IMAGES"]),
  quorum,
  openQuorum: open,
  config,
  log,
  guard,
  findType: findResourceType,
  typeRunner: typeRunner(),
  containment: () => contained,
  environment: applicationEnvironment(),
});
process.exit(0);

/** Asked for before the service may start anything. */
async function findContainment(door: Outside): ReturnType<NonNullable<HostParts["containment"]>> {
  const { kind, sentence, unshare } = await probeContainment(door);
  const shared = await shareMounts(door, { unshare }, process.env["CLUBAR_SHARE_MOUNTS"] !== "no");
  if (shared?.isShared === true) log.info("made / a shared mount: containers follow what is mounted and unmounted");
  else if (shared !== undefined) log.warn("containers do not follow what is unmounted", { because: shared.sentence });
  return { kind, sentence: shared === undefined ? sentence : `${sentence} ${shared.sentence}` };
}

/** The guard outlives nothing: it ends when this process's end of the pipe closes. */
async function startGuard(door: Outside): Promise<GuardLink> {
  const program = fileURLToPath(new URL("./guard.ts", import.meta.url));
  const { pid, started } = door.processes.self;
  const grace = timingOf(config.quorum, config.timingFactor).kill;
  const child = await door.processes.start({
    command: process.execPath,
    args: ["--max-old-space-size=32", program, String(pid), started, String(grace)],
    environment: {},
    folder: "/",
    detached: true,
    output: "none",
    input: true,
  });
  return {
    deadline: (endsAt) => child.tell(guardLine.deadline(endsAt)),
    starts: (record) => child.tell(guardLine.app(record.init)),
    gone: (record) => child.tell(guardLine.gone(record.init)),
    rest: () => child.tell(guardLine.rest),
    ended: child.ended,
  };
}

/** What every application gets: enough to find programs, nothing of the service's own environment. */
function applicationEnvironment(): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: process.env["HOME"] ?? "/",
    LANG: process.env["LANG"] ?? "C.UTF-8",
  };
}
