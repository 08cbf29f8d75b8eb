// `node tools/generate-properties.mjs [--check]`: writes docs/reference/properties.md from src/database/property-tables.ts, or says
// whether it is current (exit code 1 when not).
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { moveToNewNode, root } from "./lib/runtime.mjs";

await moveToNewNode(import.meta.url);
const { propertiesPage } = await import("../src/database/properties-page.ts");
const path = join(root, "docs/reference/properties.md");
const page = propertiesPage();
if (process.argv.includes("--check")) {
  const isCurrent = existsSync(path) && readFileSync(path, "utf8") === page;
  if (!isCurrent) console.error("docs/reference/properties.md is not current: node tools/generate-properties.mjs");
  process.exit(isCurrent ? 0 : 1);
}
mkdirSync(dirname(path), { recursive: true });
writeFileSync(path, page);
