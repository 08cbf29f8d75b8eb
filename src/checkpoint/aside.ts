/** Version files that re-creation replaces or deletes are copied to the owning node first. */
import { sha256 } from "../base/digest.ts";
import { makeFoldersDurably, writeFileDurably } from "../base/durable.ts";
import type { Outside } from "../base/outside.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { fileKind, numberName } from "./names.ts";
import { freshCopy } from "./side-copies.ts";

/** The folder `aside/<resource id>/` in a node's data folder: copies of version files as they were found, whole or not. */
export class Aside {
  readonly #outside: Pick<Outside, "files" | "clock">;
  readonly #folder: string;

  /** `folder` is the node's data folder. */
  constructor(outside: Pick<Outside, "files" | "clock">, folder: string) {
    this.#outside = outside;
    this.#folder = folder;
  }

  /** Durable when it resolves, with the path of the copy; the same bytes of a version are kept once. */
  async keep(resource: string, version: Checkpoint, bytes: Uint8Array, why: string): Promise<string> {
    const { files, clock } = this.#outside;
    const folder = await makeFoldersDurably(files, this.#folder, ["aside", resource]);
    const { kind, path, number } = version;
    const digest = sha256(bytes);
    const ending = `-${numberName(number)}-${digest.slice(0, 16)}.${fileKind(kind)}`;
    const there = freshCopy(await files.list(folder), ending, clock.wall());
    if (there !== undefined) return `${folder}/${there}`;
    const time = Math.floor(clock.wall());
    const file = `${folder}/${time}${ending}`;
    const about = { version: 1, kind, path, number, time, fileDigest: digest, why };
    await writeFileDurably(files, `${file}.json`, new TextEncoder().encode(`${JSON.stringify(about)}\n`));
    await writeFileDurably(files, file, bytes);
    return file;
  }
}
