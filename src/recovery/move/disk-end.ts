/** A quorum directory as an end of a move. */
import { folderOf, writeNewFile } from "../../base/durable.ts";
import { fail } from "../../base/errors.ts";
import { failureOf } from "../../base/failure-of.ts";
import { newGuid } from "../../base/guid.ts";
import type { Files, Outside } from "../../base/outside.ts";
import { readIfThere } from "../../base/read-if-there.ts";
import { loadBelow } from "../../quorum/disk/log.ts";
import { leaveQuorumFolder, sealQuorumFolder, unsealQuorumFolder, whereabouts } from "../../quorum/disk/moving.ts";
import { currentFolder, currentName, generationFolder } from "../../quorum/disk/place.ts";
import { claimedPlan, lockPlace } from "../../quorum/disk/place-lock.ts";
import {
  createQuorumFolder,
  discardQuorumFolder,
  openDiskQuorum,
  switchQuorumFolder,
} from "../../quorum/disk/quorum.ts";
import { diskProofs, diskVersions } from "../../quorum/disk/versions.ts";
import { versionFile, versionFolder, type VersionBytes, generationName } from "../../quorum/rules.ts";
import { examineQuorum } from "../doctor-quorum.ts";
import type { BuiltQuorum, QuorumEnd, SealedQuorum } from "./quorum-end.ts";
import { checkReadBack } from "./read-back.ts";

type DiskOutside = Pick<Outside, "files" | "random">;

const markPrefix = "/.clubar-mark-";

/** What a person may decide, and who can tell the room on a disk. */
export interface DiskEndOptions {
  /** Takes a file system that several machines share although its locks can't be trusted. */
  readonly insist?: boolean;
  readonly freeBytes?: (path: string) => Promise<number>;
}

/** `place` is an absolute path; for a new place the folder need not be there. */
export function diskEnd(outside: DiskOutside, place: string, options: DiskEndOptions = {}): QuorumEnd {
  const { files } = outside;
  const { insist = false, freeBytes } = options;
  return {
    kind: "directory",
    place,
    lock: (how) => lockPlace(files, place, how),
    claimedBy: () => claimedPlan(files, place),
    whereabouts: () => whereabouts(outside, place),
    seal: async (departure) => void (await sealQuorumFolder(outside, place, departure)),
    unseal: (plan) => unsealQuorumFolder(outside, place, plan),
    leave: (plan) => leaveQuorumFolder(outside, place, plan),
    readSealed: (generation) => readGeneration(outside, place, generation),
    build: ({ identity, image, versions }) => createQuorumFolder(outside, place, identity, image, versions),
    verify: (built) => verify(outside, place, built),
    isInForce: async (identity) => (await currentName(files, place)) === generationName(identity),
    // Only who holds the lock of the place renames, and a rename is never late.
    giveUp: async (identity) => (await currentName(files, place)) !== generationName(identity),
    putInForce: (identity) => switchQuorumFolder(outside, place, identity),
    discard: (identity) => discardQuorumFolder(outside, place, identity),
    async obstacle() {
      const { condition, sentence, generations, strangers } = await examineQuorum(outside, place, { insist });
      const isEmpty = condition === "missing" || condition === "empty" || condition === "unfinished";
      if (!isEmpty || generations.length > 0) return sentence;
      if (strangers.length > 0) return `There is something else in ${place}: ${strangers.join(", ")}.`;
      return openDiskQuorum(outside, place, { insist }).then(
        () => undefined,
        (error: unknown) => failureOf(error).happened,
      );
    },
    size: async () => sizeBelow(files, (await currentFolder(outside, place)).path),
    room: async () => freeBytes?.(await existing(files, place)),
    async leaveMark(mark) {
      const at = `${await existing(files, place)}${markPrefix}${mark}`;
      await writeNewFile(files, at, new TextEncoder().encode(mark));
      return { at, remove: () => files.unlink(at) };
    },
    async checkMark(at, mark) {
      const folder = at.slice(0, at.lastIndexOf("/"));
      const isMark = at.startsWith(`${folder}${markPrefix}`) && `${place}/`.startsWith(`${folder.replace(/\/$/, "")}/`);
      if (!isMark) throw fail("INVALID_PARAMETER", { happened: `${at} is no mark of ${place}` });
      const bytes = await readIfThere(files, at);
      if (bytes === undefined || new TextDecoder().decode(bytes) !== mark)
        throw fail("QUORUM_DISK_NOT_FOUND", { happened: `it does not see the disk of ${place} there` });
      const beside = `${at}.${newGuid(outside.random)}`;
      await writeNewFile(files, beside, new Uint8Array());
      await files.unlink(beside);
    },
  };
}

/** The folder, or the nearest one above it that is there. */
async function existing(files: Files, place: string): Promise<string> {
  let path = place;
  while ((await files.stat(path)) === undefined && folderOf(path) !== path) path = folderOf(path);
  return path;
}

async function sizeBelow(files: Files, path: string): Promise<number> {
  let size = 0;
  for (const name of await files.list(path)) {
    const stat = await files.stat(`${path}/${name}`);
    size += stat?.kind === "folder" ? await sizeBelow(files, `${path}/${name}`) : (stat?.size ?? 0);
  }
  return size;
}

async function readGeneration(outside: DiskOutside, place: string, name: string): Promise<SealedQuorum> {
  const folder = generationFolder(outside, place, name);
  const loaded = await loadBelow(folder, Number.POSITIVE_INFINITY);
  if (loaded === undefined) throw fail("CLUSTER_QUORUMLOG_NOT_FOUND", { happened: `${folder.path} has no log.` });
  const here = (): Promise<typeof folder> => Promise.resolve(folder);
  const source = diskVersions(here);
  const versions: VersionBytes[] = [];
  for (const resource of await source.resources()) {
    for (const version of await source.list(resource)) {
      const name = `${versionFolder(resource)}/${versionFile(version)}`;
      versions.push({ name, bytes: await source.read(version) });
    }
  }
  const { identity, snapshot, records } = loaded;
  return { identity, snapshot, records, versions, proofs: await diskProofs(here).list() };
}

async function verify(outside: DiskOutside, place: string, built: BuiltQuorum): Promise<void> {
  const { path } = generationFolder(outside, place, generationName(built.identity));
  checkReadBack(path, await readGeneration(outside, place, generationName(built.identity)), built);
}
