/**
 * Putting a folder or file in place as a whole: built beside it, then the two names are exchanged. At every moment the place holds the old
 * or the new. What a crash leaves is cleared away at the next start, by a note in the node's data folder.
 */
import { sha256 } from "../base/digest.ts";
import { folderOf, writeFileDurably } from "../base/durable.ts";
import { OutsideError, type Files } from "../base/outside.ts";
import { build } from "./directory-build.ts";
import type { Entry } from "./directory-entry.ts";
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

/** One folder or file that is put in place, and can be taken back until `finish`. */
export class DirectoryPlacement {
  readonly #files: Files;
  readonly #work: Work;
  readonly #entry: Entry;
  readonly #live: Scan | undefined;
  #isIn = false;

  /** `live` is what is at `place`, as it was just found; undefined when nothing is there. */
  constructor(files: Files, dataFolder: string, place: string, entry: Entry, live: Scan | undefined) {
    this.#files = files;
    this.#work = workOf(place, dataFolder);
    this.#entry = entry;
    this.#live = live;
  }

  /** When it rejects, the place is as it was. */
  async put(): Promise<void> {
    const { place, beside, note } = this.#work;
    await clear(this.#files, this.#work);
    await this.#files.makeFolder(folderOf(note));
    await this.#files.syncFolder(folderOf(folderOf(note)));
    await writeFileDurably(this.#files, note, new TextEncoder().encode(`${JSON.stringify({ version: 1, place })}\n`));
    try {
      await build(this.#files, { at: beside, entry: this.#entry, place, live: this.#live });
      await this.#files.syncFolder(folderOf(place));
      if (this.#live === undefined) await this.#files.rename(beside, place);
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
    if (this.#isIn && this.#live !== undefined) {
      await removeReplaced(this.#files, { old: beside, place, entry: this.#live.entry });
      await this.#files.syncFolder(folderOf(place));
    }
    await clear(this.#files, this.#work);
  }
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
  const step = async (from: string, to: string): Promise<void> => {
    await files.rename(from, to);
    back.unshift(() => files.rename(to, from));
  };
  try {
    await step(place, between);
    await step(beside, place);
    await files.syncFolder(folderOf(place));
    await step(between, beside);
  } catch (error) {
    for (const undo of back) await undo();
    throw error;
  }
}

/** Of an exchange in two steps that was cut short, the old comes back; then nothing but the place is left. */
async function clear(files: Files, { place, beside, between, note }: Work): Promise<void> {
  const parent = folderOf(place);
  if ((await files.stat(between)) !== undefined) {
    if ((await files.stat(place)) === undefined) await files.rename(between, place);
    else await removeAll(files, between);
    await files.syncFolder(parent);
  }
  if ((await files.stat(beside)) !== undefined) {
    await removeAll(files, beside);
    await files.syncFolder(parent);
  }
  if ((await files.stat(note)) === undefined) return;
  await files.unlink(note);
  await files.syncFolder(folderOf(note));
}

/** Finishes what earlier lives of this node began; the places, and why one could not be finished. */
export async function clearPlacements(
  files: Files,
  dataFolder: string,
): Promise<readonly { readonly place: string; readonly error?: unknown }[]> {
  const cleared: { place: string; error?: unknown }[] = [];
  const folder = `${dataFolder}/placing`;
  if ((await files.stat(folder)) === undefined) return cleared;
  for (const name of await files.list(folder)) {
    const note = `${folder}/${name}`;
    let place = note;
    try {
      const text = new TextDecoder().decode(await files.read(note));
      place = name.endsWith(".json") ? placeOfNote(text) : "";
      if (place === "") await files.unlink(note);
      else await clear(files, workOf(place, dataFolder));
      if (place !== "") cleared.push({ place });
    } catch (error) {
      cleared.push({ place, error });
    }
  }
  return cleared;
}

function placeOfNote(text: string): string {
  const note: unknown = JSON.parse(text);
  const place = typeof note === "object" && note !== null && "place" in note ? note.place : undefined;
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
