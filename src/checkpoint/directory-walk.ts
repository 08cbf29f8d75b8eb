/** What is in a folder, by looking and not by reading. Symbolic links are never followed. */
import { fail, type Failure } from "../base/errors.ts";
import { type Files, type FileStat, OutsideError } from "../base/outside.ts";
import type { DirectoryFilter } from "./directory-filter.ts";
import type { Matcher } from "./directory-matcher.ts";
import { inParallel } from "./in-parallel.ts";

/** One thing that a checkpoint takes. */
export interface Item {
  /** Relative to the folder, with `/`; "" is the folder (or file) itself. */
  readonly path: string;
  readonly stat: FileStat & { readonly kind: "file" | "folder" | "link" };
  /** Of a folder: names of the items in it. */
  readonly names: readonly string[];
}

/** What a checkpoint leaves alone, with everything below it. */
export interface Left {
  readonly path: string;
  readonly why: "excluded" | "not included" | "socket, pipe or device" | "another file system";
}

/** A folder as it was found. */
export interface Walk {
  /** By path; a folder comes before what is in it. */
  readonly items: ReadonlyMap<string, Item>;
  readonly left: readonly Left[];
  /** Bytes of all files that are taken. */
  readonly size: number;
}

/** Calls of the outside at once. */
export const atOnce = 16;
const mostItems = 100_000;

/** FILE_NOT_FOUND when there is nothing; MORE_DATA above the size, said before anything is read; BUSY when things come and go. */
export async function walkFolder(
  files: Files,
  place: string,
  filter: DirectoryFilter,
  matcher: Matcher,
): Promise<Walk> {
  const root = await files.stat(place);
  if (root === undefined) throw nothing(place);
  if (!isTaken(root)) throw noFolder(place, root);
  const walking = new Walking(files, place, root.device, matcher);
  const items = new Map<string, Item>();
  if (root.kind === "folder") await walking.folder("", root, matcher.includes(""));
  else walking.items.push({ path: "", stat: root, names: [] });
  let size = 0;
  for (const item of walking.items.sort((a, b) => (a.path < b.path ? -1 : 1))) {
    items.set(item.path, item);
    if (item.stat.kind === "file") size += item.stat.size;
  }
  if (size > filter.maxSize || items.size > mostItems) throw tooLarge(place, filter, size, walking.items);
  return { items, left: walking.left.sort((a, b) => (a.path < b.path ? -1 : 1)), size };
}

class Walking {
  readonly items: Item[] = [];
  readonly left: Left[] = [];
  readonly #files: Files;
  readonly #place: string;
  readonly #device: bigint;
  readonly #matcher: Matcher;

  constructor(files: Files, place: string, device: bigint, matcher: Matcher) {
    this.#files = files;
    this.#place = place;
    this.#device = device;
    this.#matcher = matcher;
  }

  /** With its items, when it is `included` or something in it is; whether that was so. */
  async folder(path: string, stat: Item["stat"], included: boolean): Promise<boolean> {
    const taken: string[] = [];
    const names = await this.#files.list(join(this.#place, path)).catch((error: unknown) => {
      throw comesAndGoes(this.#place, error);
    });
    const folders: { readonly name: string; readonly stat: Item["stat"] }[] = [];
    await inParallel(names, atOnce, async (name) => {
      const inner = join(path, name);
      const found = await this.#files.stat(join(this.#place, inner));
      if (found === undefined) throw comesAndGoes(this.#place);
      if (this.#matcher.excludes(inner)) this.left.push({ path: inner, why: "excluded" });
      else if (!isTaken(found)) this.left.push({ path: inner, why: "socket, pipe or device" });
      else if (found.device !== this.#device) this.left.push({ path: inner, why: "another file system" });
      else if (found.kind === "folder") folders.push({ name, stat: found });
      else if (included || this.#matcher.includes(inner)) {
        taken.push(name);
        this.items.push({ path: inner, stat: found, names: [] });
      } else this.left.push({ path: inner, why: "not included" });
    });
    // One after the other: each looks at many things at once already.
    for (const { name, stat: found } of folders) {
      const inner = join(path, name);
      if (await this.folder(inner, found, included || this.#matcher.includes(inner))) taken.push(name);
    }
    if (!included && path !== "" && taken.length === 0) return false;
    this.items.push({ path, stat, names: taken.sort() });
    return true;
  }
}

/** Names of a path below a folder. */
export function join(folder: string, name: string): string {
  return folder === "" || name === "" ? folder + name : `${folder}/${name}`;
}

function isTaken(stat: FileStat): stat is Item["stat"] {
  return stat.kind !== "other";
}

function nothing(place: string): Failure {
  return fail("FILE_NOT_FOUND", {
    happened: `There is no file or folder ${place} on this node.`,
    unchanged: "Nothing was captured.",
    next: "Make it, or remove the checkpoint.",
  });
}

function noFolder(place: string, { kind }: FileStat): Failure {
  return fail("BAD_PATHNAME", {
    happened: `${place} is ${kind === "link" ? "a symbolic link" : "a socket, pipe or device"} and no file or folder.`,
    unchanged: "Nothing was captured.",
    next: "Name the file or folder itself.",
  });
}

function comesAndGoes(place: string, cause?: unknown): Error {
  if (cause instanceof Error && (!(cause instanceof OutsideError) || !["ENOENT", "ENOTDIR"].includes(cause.code)))
    return cause;
  return changing(place, "files in it come and go");
}

/** BUSY: it would be neither the old nor the new. */
export function changing(place: string, how: string): Failure {
  return fail("BUSY", {
    happened: `${place} is being changed: ${how}.`,
    unchanged: "Nothing was captured; the newest committed version is still the current one.",
    next: "It is tried again. What is written all the time (logs, caches) is better left out: --exclude.",
  });
}

function tooLarge(place: string, { maxSize }: DirectoryFilter, size: number, items: readonly Item[]): Failure {
  if (items.length > mostItems) {
    return fail("MORE_DATA", {
      happened: `${place} holds ${items.length} files and folders; a checkpoint takes ${mostItems}.`,
      unchanged: "Nothing was captured.",
      next: "Leave some out (--exclude), or name a smaller folder.",
    });
  }
  const [largest] = items.filter(({ stat }) => stat.kind === "file").sort((a, b) => b.stat.size - a.stat.size);
  return fail("MORE_DATA", {
    happened:
      `${place} holds ${size} bytes, and this checkpoint takes ${maxSize}` +
      (largest === undefined || largest.path === ""
        ? "."
        : `; the largest file is ${largest.path} with ${largest.stat.size}.`),
    unchanged: "Nothing was captured.",
    next: "Leave files out that are no settings (--exclude), or allow more (--max-size).",
  });
}
