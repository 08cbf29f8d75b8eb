import { failureOf } from "../../base/failure-of.ts";
import type { Journal } from "../../base/journal.ts";
import { Mutex } from "../../base/mutex.ts";
import type { FileHandle } from "../../base/outside.ts";
import type { ClusterIdentity, Leadership, Loaded, LogRecord, Proof, SnapshotImage, VersionName } from "../quorum.ts";
import { checkNext, checkRebuilt, checkSnapshot, leadershipOver, newestTag } from "../rules.ts";
import type { Tag } from "../tag.ts";
import { clearOld } from "./clear.ts";
import { removeIfThere, temporaryName } from "./commit.ts";
import { epochName, isCurrent } from "./epoch.ts";
import { createLog, loadBelow, logPath } from "./log.ts";
import { encodeRecord } from "./log-codec.ts";
import { hasCode } from "./place.ts";
import type { GenerationFolder } from "./place.ts";
import { proofPath, removeEmptyVersions, versionPath } from "./versions.ts";

interface OpenLog {
  readonly identity: ClusterIdentity;
  readonly journal: Journal;
  readonly name: string;
  readonly index: number;
  /** Size of the log with no record in it. */
  readonly emptySize: number;
}

/** Leadership over a generation folder. Every rejection and every "unknown" ends it. */
export class DiskLeadership implements Leadership {
  readonly epoch: number;
  readonly #folder: GenerationFolder;
  /** Holds the lock of the claim. */
  readonly #claim: FileHandle;
  /** One at a time: opening logs. Appends wait for it, and it for them. */
  readonly #mutex = new Mutex();
  readonly #appending = new Set<Promise<unknown>>();
  #log: OpenLog | undefined;
  #last: Tag | undefined;
  #check: Promise<boolean> | undefined;
  #over: Error | undefined;
  #resigned = false;

  readonly #onResigned: () => void;

  constructor(folder: GenerationFolder, epoch: number, claim: FileHandle, onResigned: () => void) {
    this.#folder = folder;
    this.epoch = epoch;
    this.#claim = claim;
    this.#onResigned = onResigned;
  }

  takeOver(rebuild: (loaded: Loaded) => SnapshotImage): Promise<Loaded> {
    return this.#alone(async () => {
      if (this.#log !== undefined) throw leadershipOver(this.epoch, "its log was opened already");
      const found = await loadBelow(this.#folder, this.epoch);
      if (found === undefined) throw leadershipOver(this.epoch, "no log of an older epoch is left");
      const { log, ...loaded } = found;
      const image = rebuild(loaded);
      checkRebuilt(loaded, image, this.epoch);
      await this.#openLog(loaded.identity, 0, { log, upTo: newestTag(loaded) }, image);
      return loaded;
    });
  }

  async append(record: LogRecord): Promise<"acknowledged" | "unknown"> {
    // The mutex keeps call order; the write itself runs outside it, so that calls share one fsync.
    let written: Promise<void> | undefined;
    await this.#mutex.run(async () => {
      written = this.#write(record);
      written.catch(() => undefined);
    });
    try {
      await written;
      if (await this.#stillCurrent()) {
        if (this.#over !== undefined) throw this.#over;
        return "acknowledged";
      }
      this.#end(leadershipOver(this.epoch, "another node took the quorum"));
      return "unknown";
    } catch (error) {
      this.#end(error);
      throw error;
    }
  }

  #write(record: LogRecord): Promise<void> {
    try {
      if (this.#over !== undefined) throw this.#over;
      if (this.#log === undefined || this.#last === undefined) throw leadershipOver(this.epoch, "it never took over");
      checkNext(this.#last, record);
      this.#last = record.tag;
      const written = this.#log.journal.append(encodeRecord(record));
      const settled: Promise<unknown> = written
        .catch((error: unknown) => this.#end(error))
        .then(() => this.#appending.delete(settled));
      this.#appending.add(settled);
      return written;
    } catch (error) {
      return Promise.reject(this.#end(error));
    }
  }

  /** One read of the epoch serves every append whose fsync ended before the read began. */
  #stillCurrent(): Promise<boolean> {
    this.#check ??= Promise.resolve().then(() => {
      this.#check = undefined;
      return isCurrent(this.#folder, this.epoch);
    });
    return this.#check;
  }

  logSize(): number {
    return this.#log === undefined ? 0 : this.#log.journal.size() - this.#log.emptySize;
  }

  snapshot(image: SnapshotImage): Promise<void> {
    return this.#alone(async () => {
      const log = this.#log;
      if (log === undefined || this.#last === undefined) throw leadershipOver(this.epoch, "it never took over");
      await Promise.all(this.#appending);
      if (this.#over !== undefined) throw this.#over;
      checkSnapshot(this.#last, image);
      try {
        await this.#openLog(log.identity, log.index + 1, { log: log.name, upTo: this.#last }, image);
      } finally {
        if (this.#log !== log) await log.journal.close();
      }
    });
  }

  async #openLog(
    identity: ClusterIdentity,
    index: number,
    previous: { log: string; upTo: Tag },
    image: SnapshotImage,
  ): Promise<void> {
    const at = { epoch: this.epoch, index, previous };
    const { journal, name, header } = await createLog(this.#folder, identity, at, image);
    this.#log = { identity, journal, name, index, emptySize: journal.size() };
    this.#last = image.tag;
    await this.#requireCurrent();
    const inUse = { epoch: this.epoch, log: name, snapshot: header.snapshot, previousLog: previous.log };
    await this.#nameForPeople(name).catch(() => undefined);
    await clearOld(this.#folder, inUse).catch(() => undefined);
  }

  /** `quolog.log` is a second name of the newest log, for people and tools; nothing reads it. */
  async #nameForPeople(name: string): Promise<void> {
    const { files, random, path } = this.#folder;
    const temporary = `${path}/${temporaryName(random, epochName(this.epoch))}`;
    await files.link(logPath(this.#folder, name), temporary);
    try {
      await files.rename(temporary, `${path}/quolog.log`);
    } catch (error) {
      await removeIfThere(files, temporary);
      throw error;
    }
  }

  deleteVersion(version: VersionName): Promise<void> {
    return this.#alone(async () => {
      await this.#requireCurrent();
      await unlinkIfThere(this.#folder.files.unlink(versionPath(this.#folder, version)));
      await removeEmptyVersions(this.#folder, version.resource).catch(() => undefined);
    });
  }

  deleteProof(proof: Proof): Promise<void> {
    return this.#alone(async () => {
      await this.#requireCurrent();
      await unlinkIfThere(this.#folder.files.unlink(proofPath(this.#folder, proof)));
    });
  }

  async resign(): Promise<void> {
    this.#end(leadershipOver(this.epoch, "its holder resigned"));
    await this.#mutex.run(async () => {
      if (this.#resigned) return;
      this.#resigned = true;
      await Promise.all(this.#appending);
      await this.#log?.journal.close().catch(() => undefined);
      await this.#claim.close();
      this.#onResigned();
    });
  }

  async #requireCurrent(): Promise<void> {
    if (await isCurrent(this.#folder, this.epoch)) return;
    throw leadershipOver(this.epoch, "another node took the quorum");
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    return this.#mutex.run(async () => {
      try {
        if (this.#over !== undefined) throw this.#over;
        return await work();
      } catch (error) {
        this.#end(error);
        throw error;
      }
    });
  }

  #end(why: unknown): Error {
    this.#over ??= why instanceof Error ? why : failureOf(why);
    return this.#over;
  }
}

async function unlinkIfThere(unlinked: Promise<void>): Promise<void> {
  try {
    await unlinked;
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}
