/**
 * Putting a folder or file in place as a whole: built beside it, then the two names are exchanged. At every moment the place holds the old
 * or the new. What a crash leaves is cleared away at the next start, by a note in the node's data folder.
 */
import { sha256 } from "../base/digest.ts";
import { folderOf, writeFileDurably } from "../base/durable.ts";
import { fail, type Failure } from "../base/errors.ts";
import { OutsideError, type Files } from "../base/outside.ts";
import { readIfThere } from "../base/read-if-there.ts";
import { build } from "./directory-build.ts";
import { type Entry, entryDigest } from "./directory-entry.ts";
import {
  keepChanged,
  keepUnlessRead,
  type OldKeeper,
  type OldMark,
  oldMarkOf,
  type Replacing,
} from "./directory-kept.ts";
import { openedUp, removeReplaced } from "./directory-old.ts";
import type { Scan } from "./directory-scan.ts";
import { atOnce } from "./directory-walk.ts";
import { inParallel } from "./in-parallel.ts";

/** Where an exchange is under way. */
interface Work {
  readonly place: string;
  /** The new, then the old, beside the place. */
  readonly beside: string;
  /** The old for a moment, where a file system can't exchange names. */
  readonly between: string;
  readonly note: string;
}

function workOf(place: string, dataFolder: string): Work {
  const id = sha256(new TextEncoder().encode(JSON.stringify(place))).slice(0, 16);
  const beside = `${folderOf(place) === "/" ? "" : folderOf(place)}/.clubar-${id}`;
  return { place, beside, between: `${beside}.old`, note: `${dataFolder}/placing/${id}.json` };
}

/** What a placement works with. */
export interface PlacementParts {
  readonly files: Files;
  /** The node's data folder. */
  readonly folder: string;
  readonly keeper: OldKeeper;
}

/** One folder or file that is put in place, and can be taken back until `finish`. */
export class DirectoryPlacement {
  readonly #parts: PlacementParts;
  readonly #files: Files;
  readonly #work: Work;
  readonly #entry: Entry;
  readonly #live: Scan | undefined;
  readonly #by: Replacing;
  #old: OldMark | undefined;
  #isIn = false;

  /** `live` is what is at `place`, as it was just found; undefined when nothing is there. */
  constructor(parts: PlacementParts, place: string, entry: Entry, live: Scan | undefined, by: Replacing) {
    this.#parts = parts;
    this.#files = parts.files;
    this.#work = workOf(place, parts.folder);
    this.#entry = entry;
    this.#live = live;
    this.#by = by;
  }

