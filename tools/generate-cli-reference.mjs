// `node tools/generate-cli-reference.mjs`: writes docs/reference/cli.md anew; src/cli/reference.test.ts holds that it is current.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { moveToNewNode, root } from "./lib/runtime.mjs";

await moveToNewNode(import.meta.url);
const { cliReference } = await import("../src/cli/reference.ts");
const { openTerminal } = await import("../src/cli/terminal.ts");

mkdirSync(join(root, "docs/reference"), { recursive: true });
writeFileSync(join(root, "docs/reference/cli.md"), await cliReference(openTerminal()));
console.log("docs/reference/cli.md is written.");
