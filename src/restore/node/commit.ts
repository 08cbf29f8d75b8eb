/**
 * Puts a staged restore of this node in place while nothing of the node runs: what is to be kept of the live registry is merged in, what
 * was there is saved aside, then file after file is renamed. Each step may be cut off and repeated; whoever comes next finishes.
 */
import { folderOf, writeNewFile } from "../../base/durable.ts";
import { fail } from "../../base/errors.ts";
import { failureOf } from "../../base/failure-of.ts";
import { type FileHandle, type Files, type Outside, OutsideError } from "../../base/outside.ts";
import { readIfThere } from "../../base/read-if-there.ts";
import { removeTree } from "../../backup/backup.ts";
import { readHive } from "../../hive/read.ts";
import { writeHive } from "../../hive/write.ts";
import { clusterKeysFile, mergeRingFiles } from "../../quorum/etcd/cluster-keys.ts";
import {
  allHiveFiles,
  hiveImageFile,
  hiveOfImageFile,
  readHiveAtRest,
  writeHiveAtRest,
} from "../../registry/hive-at-rest.ts";
import { fileTime, type Key } from "../../tree/key.ts";
import { foldName } from "../../tree/path.ts";
import { readRecord, writeRecord } from "../journal.ts";
import { keepRules, withKept } from "./kept-keys.ts";
import {
  lockNodeRestore,
  type NodeRestoreRecord,
  type NodeRestoreResult,
  placesIn,
  stagedRestore,
  writeJson,
} from "./record.ts";
import { checkStaged, clearLeftovers } from "./stage.ts";

type Parts = Pick<Outside, "files" | "clock">;

const nodeFile = "node.json";

/**
 * Finishes the staged restore of a data folder; undefined when none is staged. BUSY while somebody stages, or has the registry open;
 * what the disk refuses (then the next call goes on). A staged file that is damaged abandons the restore: the node's files are as they
 * were.
 */
export async function commitNodeRestore(outside: Parts, data: string): Promise<NodeRestoreResult | undefined> {
  const { files } = outside;
  if ((await files.stat(placesIn(data).folder)) === undefined) return undefined;
  const isStaged = (await stagedRestore(files, data)) !== undefined;
  const lock = await lockNodeRestore(files, data).catch((error: unknown) => {
    // Somebody lays files beside the live ones just now; nothing of it counts yet.
    if (!isStaged && failureOf(error).name === "BUSY") return undefined;
    throw error;
  });
  if (lock === undefined) return undefined;
  try {
    const record = await stagedRestore(files, data);
    if (record === undefined) {
      await clearLeftovers(files, data);
      return undefined;
    }
    const registry = await lockRegistry(files, data);
    try {
      return await finishRecord(outside, data, record);
    } finally {
      await registry.close();
    }
  } finally {
    await lock.close();
  }
}

/** Gives a staged restore up. false when none was staged; INVALID_STATE when it has begun to be put in place. */
export async function discardNodeRestore(outside: Parts, data: string): Promise<boolean> {
  const { files } = outside;
  if ((await stagedRestore(files, data)) === undefined) return false;
  const lock = await lockNodeRestore(files, data);
  try {
    const record = await stagedRestore(files, data);
    if (record === undefined) return false;
    if (record.phase === "saved") {
      throw fail("INVALID_STATE", {
        happened: "The staged restore is being put in place.",
        unchanged: "Nothing was changed.",
        next: "Start the node's service, which finishes it. What was there before is saved aside.",
      });
    }
    await close(outside, data, record, "abandoned", "A person gave the staged restore up.", []);
    return true;
  } finally {
    await lock.close();
  }
}

/** The lock that a running service holds. */
async function lockRegistry(files: Files, data: string): Promise<FileHandle> {
  await files.makeFolder(`${data}/registry`);
  const handle = await files.open(`${data}/registry/.lock`, "append");
  if (await handle.lock()) return handle;
  await handle.close();
  throw fail("BUSY", {
    happened: `The registry in ${data}/registry is open: the node's service runs.`,
    unchanged: "The restore stays staged.",
    next: "It is put in place when the service next starts.",
  });
}

