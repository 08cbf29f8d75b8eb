/**
 * Small files that are replaced and never written to in place. While the name leads to the very file that was read last, it says what it
 * said: a look at the name is a fifth of what reading costs, and the quorum is looked at many times a second.
 */
import type { Files, FileStat } from "../../base/outside.ts";

/** Reads one path again and again. */
export class ReplacedFile {
  readonly #files: Pick<Files, "read" | "stat">;
  readonly #path: string;
  #read: { readonly stat: FileStat; readonly bytes: Uint8Array } | undefined;

  constructor(files: Pick<Files, "read" | "stat">, path: string) {
    this.#files = files;
    this.#path = path;
  }

  /** As `Files.read`: what the path leads to at some moment after the call began. */
  async read(): Promise<Uint8Array> {
    // Looked at first: what comes between the look and the reading makes the next look differ.
    const stat = await this.#files.stat(this.#path);
    if (stat !== undefined && this.#read !== undefined && isSame(stat, this.#read.stat)) return this.#read.bytes;
    const bytes = await this.#files.read(this.#path);
    this.#read = stat === undefined ? undefined : { stat, bytes };
    return bytes;
  }
}

/** The number of a file that is gone may be given to another one, whose times differ; a person may write into it. */
function isSame(a: FileStat, b: FileStat): boolean {
  const { inode, device, size, modified, changed } = a;
  return (
    inode === b.inode && device === b.device && size === b.size && modified === b.modified && changed === b.changed
  );
}

/** The same files, one of which is replaced and never written to. */
export function withReplaced(files: Files, path: string): Files {
  const replaced = new ReplacedFile(files, path);
  return { ...files, read: (asked) => (asked === path ? replaced.read() : files.read(asked)) };
}
