/** The checkpoints of one node: every call of `Checkpoints`, one at a time for each resource. */
import { fail, type Failure } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { Mutex } from "../base/mutex.ts";
import { foldId } from "../database/schema.ts";
import type { Tag } from "../quorum/tag.ts";
import type { Key } from "../tree/key.ts";
import { Aside } from "./aside.ts";
import { auditCheckpoint } from "./audit.ts";
import type {
  Added,
  AddOptions,
  AuditLine,
  CaptureReport,
  Changed,
  Checkpoint,
  CheckpointParts,
  Checkpoints,
  Pending,
  RecreateLine,
  RecreateOptions,
  RestoreReport,
  SideCopy,
} from "./checkpoint.ts";
import {
  commitRemoval,
  commitVersion,
  type Held,
  holdNow,
  notCheckpointed,
  noteLastOwner,
  requireOwned,
} from "./commit.ts";
import { notToBeAdded } from "./add-refusal.ts";
import { Contents, type Content, type Live, type Source } from "./content.ts";
import { Directories } from "./directory.ts";
import { notesOf, putReverted, sourceToAdd } from "./directory-checkpoint.ts";
import { Losers } from "./losers.ts";
import { type CheckpointKind, checkPath, numberName, overlap, parseContainer, samePath, titleOf } from "./names.ts";
import { OfflineEdits } from "./offline-edits.ts";
import {
  checkpointedRecords,
  findCurrent,
  noResource,
  readRecords,
  type ResourceRecords,
  versionsOf,
} from "./records.ts";
import { notCommitted, notWatched } from "./not-committed.ts";
import { recreateCheckpoints, type RecreateParts, withdrawCheckpoints } from "./recreate.ts";
import { restoreCheckpoints } from "./restore.ts";
import { type CaptureRequest, Session } from "./session.ts";
import { listSideCopies } from "./side-copies.ts";
import { readStored } from "./stored.ts";

/** The checkpoints of this node. Nothing is watched before `online` of a resource. */
export function createCheckpoints(parts: CheckpointParts): Checkpoints {
  return new CheckpointEngine(parts);
}

class CheckpointEngine implements Checkpoints {
  readonly #parts: CheckpointParts;
  readonly #contents: Contents;
  readonly #losers: Losers;
  readonly #edits: OfflineEdits;
  readonly #sessions = new Map<string, Session>();
  readonly #mutexes = new Map<string, Mutex>();
  /** Last captures of sessions that have ended, which everything else of the resource waits for. */
  readonly #ending = new Map<string, Promise<Failure | undefined>>();

  constructor(parts: CheckpointParts) {
    this.#parts = parts;
    const { outside, log, folder } = parts;
    this.#contents = new Contents(parts.registry, parts.keys, new Directories({ outside, log, folder }));
    this.#losers = new Losers(parts.outside, parts.folder);
    this.#edits = new OfflineEdits(parts, this.#contents, this.#losers);
    void this.#contents.directories.clear();
  }

