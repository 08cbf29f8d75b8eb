/**
 * The guard process: `guard.ts HOST-PID HOST-STARTED GRACE-MS`, lines of monitor/guard.ts on standard input. It ends after it has killed,
 * or when the host has gone; exit code 0.
 */
import { constants } from "node:os";
import { createInterface } from "node:readline";
import { openOutside } from "../base/outside-node.ts";
import { raisePriority } from "../base/outside-node-processes.ts";
import { runGuard } from "../monitor/guard.ts";

const [pid = "", started = "", grace = ""] = process.argv.slice(2);
if (!/^\d+$/.test(pid) || !/^\d+$/.test(started) || !/^\d+(\.\d+)?$/.test(grace)) {
  process.stderr.write("usage: guard HOST-PID HOST-STARTED GRACE-MS\n");
  process.exit(2);
}
// When a machine that stood still goes on, the guard comes before the applications that it ends.
raisePriority(constants.priority.PRIORITY_HIGHEST);
const lines = createInterface({ input: process.stdin });
await runGuard(openOutside(), { pid: Number(pid), started }, Number(grace), {
  onLine: (handler) => void lines.on("line", handler),
  onClose: (handler) => void lines.on("close", handler),
});
process.exit(0);