  /** When it rejects, the place is as it was; BUSY when something appeared there meanwhile. */
  async put(): Promise<void> {
    const { place, beside, note } = this.#work;
    await clear(this.#parts, this.#work);
    await this.#files.makeFolder(folderOf(note));
    await this.#files.syncFolder(folderOf(folderOf(note)));
    this.#old = await this.#markOld();
    await writeFileDurably(this.#files, note, noteOf({ place, old: this.#old }));
    try {
      await build(this.#files, { at: beside, entry: this.#entry, place, live: this.#live });
      await this.#files.syncFolder(folderOf(place));
      if (this.#live === undefined) await moveNew(this.#files, beside, place);
      else await swap(this.#files, this.#work);
      this.#isIn = true;
      await this.#files.syncFolder(folderOf(place));
    } catch (error) {
      await this.undo().catch(() => undefined);
      throw error;
    }
  }

  /** The old is back. */
  async undo(): Promise<void> {
    const { place, beside } = this.#work;
    if (this.#isIn) {
      if (this.#live === undefined) await this.#files.rename(place, beside);
      else await swap(this.#files, this.#work);
      this.#isIn = false;
      await this.#files.syncFolder(folderOf(place));
    }
    await this.finish();
  }

  /** What is not in place goes. */
  async finish(): Promise<void> {
    const { place, beside } = this.#work;
    if (this.#isIn && this.#live !== undefined && this.#old !== undefined) {
      await keepChanged(this.#files, this.#parts.keeper, { old: beside, place, mark: this.#old, scan: this.#live });
      await removeReplaced(this.#files, { old: beside, place, entry: this.#live.entry });
      await this.#files.syncFolder(folderOf(place));
    }
    await clear(this.#parts, this.#work);
  }

  async #markOld(): Promise<OldMark | undefined> {
    if (this.#live === undefined) return undefined;
    const inode = (await this.#files.stat(this.#work.place))?.inode;
    return { inode: String(inode), digest: entryDigest(this.#live.entry), by: this.#by };
  }
}

function noteOf(note: { readonly place: string; readonly old: OldMark | undefined }): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify({ version: 1, ...note })}\n`);
}

/** Gives what was built a name that nobody has. */
async function moveNew(files: Files, from: string, to: string): Promise<void> {
  try {
    // A folder never takes the place of a file, nor of a folder with anything in it; a file would.
    if ((await files.stat(from))?.kind === "folder") return await files.rename(from, to);
    await files.link(from, to);
  } catch (error) {
    if (!(error instanceof OutsideError)) throw error;
    if (["EEXIST", "ENOTDIR", "ENOTEMPTY"].includes(error.code)) throw appeared(to);
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP"].includes(error.code)) throw error;
    // There are no second names here: a moment is left in which something could appear.
    if ((await files.stat(to)) !== undefined) throw appeared(to);
    return files.rename(from, to);
  }
  await files.unlink(from);
}

function appeared(place: string): Failure {
  return fail("BUSY", {
    happened: `Something appeared at ${place} while a version was put in place there.`,
    unchanged: "It was left alone.",
    next: "Bring the resource online again: what is there now is kept, and then replaced.",
  });
}

/** When it rejects, the two names are as they were. */
async function swap(files: Files, work: Work): Promise<void> {
  const { place, beside } = work;
  try {
    await files.exchange(beside, place);
  } catch (error) {
    if (!(error instanceof OutsideError) || !["ENOSYS", "EINVAL", "ENOTSUP", "EOPNOTSUPP"].includes(error.code))
      throw error;
    await swapInSteps(files, work);
  }
}

/** The old is away under a name of its own until the new is in place for good: until then a start brings it back. */
async function swapInSteps(files: Files, { place, beside, between }: Work): Promise<void> {
  const back: (() => Promise<void>)[] = [];
  const step = async (how: "away" | "new", from: string, to: string): Promise<void> => {
    await (how === "new" ? moveNew(files, from, to) : files.rename(from, to));
    back.unshift(() => moveNew(files, to, from));
  };
  try {
    await step("away", place, between);
    await step("new", beside, place);
    await files.syncFolder(folderOf(place));
    await step("away", between, beside);
  } catch (error) {
    for (const undo of back) await undo();
    throw error;
  }
}

/** Of an exchange in two steps that was cut short, the old comes back; then nothing but the place is left. */
async function clear(parts: PlacementParts, work: Work): Promise<void> {
  const { files } = parts;
  const { place, beside, between, note } = work;
  const parent = folderOf(place);
  const old = await oldOfNote(files, note);
  if ((await files.stat(between)) !== undefined) {
    if ((await files.stat(place)) === undefined) await moveNew(files, between, place);
    else await discard(parts, place, between, old);
    await files.syncFolder(parent);
  }
  if ((await files.stat(beside)) !== undefined) {
    await discard(parts, place, beside, old);
    await files.syncFolder(parent);
  }
  if ((await files.stat(note)) === undefined) return;
  await files.unlink(note);
  await files.syncFolder(folderOf(note));
}

/** What may be the old is looked at before it goes; what was built is in a version. */
async function discard(
  { files, keeper }: PlacementParts,
  place: string,
  path: string,
  old: OldMark | undefined,
): Promise<void> {
  const inodeOf = async (at: string): Promise<string> => String((await files.stat(at))?.inode);
  if (old !== undefined && (await inodeOf(place)) !== old.inode) {
    const entry = await keepUnlessRead(keeper, path, old);
    if ((await inodeOf(path)) === old.inode) await removeReplaced(files, { old: path, place, entry });
  }
  if ((await files.stat(path)) !== undefined) await removeAll(files, path);
}

async function oldOfNote(files: Files, note: string): Promise<OldMark | undefined> {
  const bytes = await readIfThere(files, note);
  try {
    return bytes === undefined ? undefined : oldMarkOf(parsed(bytes));
  } catch {
    // A damaged note says nothing of what was there.
    return undefined;
  }
}

/** Finishes what earlier lives of this node began; the places, and why one could not be finished. */
export async function clearPlacements(
  parts: PlacementParts,
): Promise<readonly { readonly place: string; readonly error?: unknown }[]> {
  const { files } = parts;
  const cleared: { place: string; error?: unknown }[] = [];
  const folder = `${parts.folder}/placing`;
  if ((await files.stat(folder)) === undefined) return cleared;
  for (const name of await files.list(folder)) {
    const note = `${folder}/${name}`;
    let place = note;
    try {
      place = name.endsWith(".json") ? placeOfNote(await files.read(note)) : "";
      if (place === "") await files.unlink(note);
      else await clear(parts, workOf(place, parts.folder));
      if (place !== "") cleared.push({ place });
    } catch (error) {
      cleared.push({ place, error });
    }
  }
  return cleared;
}

function parsed(bytes: Uint8Array): object {
  const note: unknown = JSON.parse(new TextDecoder().decode(bytes));
  return typeof note === "object" && note !== null ? note : {};
}

function placeOfNote(bytes: Uint8Array): string {
  const note = parsed(bytes);
  const place = "place" in note ? note.place : undefined;
  if (typeof place === "string" && place.startsWith("/")) return place;
  throw new OutsideError("EIO", "the note names no place");
}

/** Removes a file, a link, or a folder with everything in it; links are not followed. */
async function removeAll(files: Files, path: string): Promise<void> {
  try {
    return await files.unlink(path);
  } catch (error) {
    if (!(error instanceof OutsideError) || !["EISDIR", "EPERM"].includes(error.code)) throw error;
  }
  await openedUp(files, path, async (inside) =>
    inParallel(await files.list(inside), atOnce, (name) => removeAll(files, `${inside}/${name}`)),
  );
  await files.removeFolder(path);
}
