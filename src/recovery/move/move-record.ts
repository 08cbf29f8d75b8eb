/** A move under way, on the disk of the node that carries it out: `DATA/restore/move.json`. */
import { folderOf, makeFolderDurably, writeFileDurably } from "../../base/durable.ts";
import { fail } from "../../base/errors.ts";
import type { Files } from "../../base/outside.ts";
import { readIfThere } from "../../base/read-if-there.ts";
import type { ReplaceDiskRequest } from "../replace-disk.ts";
import type { Departure } from "./quorum-end.ts";

/** Kind and place of a quorum. */
export interface EndName {
  readonly kind: string;
  readonly place: string;
}

/** What is carried out; plain JSON, with everything that the new generation depends on, so that a repeated build gives the same bytes. */
export interface MoveOrder {
  readonly from: EndName;
  readonly departure: Departure;
  /** Wall time in milliseconds. */
  readonly time: number;
  /** The disk resource that takes the place of the quorum disk's, in the same step. */
  readonly replaces?: ReplaceDiskRequest;
}

/**
 * "begun": nothing was changed; "sealed": the old place may be sealed; "switching": the new one may be in force; "switched": it is, and
 * is noted here.
 */
export type MovePhase = "begun" | "sealed" | "switching" | "switched";

/** `move.json`. */
export interface MoveRecord {
  readonly format: 1;
  readonly order: MoveOrder;
  readonly phase: MovePhase;
}

const pathIn = (data: string): string => `${data}/restore/move.json`;

/** In their order. */
export const movePhases: readonly MovePhase[] = ["begun", "sealed", "switching", "switched"];

/** undefined when none is under way. INVALID_DATA when the record is damaged. */
export async function readMove(files: Files, data: string): Promise<MoveRecord | undefined> {
  const path = pathIn(data);
  const bytes = await readIfThere(files, path);
  if (bytes === undefined) return undefined;
  let record: Partial<MoveRecord> = {};
  try {
    record = JSON.parse(new TextDecoder().decode(bytes)) as Partial<MoveRecord>;
  } catch {
    // Told below.
  }
  if (record.format === 1 && record.order !== undefined && movePhases.includes(record.phase ?? ("" as MovePhase)))
    return record as MoveRecord;
  throw fail("INVALID_DATA", {
    happened: `${path}, the record of a move of the quorum, is damaged.`,
    unchanged: "Nothing was changed.",
    next: "The cluster is in one of the two places as a whole (clubar doctor on another node): move the file away, and start again.",
  });
}

/** Durable when it resolves. */
export async function writeMove(files: Files, data: string, order: MoveOrder, phase: MovePhase): Promise<void> {
  const record: MoveRecord = { format: 1, order, phase };
  await makeFolderDurably(files, folderOf(pathIn(data)));
  await writeFileDurably(files, pathIn(data), new TextEncoder().encode(`${JSON.stringify(record, null, 2)}\n`), 0o600);
}

/** It has ended. */
export async function removeMove(files: Files, data: string): Promise<void> {
  const path = pathIn(data);
  if ((await files.stat(path)) === undefined) return;
  await files.unlink(path);
  await files.syncFolder(folderOf(path));
}