async function finishRecord(outside: Parts, data: string, found: NodeRestoreRecord): Promise<NodeRestoreResult> {
  const { files } = outside;
  let record = found;
  if (record.phase === "staged") {
    try {
      record = { ...record, ...(await makeReady(outside, data, record)), phase: "ready" };
    } catch (error) {
      if (!isDamage(error)) throw error;
      const why = failureOf(error).happened;
      return close(outside, data, record, "abandoned", `The staged files are damaged: ${why}`, record.notes);
    }
    await writeJson(files, placesIn(data).plan, record);
  }
  if (record.phase === "ready") {
    await saveAside(files, data, record);
    record = { ...record, phase: "saved" };
    await writeJson(files, placesIn(data).plan, record);
  }
  await putInPlace(files, data, record);
  if (record.authoritative !== undefined) await handOver(files, data, record.authoritative);
  const sentence = `${record.files.length} files of node ${record.set.node.name} are in place.`;
  return close(outside, data, record, "committed", sentence, record.notes);
}

function isDamage(error: unknown): boolean {
  if (error instanceof OutsideError) return error.code === "ENOENT";
  return ["CRC", "HIVE_CORRUPT", "INVALID_DATA"].includes(failureOf(error).name);
}

/** Everything as it goes into place, in `ready-<id>`; hives with what the rules keep of the live ones. */
async function makeReady(
  { files, clock }: Parts,
  data: string,
  record: NodeRestoreRecord,
): Promise<Pick<NodeRestoreRecord, "ready" | "notes">> {
  const { staged, ready } = placesIn(data, record.id);
  const restored = new Map<string, Key>();
  const others: string[] = [];
  for (const file of record.files) {
    const bytes = await checkStaged(files, staged, file);
    const hive = file.name.startsWith("registry/") ? hiveOfImageFile(file.name.slice("registry/".length)) : undefined;
    if (hive === undefined) others.push(file.name);
    else restored.set(hive, readHive(bytes).root);
  }
  // A start that was cut off may have left some.
  await removeTree(files, ready);
  for (const folder of ["registry", "keys"]) await files.makeFolder(`${ready}/${folder}`);
  const notes = [...record.notes];
  for (const name of others)
    if (name === clusterKeysFile) await mergeKeys(files, data, { staged, ready }, notes);
    else await files.link(`${staged}/${name}`, `${ready}/${name}`);
  const time = clock.wall();
  const live = new Map<string, Key | undefined>();
  for (const name of restored.keys()) live.set(name, await liveHive(files, data, name, notes));
  const systemOf = (hives: ReadonlyMap<string, Key | undefined>): Key | undefined =>
    [...hives].find(([name]) => foldName(name) === "SYSTEM")?.[1];
  const rules = keepRules(systemOf(live), systemOf(restored), [...restored.keys()]);
  const names: string[] = [];
  for (const [name, root] of restored) {
    const mine = live.get(name);
    const merged = mine === undefined ? root : withKept(mine, root, name, rules, fileTime(time));
    const image = writeHive({ ...merged, name }, { time: fileTime(time), fileName: name });
    await writeHiveAtRest(files, `${ready}/registry`, name, image);
    const file = hiveImageFile(name);
    names.push(`registry/${file}`, `registry/${file}.journal`);
  }
  for (const folder of ["/registry", "/keys", ""]) await files.syncFolder(`${ready}${folder}`);
  await files.syncFolder(folderOf(ready));
  return { ready: [...names, ...others], notes };
}

/** The node may have got keys since the set was taken; without them what is sealed with them could not be read. */
async function mergeKeys(
  files: Files,
  data: string,
  { staged, ready }: { readonly staged: string; readonly ready: string },
  notes: string[],
): Promise<void> {
  const older = await files.read(`${staged}/${clusterKeysFile}`);
  const live = await readIfThere(files, `${data}/${clusterKeysFile}`);
  const alone = mergeRingFiles(`${staged}/${clusterKeysFile}`, older, undefined);
  let merged = alone;
  try {
    merged = mergeRingFiles(`${data}/${clusterKeysFile}`, older, live);
  } catch (error) {
    notes.push(`Nothing was kept of the live cluster keys: ${failureOf(error).happened}`);
  }
  await writeNewFile(files, `${ready}/${clusterKeysFile}`, merged);
}

