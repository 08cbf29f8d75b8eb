// Builds the web page (web/) with Vite. What was built is kept in .cache by the digest of all that it was made from.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "./runtime.mjs";

const source = join(root, "web");
const cache = join(root, ".cache/web");

/** The page's files: path → base64 of the content. Built when there is none of these sources yet. */
export async function webPage() {
  const kept = join(cache, `${digestOfSources()}.json`);
  try {
    return JSON.parse(readFileSync(kept, "utf8"));
  } catch {
    const files = await buildPage();
    keep(kept, JSON.stringify(files));
    return files;
  }
}

/** Writes the page's files below a folder; their paths. */
export async function writePage(folder) {
  const files = await webPage();
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), Buffer.from(content, "base64"));
  }
  return Object.keys(files);
}

/** Over the sources, the versions of what builds them, and this file. */
function digestOfSources() {
  const hash = createHash("sha256");
  const shared = readdirSync(join(root, "src/api")).map((name) => `src/api/${name}`);
  const own = readdirSync(source, { recursive: true }).map((name) => `web/${name}`);
  const packages = ["vite", "preact"].map((name) => `node_modules/${name}/package.json`);
  for (const path of [...own, ...shared, ...packages, "tools/lib/web-page.mjs"].sort()) {
    if (!/\.(tsx?|mjs|css|html|svg|json)$/.test(path)) continue;
    const content = readFileSync(join(root, path));
    hash.update(`${path}\n${content.length}\n`).update(content);
  }
  return hash.digest("hex").slice(0, 32);
}

async function buildPage() {
  const { build } = await import("vite");
  const { output } = await build({
    root: source,
    configFile: false,
    envFile: false,
    logLevel: "error",
    build: {
      write: false,
      target: "es2023",
      assetsInlineLimit: 0,
      cssCodeSplit: false,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      license: { fileName: "licences.md" },
    },
  });
  return Object.fromEntries(
    output.map((file) => [
      file.fileName,
      Buffer.from(file.type === "chunk" ? file.code : file.source).toString("base64"),
    ]),
  );
}

/** A working copy that may not be written to builds anew each time. */
function keep(path, text) {
  try {
    mkdirSync(cache, { recursive: true });
    for (const name of readdirSync(cache)) rmSync(join(cache, name), { force: true });
    writeFileSync(`${path}.${process.pid}.tmp`, text);
    renameSync(`${path}.${process.pid}.tmp`, path);
  } catch (error) {
    if (!["EACCES", "EROFS", "EPERM", "ENOENT", "ENOSPC"].includes(error.code)) throw error;
  }
}
