/** One log for every epoch and snapshot: `log/<epoch>-<index>.log`. The highest name is the truth. */
import { createJournal, readJournal } from "../../base/journal.ts";
import type { Journal } from "../../base/journal.ts";
import { fail } from "../../base/errors.ts";
import type { ClusterIdentity, Loaded, LogRecord, SnapshotImage } from "../quorum.ts";
import { noCluster } from "../rules.ts";
import { formatTag } from "../tag.ts";
import type { Tag } from "../tag.ts";
import { epochName } from "./epoch.ts";
import { decodeHeader, decodeRecord, encodeHeader } from "./log-codec.ts";
import type { LogHeader } from "./log-codec.ts";
import { damaged, hasCode, readIdentity } from "./place.ts";
import type { GenerationFolder } from "./place.ts";
import { readSnapshot, writeSnapshot } from "./snapshot.ts";

/** A file that a leader cleared away under a reader: how often the reader looks again. */
const attempts = 20;

/** `00000003-000001.log` */
export function logName(epoch: number, index: number): string {
  return `${epochName(epoch)}-${String(index).padStart(6, "0")}.log`;
}

/** Names of logs, oldest first. */
export async function listLogs(folder: GenerationFolder): Promise<readonly string[]> {
  const names = await folder.files.list(`${folder.path}/log`);
  return names.filter((name) => /^[0-9]{8}-[0-9]{6}\.log$/.test(name));
}

/** The epoch in the name of a log. */
export function epochOfLog(name: string): number {
  return Number(name.slice(0, 8));
}

/** Where a log is. */
export function logPath(folder: GenerationFolder, name: string): string {
  return `${folder.path}/log/${name}`;
}

/** Writes a snapshot, then the log that names it. Both are whole and durable when it resolves; neither replaces anything. */
export async function createLog(
  folder: GenerationFolder,
  identity: ClusterIdentity,
  at: { epoch: number; index: number; previous: LogHeader["previous"] },
  image: SnapshotImage,
): Promise<{ journal: Journal; name: string; header: LogHeader }> {
  const snapshot = await writeSnapshot(folder, at.epoch, image.hive);
  const header: LogHeader = {
    instance: identity.instance,
    generation: identity.generation,
    lineage: identity.lineage,
    ...at,
    first: image.tag,
    snapshot: snapshot.name,
    sha256: snapshot.sha256,
  };
  const name = logName(at.epoch, at.index);
  const journal = await createJournal(folder.files, logPath(folder, name), encodeHeader(header), "exclusive");
  return { journal, name, header };
}

/** The header of a log; rejects with ENOENT, CLUSTERLOG_CORRUPT. */
export async function readHeader(folder: GenerationFolder, name: string): Promise<LogHeader> {
  const path = logPath(folder, name);
  return decodeHeader(path, (await readJournal(folder.files, path)).header);
}

/** A loaded state and where it came from. */
export interface LoadedLog extends Loaded {
  /** The name of the newest log. */
  readonly log: string;
}

/**
 * The newest state that logs of epochs below `below` hold; undefined when there is no such log. A leader may clear
 * files away meanwhile: then the newest log is another one by now, and the reader starts again.
 */
export async function loadBelow(folder: GenerationFolder, below: number): Promise<LoadedLog | undefined> {
  const identity = await readIdentity(folder);
  if (identity === undefined) throw noCluster(folder.place);
  let failure: unknown;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const newest = await newestBelow(folder, below);
    if (newest === undefined) return undefined;
    try {
      const { snapshot, records } = await readChain(folder, identity, newest, undefined);
      return { identity, snapshot, records, log: newest };
    } catch (error) {
      failure = error;
      const unchanged = (await newestBelow(folder, below)) === newest;
      if (unchanged && !hasCode(error, "ENOENT")) throw error;
    }
  }
  throw failure;
}

async function newestBelow(folder: GenerationFolder, below: number): Promise<string | undefined> {
  return (await listLogs(folder)).filter((name) => epochOfLog(name) < below).at(-1);
}

type State = Pick<Loaded, "snapshot" | "records">;

/** A log with its snapshot; when that is damaged or missing, the state of the log before continued by this one. */
async function readChain(
  folder: GenerationFolder,
  identity: ClusterIdentity,
  name: string,
  upTo: Tag | undefined,
): Promise<State> {
  const path = logPath(folder, name);
  const read = await readJournal(folder.files, path);
  const header = decodeHeader(path, read.header);
  checkOrigin(path, header, identity);
  const records = decodeRecords(path, header, read.records, upTo);
  const hive = await readSnapshot(folder, header.snapshot, header.sha256);
  if (typeof hive !== "string") return { snapshot: { tag: header.first, hive }, records };
  const before = header.previous === undefined ? undefined : await previousState(folder, identity, header.previous);
  if (before !== undefined) return { snapshot: before.snapshot, records: [...before.records, ...records] };
  throw fail(hive === "missing" ? "CLUSTERLOG_CHKPOINT_NOT_FOUND" : "CLUSTERLOG_CORRUPT", {
    happened:
      `The snapshot ${folder.path}/${header.snapshot} is ${hive}, ` +
      `and no older snapshot with a log up to ${formatTag(header.first)} is there.`,
    unchanged: "Nothing was changed.",
    next: "Put the file back from a copy of the quorum folder, or restore a backup set.",
  });
}

async function previousState(
  folder: GenerationFolder,
  identity: ClusterIdentity,
  previous: NonNullable<LogHeader["previous"]>,
): Promise<State | undefined> {
  try {
    return await readChain(folder, identity, previous.log, previous.upTo);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

function checkOrigin(path: string, header: LogHeader, identity: ClusterIdentity): void {
  const { instance, generation, lineage } = header;
  if (instance === identity.instance && generation === identity.generation && lineage === identity.lineage) return;
  throw fail("CLUSTER_INSTANCE_ID_MISMATCH", {
    happened:
      `${path} belongs to cluster ${instance}, generation ${generation} (${lineage}), ` +
      `not to ${identity.instance}, generation ${identity.generation} (${identity.lineage}).`,
    unchanged: "Nothing was changed.",
    next: "Take the file out of the quorum folder.",
  });
}

/** Records in order without gaps; with `upTo`, those up to that tag, which must be there. */
function decodeRecords(
  path: string,
  header: LogHeader,
  encoded: readonly Uint8Array[],
  upTo: Tag | undefined,
): readonly LogRecord[] {
  const records: LogRecord[] = [];
  let last = header.first;
  for (const bytes of encoded) {
    if (upTo !== undefined && formatTag(last) === formatTag(upTo)) return records;
    const record = decodeRecord(path, bytes);
    const next: Tag = { ...last, sequence: last.sequence + 1 };
    if (formatTag(record.tag) !== formatTag(next)) {
      throw damaged(path, `${formatTag(record.tag)} follows ${formatTag(last)}`);
    }
    records.push(record);
    last = record.tag;
  }
  if (upTo === undefined || formatTag(last) === formatTag(upTo)) return records;
  throw damaged(path, `it ends at ${formatTag(last)}, but the log after it continues ${formatTag(upTo)}`);
}
