/** The sources as the tidy rules see them: text, text without strings and comments, and imports. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

/** One file: its path relative to the project's root, with `/`, and its text. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** What a rule found: one line, path first. */
export type Finding = string;

/** A rule looks at all files at once and names what breaks it. */
export type Rule = (sources: readonly Source[]) => Finding[];

/** An import or re-export; `target` is a path from the root for relative ones, else the module's name. */
export interface Import {
  readonly target: string;
  readonly typeOnly: boolean;
  readonly line: number;
}

const skipped = new Set(["node_modules", "dist", ".git", "data", "coverage"]);

/** Every file with one of the endings below `folders` (a file's own name is fine too), sorted by path. Missing folders hold none. */
export function readSources(root: string, folders: readonly string[], endings: readonly string[]): Source[] {
  const found: Source[] = [];
  const visit = (path: string): void => {
    for (const entry of readdirSync(join(root, path), { withFileTypes: true })) {
      const child = posix.join(path, entry.name);
      if (entry.isDirectory() && !skipped.has(entry.name)) visit(child);
      if (entry.isFile() && endings.some((ending) => entry.name.endsWith(ending))) {
        found.push({ path: child, text: readFileSync(join(root, child), "utf8") });
      }
    }
  };
  for (const folder of folders) if (existsSync(join(root, folder))) visit(folder);
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Whether it is a test or something only tests use: `arbitrary*.ts` holds generators for fast-check. */
export function isTest(path: string): boolean {
  return path.endsWith(".test.ts") || path.startsWith("test/") || /\/arbitrary(-[^/]*)?\.ts$/.test(path);
}

const importLine =
  /^\s*(?:import|export)\s+(type\s+)?(?:[^"';]*?\sfrom\s+)?["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']/gm;

/** The imports of a file, dynamic ones too. `import { type A }` counts as an import of values. */
export function importsOf(source: Source): Import[] {
  return [...source.text.matchAll(importLine)].map((match) => {
    const name = match[2] ?? match[3] ?? "";
    const target = name.startsWith(".") ? posix.join(posix.dirname(source.path), name) : name;
    return { target, typeOnly: match[1] !== undefined, line: lineAt(source.text, match.index) };
  });
}

/** Line number (from 1) of a place in a text. */
export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}
