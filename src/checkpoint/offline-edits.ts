/**
 * Settings that were changed on this node while their resource was not online here, and that are in no version: the next online here
 * replaces them, and keeps them as a side copy (docs/safety.md §3.5). They are seen beforehand and written down for people.
 */
import { newGuid } from "../base/guid.ts";
import { ChangeBuilder } from "../database/change.ts";
import { offlineEditsPrefix } from "../database/schema.ts";
import { findValue, type Key } from "../tree/key.ts";
import { multiSz, multiSzOf } from "../tree/value.ts";
import type { Checkpoint, CheckpointParts } from "./checkpoint.ts";
import type { Contents } from "./content.ts";
import { type Losers, syncedName } from "./losers.ts";
import { fileName } from "./lost.ts";
import { checkpointedRecords, readRecords, type ResourceRecords, versionsOf } from "./records.ts";

/** Checkpoints that one step compares at most, beyond those of its first resource. */
const atOnce = 8;
/** Milliseconds from the beginning of a round to that of the next. */
const roundEvery = 10_000;
/** Folders have to be read to be compared: only in one of so many rounds. */
const roundsForFolders = 6;

/** The rounds of one life of a node. */
export class OfflineEdits {
  readonly #parts: Pick<CheckpointParts, "outside" | "database" | "log">;
  readonly #contents: Contents;
  readonly #losers: Losers;
  #queue: string[] = [];
  #begun = Number.NEGATIVE_INFINITY;
  #round = -1;
  /** By resource, what was found of its folders last: names of files. */
  readonly #folders = new Map<string, readonly string[]>();
  readonly #remembered = new Map<string, string>();

  constructor(parts: Pick<CheckpointParts, "outside" | "database" | "log">, contents: Contents, losers: Losers) {
    this.#parts = parts;
    this.#contents = contents;
    this.#losers = losers;
  }

  /** Compares the next few; nothing when the round is over and the next one not due. */
  async step(isOnlineHere: (resource: string) => boolean): Promise<void> {
    const { database, outside } = this.#parts;
    const now = outside.clock.boot();
    if (this.#queue.length === 0) {
      if (now - this.#begun < roundEvery) return;
      this.#begun = now;
      this.#round++;
      this.#queue = checkpointedRecords(database.tree()).map(({ id }) => id);
    }
    for (let compared = 0; compared < atOnce; ) {
      const resource = this.#queue.shift();
      if (resource === undefined) return;
      const records = readRecords(database.tree(), resource);
      if (records === undefined) continue;
      compared += records.current.length;
      if (isOnlineHere(resource)) this.#folders.delete(resource);
      await this.#note(records, isOnlineHere(resource) ? [] : await this.#editsOf(records));
    }
  }

  async #editsOf(records: ResourceRecords): Promise<string[]> {
    const before = this.#round % roundsForFolders === 0 ? undefined : this.#folders.get(records.id);
    const edits: string[] = [];
    const folders: string[] = [];
    for (const checkpoint of records.current) {
      const name = fileName(checkpoint);
      const isFolder = checkpoint.kind === "directory";
      const isEdited =
        isFolder && before !== undefined ? before.includes(name) : await this.#isEdited(records, checkpoint);
      if (isEdited) edits.push(name);
      if (isEdited && isFolder) folders.push(name);
    }
    this.#folders.set(records.id, folders);
    return edits;
  }

  async #isEdited(records: ResourceRecords, checkpoint: Checkpoint): Promise<boolean> {
    const { kind, path } = checkpoint;
    // What is lost is not put in place.
    if (checkpoint.withdrawn === true || records.lost.has(fileName(checkpoint))) return false;
    const digest = await this.#contents.liveDigest(checkpoint).catch(() => undefined);
    if (digest === undefined) return false;
    const version = versionsOf(records, kind, path).find(({ contentDigest }) => contentDigest === digest);
    if (version !== undefined) {
      await this.#remember(records, version);
      return false;
    }
    return (await this.#losers.synced(records.id)).get(syncedName(checkpoint)) !== digest;
  }

  /** What was a version once is no edit, also when the version is long gone. */
  async #remember({ id }: ResourceRecords, version: Checkpoint): Promise<void> {
    const name = `${id} ${syncedName(version)}`;
    if (this.#remembered.get(name) === version.contentDigest) return;
    await this.#losers.noteCaptured(id, version);
    this.#remembered.set(name, version.contentDigest);
  }

  async #note(records: ResourceRecords, edits: readonly string[]): Promise<void> {
    const { database, outside, log } = this.#parts;
    const tree: Key = database.tree();
    const name = `${offlineEditsPrefix}${database.self.node}`;
    const before = multiSzOf(findValue(tree, records.runtimePath, name)) ?? [];
    if (before.length === edits.length && before.every((one, index) => one === edits[index])) return;
    const change = new ChangeBuilder(tree).exists(records.path).unchanged(records.runtimePath, name);
    if (edits.length === 0) change.remove(records.runtimePath, name);
    else change.set(records.runtimePath, multiSz(name, edits));
    const what =
      edits.length === 0
        ? `No settings of resource "${records.name}" on node ${database.self.node} are to be replaced any more.`
        : `Settings of resource "${records.name}" were changed on node ${database.self.node} while it is not online there.`;
    try {
      await database.submit({ ...change.build(what), requestId: newGuid(outside.random) }, 2000);
    } catch (error) {
      log.warn("could not note offline edits", { resource: records.id, error });
    }
  }
}
