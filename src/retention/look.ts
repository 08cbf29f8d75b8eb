/** Looks at what clubar keeps beside what is in force: on this node, and the generations in its quorum folder. Read-only. */
import { fileOfVersion, type NamedVersion, namedVersions } from "../backup/backup.ts";
import { sha256 } from "../base/digest.ts";
import { Failure } from "../base/errors.ts";
import type { Files, Outside } from "../base/outside.ts";
import { readIfThere } from "../base/read-if-there.ts";
import { listSideCopies } from "../checkpoint/side-copies.ts";
import { readState } from "../database/state.ts";
import { currentName } from "../quorum/disk/place.ts";
import type { Quorum } from "../quorum/quorum.ts";
import { lastNodeRestore, lastResult, readPresent } from "../restore/restore.ts";
import type { Key } from "../tree/key.ts";
import type { Kept } from "./rule.ts";

/** Whose things they are. */
export interface KeptPlaces {
  readonly outside: Pick<Outside, "files" | "random" | "clock">;
  /** This node's data folder. */
  readonly data: string;
  /** This node's id. */
  readonly node: string;
  /** The quorum. Old generations in an etcd are cleared away by the leader. */
  readonly quorum: string;
  readonly insist: boolean;
}

/** What is there, and the database in force; no database: nobody can say what is still needed. */
export interface Found {
  readonly kept: readonly Kept[];
  readonly tree: Key | undefined;
  /** Why there is no database. */
  readonly why: string;
}

const day = 86_400_000;

/** The beginning of the name of what is being removed. */
export const removing = ".removing-";

/** Everything, in the order in which it is shown. */
export async function lookAtKept(places: KeptPlaces): Promise<Found> {
  const { outside, data, quorum, insist } = places;
  const { files } = outside;
  const present = await readPresent(outside, quorum, insist, data);
  if (present.state !== "readable")
    return { kept: [], tree: undefined, why: present.state === "none" ? "there is none" : present.why };
  const { tree } = present;
  const lost = await lostVersions(present.quorum, tree);
  const unfinished = await unfinishedElsewhere(places, tree);
  const result = await lastResult(files, data);
  const kept: Kept[] = [
    ...(await sideCopies(places, lost)),
    ...(await loneDescriptions(places)),
    ...(await divergedCopies(files, data)),
    ...(await savedFiles(files, data)),
    ...(await folders(files, `${data}/safety`, "safety", async (path) =>
      path === result?.safety?.path ? "the way back from the last restore" : holdsLost(files, path, lost),
    )),
    ...(present.quorum.kind === "directory"
      ? await generations(files, quorum, async (path) => unfinished ?? holdsLost(files, path, lost))
      : []),
  ];
  return { kept, tree, why: "" };
}

/** Current versions whose file is not in force: a copy of it is the only one. */
async function lostVersions({ versions }: Quorum, tree: Key): Promise<readonly NamedVersion[]> {
  const lost: NamedVersion[] = [];
  for (const version of namedVersions(tree)) {
    const bytes = await versions.read(version).catch((error: unknown) => {
      if (error instanceof Failure && error.name === "FILE_NOT_FOUND") return undefined;
      throw error;
    });
    const isWhole = bytes !== undefined && (version.fileDigest === "" || sha256(bytes) === version.fileDigest);
    if (!isWhole) lost.push(version);
  }
  return lost;
}

async function holdsLost(files: Files, folder: string, lost: readonly NamedVersion[]): Promise<string | undefined> {
  for (const version of lost) {
    const bytes = await readIfThere(files, `${folder}/${fileOfVersion(version)}`);
    if (bytes !== undefined && (version.fileDigest === "" || sha256(bytes) === version.fileDigest))
      return `it has the file of ${version.path} of "${version.resourceName}", which the quorum lost`;
  }
  return undefined;
}

async function sideCopies({ outside: { files }, data }: KeptPlaces, lost: readonly NamedVersion[]): Promise<Kept[]> {
  const digests = new Set(lost.map(({ fileDigest }) => fileDigest));
  const found: Kept[] = [];
  for (const { resource, kind, path, time, file } of await listSideCopies(files, data)) {
    const isAside = file.startsWith(`${data}/aside/`);
    const isOnly = isAside && digests.size > 0 && digests.has(sha256(await files.read(file)));
    found.push({
      kind: isAside ? "aside" : "loser",
      subject: `${kind} ${path} of ${resource}`,
      path: file,
      time,
      size: (await files.stat(file))?.size ?? 0,
      neededBy: isOnly ? "the quorum lost this version" : undefined,
    });
  }
  return found;
}

/** Copies of the database that the cluster went on without. */
async function divergedCopies(files: Files, data: string): Promise<Kept[]> {
  const found: Kept[] = [];
  for (const name of await files.list(data)) {
    const path = `${data}/${name}`;
    const stat = name.startsWith("ClusDb.diverged-") ? await files.stat(path) : undefined;
    if (stat?.kind !== "file") continue;
    found.push({ kind: "diverged", subject: "", path, time: stat.modified, size: stat.size, neededBy: undefined });
  }
  return found;
}

