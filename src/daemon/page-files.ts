/** The built web page: files beside the program in a package, built on demand in a working copy. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { fail } from "../base/errors.ts";

/** One file as it is served. */
export interface PageFile {
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** By path, beginning with a slash; the page itself is "/". */
export type PageFiles = ReadonlyMap<string, PageFile>;

const types: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  md: "text/plain; charset=utf-8",
};

/** In a package `web/` beside the program; in a working copy the sources of the page. */
const place = fileURLToPath(new URL("../../web/", import.meta.url));

/** FILE_NOT_FOUND when the page is not there and can't be built. */
export async function pageFiles(): Promise<PageFiles> {
  const builder = join(place, "../tools/build-web.mjs");
  try {
    return existsSync(builder) ? filesOf(await build(builder)) : await readPackaged();
  } catch (cause) {
    throw fail("FILE_NOT_FOUND", {
      happened: `The web page could not be read or built: ${cause instanceof Error ? cause.message : String(cause)}`,
      unchanged: "The service runs all the same.",
      next: "In a working copy run `npm ci`, then start the service again.",
      cause,
    });
  }
}

async function readPackaged(): Promise<PageFiles> {
  const entries = await readdir(place, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const contents = await Promise.all(
    files.map(async (path) => [path.slice(place.length), await readFile(path)] as const),
  );
  return filesOf(new Map(contents));
}

/** The builder keeps what it built, so this is quick but for the first time. */
async function build(builder: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const { stdout } = await promisify(execFile)(process.execPath, [builder], { maxBuffer: 1 << 25 });
  const files = Object.entries(JSON.parse(stdout) as Readonly<Record<string, string>>);
  return new Map(files.map(([path, content]) => [path, Buffer.from(content, "base64")]));
}

function filesOf(contents: ReadonlyMap<string, Uint8Array>): PageFiles {
  const files = new Map<string, PageFile>();
  for (const [path, bytes] of contents) {
    const type = types[path.slice(path.lastIndexOf(".") + 1)];
    if (type !== undefined)
      files.set(path === "index.html" ? "/" : `/${path}`, { type, bytes: Uint8Array.from(bytes) });
  }
  if (!files.has("/")) throw new Error("it has no index.html");
  return files;
}
