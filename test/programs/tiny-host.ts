/**
 * A host reduced to what the kernel sees of it: holds the folder's lock as life "tiny", starts one application, with a guard if a
 * grace time is given, says where everything is as one JSON line, and stays.
 * `tiny-host.ts FOLDER KIND GRACE-MS|none PROGRAM…`; KIND "best", "process-group" or "machine", where the
 * program is a request to an empty container.
 */
import { openOutside } from "../../src/base/outside-node.ts";
import { startApplication } from "../../src/monitor/application.ts";
import { inMachine, probeContainment } from "../../src/monitor/containment.ts";
import { guardLine } from "../../src/monitor/guard.ts";
import { lockPath, writeLifeMark } from "../../src/monitor/life-mark.ts";

const [folder = "", kind = "", grace = "", ...program] = process.argv.slice(2);
const outside = openOutside();
const lock = await outside.files.open(lockPath(folder), "append");
if (!(await lock.lock())) throw new Error(`${lockPath(folder)} is held by somebody else`);
await writeLifeMark(outside, lock, folder, "tiny");
const best = await probeContainment(outside);
const weak = { ...best, kind: "process-group", unshare: undefined, cgroupParent: undefined } as const;
const guard =
  grace === "none"
    ? undefined
    : await outside.processes.start({
        command: process.execPath,
        args: [
          new URL("../../src/daemon/guard.ts", import.meta.url).pathname,
          String(outside.processes.self.pid),
          outside.processes.self.started,
          grace,
        ],
        environment: { PATH: process.env["PATH"] ?? "/usr/bin:/bin" },
        output: "none",
        input: true,
        detached: true,
      });
const inNone = kind === "machine";
const spec = {
  resource: "App",
  program: inNone ? [] : program,
  environment: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
  folder,
  log: `${folder}/output.log`,
  dataFolder: folder,
  beforeStart: async (record: { init: { pid: number; started: string } }) => {
    guard?.tell(guardLine.deadline(outside.clock.boot() + 200));
    guard?.tell(guardLine.app(record.init));
  },
};
const application = await startApplication(outside, spec, kind === "best" ? best : inNone ? inMachine(best) : weak);
if (inNone) void application.call(program);
process.stdout.write(
  `${JSON.stringify({ host: outside.processes.self, guard: guard?.identity, record: application.record })}\n`,
);
for (;;) {
  guard?.tell(guardLine.deadline(outside.clock.boot() + 200));
  await outside.timers.sleep(20);
}
