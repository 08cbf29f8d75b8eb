/**
 * The process of a third party's resource type: `type-runner.ts SOCKET MODULE`. The module exports `resourceType`. Ends when its host
 * closes the connection; exit code 1 when the module is none. With `--describe` for SOCKET it only says what the module is.
 */
import { pathToFileURL } from "node:url";
import { failureOf } from "../base/failure-of.ts";
import { openOutside } from "../base/outside-node.ts";
import { openLinuxDisks } from "../disks/linux-disks.ts";
import { describedPrefix } from "../monitor/module-messages.ts";
import { describeType, runModule } from "../monitor/module-runner.ts";

const [socket = "", module = ""] = process.argv.slice(2);
const outside = openOutside();
try {
  const { resourceType } = (await import(pathToFileURL(module).href)) as { readonly resourceType?: unknown };
  if (socket === "--describe")
    process.stdout.write(`\n${describedPrefix}${JSON.stringify(describeType(resourceType))}\n`);
  else await runModule(outside, openLinuxDisks(outside), resourceType, socket);
} catch (error) {
  process.stderr.write(`${module}: ${failureOf(error).happened}\n`);
  process.exit(1);
}
process.exit(0);
