/** The shadow copies that are there: asking for them, deleting them, and clearing what dead processes left behind. */
import { fail, type Failure } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import type { DeletedSnapshots, SnapshotProperties } from "./backup-components.ts";
import { nameOf, objectType, snapshotAttributes, snapshotState, type ObjectType } from "./enumerations.ts";
import type { VssProvider } from "./provider.ts";
import type { SetSurroundings } from "./snapshot-set.ts";
import type { SnapshotRecord } from "./snapshot-record.ts";

/** Whether a shadow copy goes when its requester releases. */
export function releasesItself(record: SnapshotRecord): boolean {
  return (record.attributes & (snapshotAttributes.NO_AUTO_RELEASE | snapshotAttributes.PERSISTENT)) === 0;
}

/** All whole shadow copies whose providers are known and still have them. */
export async function querySnapshots(around: SetSurroundings): Promise<readonly SnapshotProperties[]> {
  const { records } = await around.catalogue.read();
  const found: SnapshotProperties[] = [];
  for (const record of records) {
    if (record.state !== "created" || (await isOfDeadProcess(around, record))) continue;
    const properties = await propertiesOf(around, record).catch(() => undefined);
    if (properties !== undefined) found.push(properties);
  }
  return found;
}

/** Throws VSS_E_OBJECT_NOT_FOUND, VSS_E_PROVIDER_NOT_REGISTERED. */
export async function propertiesOf(around: SetSurroundings, record: SnapshotRecord): Promise<SnapshotProperties> {
  const { deviceObject } = await providerOf(around, record.providerId).getSnapshotProperties(record);
  return {
    snapshotId: record.snapshotId,
    snapshotSetId: record.snapshotSetId,
    snapshotsCount: record.snapshotsCount,
    snapshotDeviceObject: deviceObject,
    originalVolumeName: record.volume,
    originatingMachine: record.machine,
    providerId: record.providerId,
    snapshotAttributes: record.attributes,
    creationTimestamp: record.createdAt,
    status: snapshotState.CREATED,
    leftOut: record.leftOut,
  };
}

/** Throws VSS_E_PROVIDER_NOT_REGISTERED. */
export function providerOf(around: Pick<SetSurroundings, "providers">, providerId: string): VssProvider {
  const found = around.providers.find((each) => each.providerId === providerId);
  if (found !== undefined) return found;
  throw fail("VSS_E_PROVIDER_NOT_REGISTERED", {
    happened: `There is no provider ${providerId}.`,
    unchanged: "Nothing was done.",
    next: `Known are ${around.providers.map((each) => `${each.name} (${each.providerId})`).join(", ")}.`,
  });
}

/** Deletes a shadow copy or all of a set, until the first that can't be deleted. */
export async function deleteSnapshots(
  around: SetSurroundings,
  sourceObjectId: string,
  type: ObjectType,
): Promise<DeletedSnapshots> {
  if (type !== objectType.SNAPSHOT && type !== objectType.SNAPSHOT_SET) {
    throw fail("INVALID_PARAMETER", { happened: `Objects of type ${nameOf(objectType, type)} can't be deleted.` });
  }
  const id = sourceObjectId.toLowerCase();
  const records = (await around.catalogue.read()).records.filter(
    (each) => each.state === "created" && (type === objectType.SNAPSHOT ? each.snapshotId : each.snapshotSetId) === id,
  );
  if (records.length === 0) throw notFound(id, type);
  return removeAll(around, records);
}

/** Deletes these; tells how far it came. */
export async function removeAll(
  around: SetSurroundings,
  records: readonly SnapshotRecord[],
): Promise<DeletedSnapshots> {
  const deletedSnapshots: string[] = [];
  for (const record of records) {
    try {
      await removeOne(around, record);
    } catch (cause) {
      return { deletedSnapshots, nondeletedSnapshotId: record.snapshotId, cause: failureOf(cause) };
    }
    deletedSnapshots.push(record.snapshotId);
  }
  return { deletedSnapshots, nondeletedSnapshotId: undefined, cause: undefined };
}

/**
 * Clears what was left half made or half deleted, and what should have released itself with its process. Only under the
 * lock of the set: nobody else makes one then. Resolves with the ids.
 */
export async function clearLeftovers(around: SetSurroundings): Promise<readonly string[]> {
  const { catalogue, log } = around;
  await catalogue.removeTemporaries();
  const { records, damaged } = await catalogue.read();
  for (const path of damaged) log.warn("vss catalogue record damaged", { path });
  const halfMade = new Set(records.filter((each) => each.state === "making").map((each) => each.snapshotSetId));
  const leftovers: SnapshotRecord[] = [...(await catalogue.readDeleting())];
  for (const record of records) {
    if (halfMade.has(record.snapshotSetId) || (await isOfDeadProcess(around, record))) leftovers.push(record);
  }
  const cleared: string[] = [];
  for (const record of leftovers) {
    try {
      await removeOne(around, record);
      cleared.push(record.snapshotId);
    } catch (cause) {
      log.error("vss leftovers", { snapshot: record.snapshotId, error: failureOf(cause).message });
    }
  }
  return cleared;
}

async function removeOne(around: SetSurroundings, record: SnapshotRecord): Promise<void> {
  const provider = providerOf(around, record.providerId);
  // From here on it is not a shadow copy any more, whatever happens to the rest.
  await around.catalogue.markDeleting(record.snapshotId);
  await provider.deleteSnapshots([record]);
  await around.catalogue.remove(record.snapshotId);
}

async function isOfDeadProcess({ outside }: SetSurroundings, record: SnapshotRecord): Promise<boolean> {
  return releasesItself(record) && !(await outside.processes.isAlive(record.owner));
}

function notFound(id: string, type: ObjectType): Failure {
  return fail("VSS_E_OBJECT_NOT_FOUND", {
    happened: `There is no ${type === objectType.SNAPSHOT ? "shadow copy" : "shadow copy set"} ${id}.`,
    unchanged: "Nothing was deleted.",
    next: "List the shadow copies.",
  });
}
