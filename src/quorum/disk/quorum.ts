/** A quorum in a directory that all nodes share on one local file system. */
import { fail } from "../../base/errors.ts";
import { folderOf } from "../../base/durable.ts";
import { Mutex } from "../../base/mutex.ts";
import type { Files } from "../../base/outside.ts";
import type { Claim, ClaimWho, ClusterIdentity, Leadership, Loaded, Look, Quorum, SnapshotImage } from "../quorum.ts";
import { noCluster } from "../rules.ts";
import { OpenCounter, readCounter } from "./counter.ts";
import { claimPath, currentEpoch, isCurrent, parseClaim, readClaim, takeEpoch } from "./epoch.ts";
import { createCluster } from "./generation.ts";
import { DiskLeadership } from "./leadership.ts";
import { loadBelow } from "./log.ts";
import { currentFolder, currentName, currentPath, generationFolder, hasCode, readIdentity } from "./place.ts";
import type { DiskOutside, GenerationFolder } from "./place.ts";
import { ReplacedFile, withReplaced } from "./replaced-file.ts";
import { diskProofs, diskVersions } from "./versions.ts";

export {
  createQuorumFolder,
  discardQuorumFolder,
  listGenerations,
  retireQuorumFolder,
  switchQuorumFolder,
} from "./generation.ts";

/** What a person may decide when a quorum directory is opened. */
export interface DiskQuorumOptions {
  /** Takes a network or user-space file system although its locks and caches can't be trusted. */
  readonly insist?: boolean;
}

/**
 * Opens the quorum folder `place` (an absolute path; it need not exist before `create`). Fails with INVALID_PARAMETER on
 * a file system that several machines share.
 */
export async function openDiskQuorum(
  outside: DiskOutside,
  place: string,
  options: DiskQuorumOptions = {},
): Promise<Quorum> {
  if (options.insist !== true) await refuseSharedFileSystem(outside.files, place);
  return new DiskQuorum(outside, place, await currentName(outside.files, place));
}

class DiskQuorum implements Quorum {
  readonly kind = "directory";
  readonly place: string;
  readonly proofs: Quorum["proofs"];
  readonly versions: Quorum["versions"];
  readonly #outside: DiskOutside;
  /** The generation that was in force when this handle was opened, or the first one after. */
  #openedIn: string | undefined;
  /** In which generation this handle took an epoch: a newer generation's equal number must not confirm an old leader. */
  readonly #claimedIn = new Map<number, string>();
  readonly #confirming = new Mutex();
  /** What `confirm` wrote last. */
  #counter: { readonly key: string; value: number } | undefined;
  readonly #written = new OpenCounter();
  readonly #watched = new OpenCounter();
  /** The claim that was looked at last. */
  #claim: { readonly path: string; readonly file: ReplacedFile } | undefined;
  #looked: { readonly folder: GenerationFolder; readonly epoch: number; readonly look: Look } | undefined;
  /** Keeps the locks' handles from being collected: a lock that went with its handle would look like a death. */
  readonly #leaderships = new Set<Leadership>();