async function leftover(files: Files, path: string): Promise<Kept> {
  const stat = await files.stat(path);
  return {
    kind: "leftover",
    subject: "",
    path,
    time: stat?.modified ?? 0,
    size: await sizeOf(files, path),
    neededBy: undefined,
  };
}

/** Descriptions of side copies that are gone. */
async function loneDescriptions({ outside: { files, clock }, data }: KeptPlaces): Promise<Kept[]> {
  const found: Kept[] = [];
  for (const folder of [`${data}/losers`, `${data}/aside`]) {
    for (const resource of await namesIn(files, folder)) {
      const names = await namesIn(files, `${folder}/${resource}`);
      const lone = names.filter(
        (name) => name !== "synced.json" && name.endsWith(".json") && !names.includes(name.slice(0, -".json".length)),
      );
      for (const name of lone) {
        const one = await leftover(files, `${folder}/${resource}/${name}`);
        // A side copy is written after its description: this may be about to be.
        if (one.time < clock.wall() - day) found.push(one);
      }
    }
  }
  return found;
}

async function namesIn(files: Files, folder: string): Promise<readonly string[]> {
  return (await files.stat(folder))?.kind === "folder" ? files.list(folder) : [];
}

async function savedFiles(files: Files, data: string): Promise<Kept[]> {
  const last = await lastNodeRestore(files, data);
  const found = await folders(files, `${data}/node-restore`, "saved", async (path) =>
    path === last?.saved ? "the way back from the last restore of this node" : undefined,
  );
  return found.filter(({ kind, path }) => kind === "leftover" || path.startsWith(`${data}/node-restore/saved-`));
}

/** Each folder directly below; what an interrupted removal left is a leftover. */
async function folders(
  files: Files,
  folder: string,
  kind: Kept["kind"],
  neededBy: (path: string) => Promise<string | undefined>,
): Promise<Kept[]> {
  const found: Kept[] = [];
  if ((await files.stat(folder))?.kind !== "folder") return found;
  for (const name of await files.list(folder)) {
    const path = `${folder}/${name}`;
    const stat = await files.stat(path);
    if (stat?.kind !== "folder") continue;
    const isLeft = name.startsWith(removing);
    found.push({
      kind: isLeft ? "leftover" : kind,
      subject: "",
      path,
      time: timeIn(name) ?? stat.modified,
      size: await sizeOf(files, path),
      neededBy: isLeft ? undefined : await neededBy(path),
    });
  }
  return found;
}

/** `2031-04-02T02-00-07-123Z-…` */
function timeIn(name: string): number | undefined {
  const [, date, hours, minutes, seconds, ms] = /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)-(\d{3})Z/.exec(name) ?? [];
  const time = Date.parse(`${date}T${hours}:${minutes}:${seconds}.${ms}Z`);
  return Number.isNaN(time) ? undefined : time;
}

/** The age of a generation counts from when the next one was made. */
async function generations(
  files: Files,
  quorum: string,
  neededBy: (path: string) => Promise<string | undefined>,
): Promise<Kept[]> {
  const folder = `${quorum}/generation`;
  const inForce = (await currentName(files, quorum)) ?? "";
  const made: { readonly name: string; readonly number: number; readonly time: number }[] = [];
  const found: Kept[] = [];
  const current = Number.parseInt(inForce, 10);
  for (const name of await files.list(folder)) {
    const number = Number.parseInt(name, 10);
    const path = `${folder}/${name}`;
    const stat = await files.stat(`${path}/quorum.json`);
    if (stat !== undefined) made.push({ name, number, time: stat.modified });
    // A restore builds above the one in force.
    else if (number < current && (await neededBy(path)) === undefined) found.push(await leftover(files, path));
  }
  made.sort((a, b) => a.number - b.number);
  for (const [at, { name, number, time }] of made.entries()) {
    if (name === inForce) continue;
    const path = `${folder}/${name}`;
    const isNewer = !(number < current);
    found.push({
      kind: "generation",
      subject: "",
      path,
      time: made[at + 1]?.time ?? time,
      size: await sizeOf(files, path),
      neededBy: isNewer ? "it is not older than the one in force" : await neededBy(path),
    });
  }
  return found;
}

/** A restore that another node has still to finish may rest on an old generation. */
async function unfinishedElsewhere({ outside: { files }, node }: KeptPlaces, tree: Key): Promise<string | undefined> {
  for (const { id, name, endpoint } of readState(tree).nodes.values()) {
    if (id === node) continue;
    const data = /^(\/.*)\/run\/rpc\.sock$/.exec(endpoint ?? "")?.[1];
    const isThere = data !== undefined && (await files.stat(`${data}/node.json`).catch(() => undefined)) !== undefined;
    if (!isThere) return `whether node ${name} has a restore to finish can't be seen from here`;
    if ((await files.stat(`${data}/restore/plan.json`)) !== undefined) return `node ${name} has a restore to finish`;
  }
  return undefined;
}

async function sizeOf(files: Files, path: string): Promise<number> {
  const stat = await files.stat(path);
  if (stat?.kind !== "folder") return stat?.size ?? 0;
  let size = 0;
  for (const name of await files.list(path)) size += await sizeOf(files, `${path}/${name}`);
  return size;
}
