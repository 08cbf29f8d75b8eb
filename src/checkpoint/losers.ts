/** What putting a version in place overwrites is kept on the node, when it was never a version (docs/safety.md §3.5). */
import { sha256 } from "../base/digest.ts";
import { makeFoldersDurably, temporaryEnding, writeFileDurably } from "../base/durable.ts";
import { Mutex } from "../base/mutex.ts";
import type { Outside } from "../base/outside.ts";
import { foldName } from "../tree/path.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { Content } from "./content.ts";
import { fileKind } from "./names.ts";
import { freshCopy } from "./side-copies.ts";

/** The folder `losers/<resource id>/` in a node's data folder: overwritten contents, and what was last in step (`synced.json`). */
export class Losers {
  readonly #outside: Pick<Outside, "files" | "clock">;
  readonly #folder: string;
  readonly #mutex = new Mutex();

  /** `folder` is the node's data folder. */
  constructor(outside: Pick<Outside, "files" | "clock">, folder: string) {
    this.#outside = outside;
    this.#folder = folder;
  }

  /** Writes the content and, beside it, what it was; the path of the content. The same content is kept once. */
  async keep(
    resource: string,
    replacedBy: Pick<Checkpoint, "kind" | "path" | "number">,
    content: Content,
  ): Promise<string> {
    const { files, clock } = this.#outside;
    const folder = await makeFoldersDurably(files, this.#folder, ["losers", resource]);
    const { kind, path, number } = replacedBy;
    const ending = `-${sha256(new TextEncoder().encode(`${kind} ${path}\n${content.contentDigest}`)).slice(0, 16)}.${fileKind(kind)}`;
    const there = freshCopy(await files.list(folder), ending, clock.wall());
    if (there !== undefined) return `${folder}/${there}`;
    const time = clock.wall();
    const file = `${folder}/${Math.floor(time)}${ending}`;
    const about = { version: 1, kind, path, replacedBy: number, time, contentDigest: content.contentDigest };
    await writeFileDurably(files, `${file}.json`, new TextEncoder().encode(`${JSON.stringify(about)}\n`));
    await writeFileDurably(files, file, content.bytes);
    return file;
  }

  /** Content digests of what was last put in place or captured on this node, by `syncedName`; empty when nothing is known. */
  async synced(resource: string): Promise<ReadonlyMap<string, string>> {
    try {
      const text = new TextDecoder().decode(await this.#outside.files.read(this.#syncedFile(resource)));
      const stored: unknown = JSON.parse(text);
      if (typeof stored !== "object" || stored === null) return new Map();
      return new Map(Object.entries(stored).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
    } catch {
      // Not knowing only keeps a loser too many.
      return new Map();
    }
  }

  /** These, and nothing else, are in step on this node now. */
  async noteSynced(resource: string, checkpoints: readonly Checkpoint[]): Promise<void> {
    const entries = checkpoints.map((checkpoint) => [syncedName(checkpoint), checkpoint.contentDigest] as const);
    await this.#mutex.run(async () => {
      await this.#outside.files.makeFolder(`${this.#folder}/losers/${resource}`);
      await writeFileDurably(this.#outside.files, this.#syncedFile(resource), textOf(new Map(entries)));
    });
  }

  /** This one is in step too. A hint that a loss of power may take: it is written with every version, so it must cost little. */
  async noteCaptured(resource: string, checkpoint: Checkpoint): Promise<void> {
    const { files } = this.#outside;
    await this.#mutex.run(async () => {
      const known = new Map(await this.synced(resource)).set(syncedName(checkpoint), checkpoint.contentDigest);
      await files.makeFolder(`${this.#folder}/losers/${resource}`);
      const file = this.#syncedFile(resource);
      const temporary = `${file}.captured${temporaryEnding}`;
      await files.unlink(temporary).catch(() => undefined);
      const handle = await files.open(temporary, "create");
      try {
        await handle.write(textOf(known), 0);
      } finally {
        await handle.close();
      }
      await files.rename(temporary, file);
    });
  }

  #syncedFile(resource: string): string {
    return `${this.#folder}/losers/${resource}/synced.json`;
  }
}

function textOf(known: ReadonlyMap<string, string>): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(Object.fromEntries(known))}\n`);
}

/** How `synced.json` names a checkpoint: its kind and path, folded unless files have it, and since when it is that checkpoint. */
export function syncedName({ kind, path, since }: Pick<Checkpoint, "kind" | "path" | "since">): string {
  return `${kind}${since === undefined ? "" : ` since ${since}`} ${kind === "directory" ? path : foldName(path)}`;
}