  constructor(outside: DiskOutside, place: string, openedIn: string | undefined) {
    this.#outside = { ...outside, files: withReplaced(outside.files, currentPath(place)) };
    this.place = place;
    this.#openedIn = openedIn;
    this.proofs = diskProofs(() => currentFolder(this.#outside, place));
    this.versions = diskVersions(() => currentFolder(this.#outside, place));
  }

  async identity(): Promise<ClusterIdentity | undefined> {
    const name = await currentName(this.#outside.files, this.place);
    if (name === undefined) return undefined;
    return readIdentity(generationFolder(this.#outside, this.place, name));
  }

  create(identity: ClusterIdentity, image: SnapshotImage): Promise<void> {
    return createCluster(this.#outside, this.place, identity, image);
  }

  async leader(): Promise<Claim | undefined> {
    const name = await currentName(this.#outside.files, this.place);
    if (name === undefined) return undefined;
    const folder = generationFolder(this.#outside, this.place, name);
    const epoch = await currentEpoch(folder);
    return epoch === 0 ? undefined : readClaim(folder, epoch);
  }

  async holderDied(epoch: number): Promise<boolean> {
    return isFree(await this.#folder(), epoch);
  }

  async counter(epoch: number): Promise<number> {
    return readCounter(await this.#folder(), epoch);
  }

  async look({ epoch }: Claim, glance = false): Promise<Look> {
    const last = this.#looked;
    if (glance && last?.epoch === epoch) {
      const counter = await this.#watched.read(last.folder, epoch);
      if (counter !== last.look.counter) {
        const look = { ...last.look, counter };
        this.#looked = { ...last, look };
        return look;
      }
    }
    return this.#lookAround(epoch);
  }

  async #lookAround(epoch: number): Promise<Look> {
    this.#looked = undefined;
    const name = await currentName(this.#outside.files, this.place);
    if (name === undefined) return { leader: undefined, counter: 0, holderDied: false };
    const folder = generationFolder(this.#outside, this.place, name);
    const [highest, claim, counter, holderDied] = await Promise.all([
      currentEpoch(folder),
      this.#readClaim(folder, epoch),
      this.#watched.read(folder, epoch),
      isFree(folder, epoch),
    ]);
    if (highest === 0) return { leader: undefined, counter, holderDied };
    if (highest !== epoch) return { leader: await readClaim(folder, highest), counter, holderDied };
    const look = { leader: claim, counter, holderDied };
    if (claim !== undefined && !holderDied) this.#looked = { folder, epoch, look };
    return look;
  }

  async claim(after: number, who: ClaimWho): Promise<Leadership | undefined> {
    const folder = await this.#folder();
    if ((await currentEpoch(folder)) !== after) return undefined;
    const handle = await takeEpoch(folder, after + 1, who);
    if (handle === undefined) return undefined;
    this.#claimedIn.set(after + 1, folder.name);
    const leadership: Leadership = new DiskLeadership(folder, after + 1, handle, () => {
      this.#leaderships.delete(leadership);
    });
    this.#leaderships.add(leadership);
    return leadership;
  }

  confirm(epoch: number): Promise<boolean> {
    return this.#confirming.run(async () => {
      this.#openedIn ??= (await this.#folder()).name;
      const name = this.#claimedIn.get(epoch) ?? this.#openedIn;
      const folder = generationFolder(this.#outside, this.place, name);
      const key = `${name}/${epoch}`;
      if (this.#counter?.key !== key) {
        if (!(await isCurrent(folder, epoch))) return false;
        this.#counter = { key, value: await readCounter(folder, epoch) };
      }
      this.#counter.value += 1;
      await this.#written.write(folder, epoch, this.#counter.value);
      return isCurrent(folder, epoch);
    });
  }

  async load(): Promise<Loaded> {
    const found = await loadBelow(await this.#folder(), Number.POSITIVE_INFINITY);
    if (found === undefined) {
      throw fail("CLUSTER_QUORUMLOG_NOT_FOUND", {
        happened: `There is no log in the quorum ${this.place}.`,
        unchanged: "Nothing was changed.",
        next: "Put the folder back from a copy, or restore a backup set.",
      });
    }
    const { identity, snapshot, records } = found;
    return { identity, snapshot, records };
  }

  async letGo(): Promise<void> {
    await Promise.all([this.#written.letGo(), this.#watched.letGo()]);
  }

  /** undefined when the claim is not kept any more. */
  async #readClaim(folder: GenerationFolder, epoch: number): Promise<Claim | undefined> {
    const path = claimPath(folder, epoch);
    if (this.#claim?.path !== path) this.#claim = { path, file: new ReplacedFile(folder.files, path) };
    try {
      return parseClaim(path, epoch, await this.#claim.file.read());
    } catch (error) {
      if (hasCode(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  async #folder(): Promise<GenerationFolder> {
    const name = await currentName(this.#outside.files, this.place);
    if (name === undefined) throw noCluster(this.place);
    return generationFolder(this.#outside, this.place, name);
  }
}

/** Whether a claim is there and nobody holds its lock. */
async function isFree(folder: GenerationFolder, epoch: number): Promise<boolean> {
  try {
    return !(await folder.files.isLocked(claimPath(folder, epoch)));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
}

/** Types whose caches or locks are not one for all who use them. */
const sharedFileSystem = /^(nfs|cifs|smb|fuse|9p|ceph|afs|coda|lustre|gfs|ocfs2|gpfs)/;

async function refuseSharedFileSystem(files: Files, place: string): Promise<void> {
  let existing = place;
  while ((await files.stat(existing)) === undefined && folderOf(existing) !== existing) existing = folderOf(existing);
  const type = await files.fileSystem(existing);
  if (!sharedFileSystem.test(type)) return;
  throw fail("INVALID_PARAMETER", {
    happened: `The quorum folder ${place} is on a file system of the type ${type}: its locks and caches can't carry a quorum directory.`,
    unchanged: "Nothing was changed.",
    next: "Choose a folder on a local disk that all nodes share, or etcd for several machines; or insist, at your own risk.",
  });
}