/** undefined when there is none, or none that can be read. */
async function liveHive(files: Files, data: string, name: string, notes: string[]): Promise<Key | undefined> {
  try {
    return await readHiveAtRest(files, `${data}/registry`, name);
  } catch (error) {
    notes.push(`Nothing was kept of the live hive ${name}: ${failureOf(error).happened}`);
    return undefined;
  }
}

/** Names below the data folder that the restore replaces or takes away. */
function replaced({ ready }: NodeRestoreRecord): string[] {
  const hives = ready.flatMap((name) =>
    name.startsWith("registry/") ? (hiveOfImageFile(name.slice("registry/".length)) ?? []) : [],
  );
  return [...new Set([...hives.flatMap(allHiveFiles).map((file) => `registry/${file}`), ...ready])];
}

/** A second name for each file that will be replaced; the old one stays until the new one takes its place. */
async function saveAside(files: Files, data: string, record: NodeRestoreRecord): Promise<void> {
  const { saved } = placesIn(data, record.id);
  for (const folder of ["registry", "keys"]) await files.makeFolder(`${saved}/${folder}`);
  await files.syncFolder(saved);
  await files.syncFolder(folderOf(saved));
  for (const name of replaced(record)) {
    if ((await files.stat(`${data}/${name}`)) === undefined) continue;
    if ((await files.stat(`${saved}/${name}`)) !== undefined) continue;
    await files.link(`${data}/${name}`, `${saved}/${name}`);
  }
  for (const folder of ["/registry", "/keys", ""]) await files.syncFolder(`${saved}${folder}`);
}

/** A file that is no longer in `ready` is in place. `node.json` is the last: without it the folder is no node. */
async function putInPlace(files: Files, data: string, record: NodeRestoreRecord): Promise<void> {
  const { ready } = placesIn(data, record.id);
  for (const folder of ["registry", "keys"]) await files.makeFolder(`${data}/${folder}`);
  // A file moved into a folder whose own name is not durable yet could be lost with it.
  await files.syncFolder(data);
  for (const name of replaced(record)) {
    if (record.ready.includes(name) || (await files.stat(`${data}/${name}`)) === undefined) continue;
    await files.unlink(`${data}/${name}`);
  }
  const isThere = async (name: string): Promise<boolean> => (await files.stat(`${ready}/${name}`)) !== undefined;
  for (const name of record.ready)
    if (name !== nodeFile && (await isThere(name))) await files.rename(`${ready}/${name}`, `${data}/${name}`);
  for (const folder of ["/registry", "/keys", ""]) await files.syncFolder(`${data}${folder}`);
  if (record.ready.includes(nodeFile) && (await isThere(nodeFile)))
    await files.rename(`${ready}/${nodeFile}`, `${data}/${nodeFile}`);
  await files.syncFolder(data);
}

/** The restore of the cluster is begun by a record; the service carries it out before its first life. */
async function handOver(
  files: Files,
  data: string,
  plan: NonNullable<NodeRestoreRecord["authoritative"]>,
): Promise<void> {
  if ((await readRecord(files, data)) !== undefined) return;
  await files.makeFolder(`${data}/restore`);
  await files.syncFolder(data);
  await writeRecord(files, data, {
    format: 1,
    plan,
    done: [],
    safety: undefined,
    built: undefined,
    notes: [],
  });
}

async function holdsFiles(files: Files, path: string): Promise<boolean> {
  const kind = (await files.stat(path))?.kind;
  if (kind !== "folder") return kind !== undefined;
  for (const name of await files.list(path)) if (await holdsFiles(files, `${path}/${name}`)) return true;
  return false;
}

async function close(
  { files, clock }: Parts,
  data: string,
  record: NodeRestoreRecord,
  outcome: NodeRestoreResult["outcome"],
  sentence: string,
  notes: readonly string[],
): Promise<NodeRestoreResult> {
  const { plan, result, saved, folder } = placesIn(data, record.id);
  const kept = (await holdsFiles(files, saved)) ? saved : undefined;
  const { id, set } = record;
  const answer: NodeRestoreResult = {
    format: 1,
    id,
    outcome,
    sentence,
    time: Math.floor(clock.wall()),
    set: set.path,
    saved: kept,
    notes,
  };
  await writeJson(files, result, answer);
  if (kept === undefined) await removeTree(files, saved);
  await files.unlink(plan);
  await files.syncFolder(folder);
  await clearLeftovers(files, data);
  return answer;
}
