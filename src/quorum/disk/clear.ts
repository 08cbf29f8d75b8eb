/**
 * What a leader clears away once its own log is in place. Best effort: it may fail or be cut off anywhere. It never
 * touches what a newer epoch could have written: names are listed first, then the epoch is checked, then they go.
 */
import { temporaryEnding } from "../../base/durable.ts";
import { removeIfThere } from "./commit.ts";
import { epochName, isCurrent } from "./epoch.ts";
import { epochOfLog, listLogs, readHeader } from "./log.ts";
import type { GenerationFolder } from "./place.ts";
import { isSnapshotName } from "./snapshot.ts";

/** Claims and counters that are kept, so that people see who led. */
const claimsKept = 64;

/** What the leader itself still needs. */
export interface InUse {
  readonly epoch: number;
  /** The leader's own log and snapshot. */
  readonly log: string;
  readonly snapshot: string;
  /** The log before, kept with its snapshot as the fallback. */
  readonly previousLog: string | undefined;
}

/** Logs and snapshots older than the previous pair, old claims, temporary files of older epochs. */
export async function clearOld(folder: GenerationFolder, inUse: InUse): Promise<void> {
  const { files, path } = folder;
  const keep = new Set([inUse.snapshot]);
  if (inUse.previousLog !== undefined) keep.add((await readHeader(folder, inUse.previousLog)).snapshot);
  const inFolder = await files.list(path);
  const snapshots = inFolder.filter((name) => isSnapshotName(name) && !keep.has(name));
  const logs = (await listLogs(folder)).filter((name) => name < inUse.log && name !== inUse.previousLog);
  const temporaries = inFolder.filter((name) => isOldTemporary(name, inUse.epoch));
  const inEpochs = await files.list(`${path}/epoch`);
  const claims = inEpochs.filter((name) => isOldClaim(name, inUse.epoch) || isOldTemporary(name, inUse.epoch));
  const inLogs = await files.list(`${path}/log`);
  const logLeftovers = inLogs.filter((name) => name.endsWith(temporaryEnding) && epochOfLog(name) < inUse.epoch);
  if (!(await isCurrent(folder, inUse.epoch))) return;
  for (const name of [...logs, ...logLeftovers]) await removeIfThere(files, `${path}/log/${name}`);
  for (const name of [...snapshots, ...temporaries]) await removeIfThere(files, `${path}/${name}`);
  for (const name of claims) await removeIfThere(files, `${path}/epoch/${name}`);
}

/** Our temporary names start with the epoch that writes them: `.00000003-…tmp~`. A claim's own epoch has been taken. */
function isOldTemporary(name: string, epoch: number): boolean {
  return name.startsWith(".") && name.endsWith(temporaryEnding) && name.slice(1, 9) < epochName(epoch);
}

function isOldClaim(name: string, epoch: number): boolean {
  const number = /^(?:counter-)?([0-9]{8})$/.exec(name)?.[1];
  return number !== undefined && Number(number) <= epoch - claimsKept;
}