  async add(resource: string, kind: CheckpointKind, path: string, options: AddOptions = {}): Promise<Added> {
    const source = sourceToAdd(kind, checkPath(kind, path), options);
    const held = holdNow(this.#parts, resource);
    return this.#alone(held.resource, async () => {
      const where = (one: string): string => (kind === "directory" ? this.#contents.directories.placeOf(one) : one);
      const check = (tree: Key, records: ResourceRecords): void =>
        refuseConflicts(tree, records, source, options.force === true, where);
      const { tree, records } = requireOwned(this.#parts, held);
      check(tree, records);
      if (kind === "directory") await this.#contents.directories.check(source.path);
      const live = await this.#contents.live(source).catch((error: unknown) => {
        throw notToBeAdded(source, records, { tree, node: this.#parts.database.self.node }, failureOf(error));
      });
      const content = await this.#contents.contentAside(live);
      const request = { ...source, content, isNew: true, check };
      const { tag, checkpoint } = await commitVersion(this.#parts, held, request);
      this.#noteCaptured(held.resource, checkpoint);
      this.#sessions.get(held.resource)?.watch(checkpoint);
      return { tag, notes: notesOf(live) };
    });
  }

  async remove(resource: string, kind: CheckpointKind, path: string): Promise<Tag> {
    const stored = checkPath(kind, path);
    const held = holdNow(this.#parts, resource);
    return this.#alone(held.resource, async () => {
      const tag = await commitRemoval(this.#parts, held, kind, stored);
      this.#sessions.get(held.resource)?.unwatch(kind, stored);
      return tag;
    });
  }

  list(resource: string): readonly Checkpoint[] {
    return this.#records(resource).current;
  }

  history(resource: string, kind: CheckpointKind, path: string): readonly Checkpoint[] {
    return versionsOf(this.#records(resource), kind, path).filter(({ withdrawn }) => withdrawn !== true);
  }

  async restoreBeforeOnline(resource: string): Promise<RestoreReport> {
    const held = holdNow(this.#parts, resource);
    return this.#alone(held.resource, async () => {
      const { records } = requireOwned(this.#parts, held);
      const how = { parts: this.#parts, contents: this.#contents, losers: this.#losers };
      const report = await restoreCheckpoints(how, records);
      await noteLastOwner(this.#parts, held);
      return report;
    });
  }

  begin(resource: string, ownershipGeneration: number): void {
    const id = foldId(resource);
    const before = this.#sessions.get(id);
    const { incarnation } = this.#parts.database.self;
    if (before !== undefined && before.held.ownershipGeneration !== ownershipGeneration) this.#drop(before);
    const session = this.#sessions.get(id) ?? this.#newSession({ resource: id, ownershipGeneration, incarnation });
    this.#sessions.set(id, session);
    for (const checkpoint of readRecords(this.#parts.database.tree(), id)?.current ?? []) session.watch(checkpoint);
  }

  async captureNow(resource: string): Promise<CaptureReport> {
    const id = foldId(resource);
    const session = this.#sessions.get(id);
    if (session === undefined) return { captured: [], failed: [] };
    const report = await session.captureNow();
    const current = readRecords(this.#parts.database.tree(), id)?.current ?? [];
    const synced = current.filter(({ path }) => report.captured.includes(path));
    // Without the note, at most a loser too many is kept one day.
    if (synced.length > 0) await this.#losers.noteSynced(id, synced).catch((error: unknown) => this.#warn(id, error));
    return report;
  }

  end(resource: string): void {
    const id = foldId(resource);
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    this.#sessions.delete(id);
    const ending = session.end(this.#ending.get(id)).then((failure) => {
      if (this.#ending.get(id) === ending) this.#ending.delete(id);
      return failure;
    });
    this.#ending.set(id, ending);
  }

  async settled(changed?: Changed, running: readonly string[] = []): Promise<void> {
    const path = changed === undefined ? undefined : { ...changed, path: checkPath(changed.kind, changed.path) };
    const abandoned = running.filter((id) => !this.#sessions.has(id) && !this.#ending.has(id));
    const unwatched = notWatched(this.#parts.database.tree(), abandoned, path);
    if (unwatched !== undefined) throw notCommitted(unwatched);
    const ending = [...this.#ending.values()];
    const results = await Promise.allSettled([...this.#sessions.values()].map((session) => session.settled(path)));
    for (const result of results) if (result.status === "rejected") throw notCommitted(failureOf(result.reason));
    for (const failure of await Promise.all(ending)) if (failure !== undefined) throw notCommitted(failure);
  }

  pending(): readonly Pending[] {
    return [...this.#sessions.values()].flatMap((session) => session.pending());
  }

  async revert(resource: string, path: string, number: number): Promise<Tag> {
    const held = holdNow(this.#parts, resource);
    return this.#alone(held.resource, async () => {
      const { records } = requireOwned(this.#parts, held);
      const version = records.kept.find((one) => one.number === number && samePath(one.kind, one.path, path));
      if (version === undefined) throw noSuchVersion(records, path, number);
      if (findCurrent(records, version.kind, path) === undefined) throw notCheckpointed(records, version.kind, path);
      const { bytes, content } = await readStored(this.#parts.versions, records, version);
      const contentDigest = version.contentDigest === "" ? this.#contents.digestOf(content) : version.contentDigest;
      const { kind } = version;
      const { tag, checkpoint } = await commitVersion(this.#parts, held, {
        kind,
        path,
        content: { bytes, contentDigest },
        isNew: false,
      });
      if (this.#sessions.has(held.resource)) await this.#putReverted(records, checkpoint, content);
      return tag;
    });
  }

  recreate(resource: string, options: RecreateOptions = {}): Promise<readonly RecreateLine[]> {
    return this.#anew(resource, (at) => recreateCheckpoints(at, options));
  }

  withdraw(resource: string, options: RecreateOptions = {}): Promise<readonly RecreateLine[]> {
    return this.#anew(resource, (at) => withdrawCheckpoints(at, options));
  }

  async audit(resource: string): Promise<readonly AuditLine[]> {
    const records = this.#records(resource);
    const scene = { parts: this.#parts, contents: this.#contents, records, online: this.#sessions.has(records.id) };
    return Promise.all(records.current.map((checkpoint) => auditCheckpoint(scene, checkpoint)));
  }

  lookForEdits(): Promise<void> {
    return this.#edits.step((resource) => this.#sessions.has(resource));
  }

  async sideCopies(resource?: string): Promise<readonly SideCopy[]> {
    const { outside, folder } = this.#parts;
    const id = resource === undefined ? undefined : foldId(resource);
    return (await listSideCopies(outside.files, folder)).filter((one) => id === undefined || one.resource === id);
  }

  close(): void {
    for (const session of this.#sessions.values()) this.#drop(session);
  }

  #records(resource: string): ResourceRecords {
    const records = readRecords(this.#parts.database.tree(), resource);
    if (records === undefined) throw noResource(resource);
    return records;
  }

  async #alone<T>(resource: string, work: () => Promise<T>): Promise<T> {
    await this.#contents.directories.clear();
    await this.#ending.get(resource);
    return this.#mutexOf(resource).run(work);
  }

  #mutexOf(resource: string): Mutex {
    const mutex = this.#mutexes.get(resource) ?? new Mutex();
    this.#mutexes.set(resource, mutex);
    return mutex;
  }

  #newSession(held: Held): Session {
    const session: Session = new Session({
      parts: this.#parts,
      contents: this.#contents,
      held,
      records: () => requireOwned(this.#parts, held).records,
      capture: (request) => this.#capture(session, request),
      lost: () => {
        this.#parts.log.warn("checkpoints are no longer watched: the resource is not held any more", { ...held });
        this.#drop(session);
      },
    });
    return session;
  }

  #drop(session: Session): void {
    if (this.#sessions.get(session.held.resource) === session) this.#sessions.delete(session.held.resource);
    session.drop();
  }

  async #capture(session: Session, request: CaptureRequest): Promise<void> {
    const { held } = session;
    const isLast = this.#sessions.get(held.resource) !== session;
    // A session that has ended is what the others wait for.
    if (!isLast) await this.#ending.get(held.resource);
    await this.#mutexOf(held.resource).run(() => this.#captureAlone(held, request));
  }

  async #captureAlone(held: Held, request: CaptureRequest): Promise<void> {
    const { kind, path } = request;
    const { records } = requireOwned(this.#parts, held);
    const current = findCurrent(records, kind, path);
    if (current === undefined) throw notCheckpointed(records, kind, path);
    const content = await this.#contentOf(request, current);
    if (content.contentDigest === current.contentDigest || !("bytes" in content)) return;
    const { checkpoint } = await commitVersion(this.#parts, held, { kind, path, content, isNew: false });
    this.#noteCaptured(held.resource, checkpoint);
  }

  /** Nobody waits for a hint. */
  #noteCaptured(resource: string, checkpoint: Checkpoint): void {
    void this.#losers.noteCaptured(resource, checkpoint).catch((error: unknown) => this.#warn(resource, error));
  }

  async #contentOf(request: CaptureRequest, current: Checkpoint): Promise<Content | Checkpoint> {
    try {
      const live = request.live ?? (await this.#contents.live(current));
      if (live.kind === "directory" && this.#contents.digestOf(live) === current.contentDigest) {
        request.seen(live, current.size);
        return current;
      }
      const content = await this.#contents.contentAside(live);
      request.seen(live, content.bytes.length);
      return content;
    } catch (error) {
      const why = uncapturable(current, failureOf(error));
      // What is being changed now will stand still.
      if (why.name !== "BUSY") request.unavailable(why);
      throw why;
    }
  }

  async #putReverted(records: ResourceRecords, checkpoint: Checkpoint, content: Live): Promise<void> {
    const { kind, path, number } = checkpoint;
    try {
      if (content.kind === "registry")
        await this.#parts.registry.transact([{ kind: "put-tree", path, tree: content.key }]);
      else if (content.kind === "directory")
        await putReverted(this.#contents.directories, this.#parts.log, records.id, checkpoint, content.entry);
      else await this.#parts.keys.importContainer(parseContainer(path), content.bytes);
    } catch (error) {
      const cause = failureOf(error);
      throw fail(cause.name, {
        happened: `Version ${number} of ${titleOf(kind, path)} is current now, but could not be put in place here: ${cause.happened}`,
        unchanged: "The live settings are as they were.",
        next: `Take resource "${records.name}" offline and online again to put it in place.`,
        cause,
      });
    }
  }

  async #anew<T>(resource: string, work: (at: RecreateParts) => Promise<T>): Promise<T> {
    const held = holdNow(this.#parts, resource);
    const { outside, folder } = this.#parts;
    const aside = new Aside(outside, folder);
    const captured = (checkpoint: Checkpoint): void => this.#noteCaptured(held.resource, checkpoint);
    const at = { parts: this.#parts, contents: this.#contents, aside, held, captured };
    return this.#alone(held.resource, () => work(at));
  }

  #warn(resource: string, error: unknown): void {
    this.#parts.log.warn("could not note what is in place on this node", { resource, error });
  }
}

/** The same path twice, or settings of another resource inside these: one would replace the other's (facts §3.3, last row). */
function refuseConflicts(
  tree: Key,
  records: ResourceRecords,
  { kind, path }: Source,
  force: boolean,
  where: (path: string) => string,
): void {
  for (const other of checkpointedRecords(tree)) {
    const isSelf = other.id === records.id;
    if (force && !isSelf) continue;
    const met = other.current.find(
      (one) =>
        one.kind === kind && (isSelf && kind !== "directory" ? samePath : overlap)(kind, where(one.path), where(path)),
    );
    if (met === undefined) continue;
    throw fail("ALREADY_EXISTS", {
      happened: samePath(kind, met.path, path)
        ? `${titleOf(kind, met.path)} is already a checkpoint of resource "${other.name}".`
        : `${titleOf(kind, path)} overlaps ${titleOf(kind, met.path)}, a checkpoint of resource "${other.name}".`,
      unchanged: "Nothing was changed.",
      next: isSelf
        ? ""
        : "Two resources with one key replace each other's settings when one fails over to the other's node: give the keys different " +
          "names on different nodes, or insist (--force).",
    });
  }
}

function noSuchVersion(records: ResourceRecords, path: string, number: number): Failure {
  const numbers = records.kept.filter((one) => samePath(one.kind, one.path, path)).map((one) => one.number);
  return fail("FILE_NOT_FOUND", {
    happened: `"${path}" of resource "${records.name}" has no version ${number} (${numberName(number)}).`,
    unchanged: "Nothing was changed.",
    next: numbers.length === 0 ? "It is not checkpointed." : `Kept versions: ${numbers.join(", ")}.`,
  });
}

function uncapturable({ kind, path, number }: Checkpoint, cause: Failure): Failure {
  return fail(cause.name, {
    happened: `${titleOf(kind, path)} could not be captured: ${cause.happened}`,
    unchanged: `Version ${number} is still the current one; it is put in place at the next online.`,
    next:
      cause.name === "FILE_NOT_FOUND" || cause.name === "NTE_BAD_KEYSET"
        ? "If it is gone for good, remove the checkpoint."
        : cause.next,
    cause,
  });
}
