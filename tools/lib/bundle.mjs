// What the build knows about sources and declarations.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** `new URL("./host.ts", import.meta.url)`: a program that a source starts. */
export const programUrl = /new URL\("(\.{1,2}\/[^"]+\.ts)", import\.meta\.url\)/g;

const filesOf = (folder) => readdirSync(folder, { recursive: true }).map((path) => join(folder, path));

/** Paths of all sources, tests left out. */
export function listSources(root) {
  return filesOf(join(root, "src")).filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts"));
}

/** Declarations name each other as `.js`: a reader of the package has no `.ts` files. */
export function rewriteTypeImports(folder) {
  for (const path of filesOf(folder).filter((name) => name.endsWith(".d.ts"))) {
    const text = readFileSync(path, "utf8");
    const changed = text.replace(/((?:from|import\()\s*"\.{1,2}\/[^"]+)\.ts"/g, '$1.js"');
    if (changed !== text) writeFileSync(path, changed);
  }
}
