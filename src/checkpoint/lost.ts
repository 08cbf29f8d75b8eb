/** Versions that the database names and nobody has, as the database keeps them: failover goes by it (docs/safety.md §3.8). */
import { newGuid } from "../base/guid.ts";
import { type Change, ChangeBuilder } from "../database/change.ts";
import { runtimeResourceValue } from "../database/schema.ts";
import type { Key } from "../tree/key.ts";
import { multiSz } from "../tree/value.ts";
import type { Checkpoint, CheckpointParts, FileState } from "./checkpoint.ts";
import { fileKind, numberName } from "./names.ts";
import { readRecords, type ResourceRecords } from "./records.ts";

/** How files were found, by name (`0000000a.CPT`). */
export type Findings = ReadonlyMap<string, FileState>;

/** `0000000a.CPT` */
export function fileName({ kind, number }: Pick<Checkpoint, "kind" | "number">): string {
  return `${numberName(number)}.${fileKind(kind)}`;
}

/** The update that says what was found; undefined when that is known already. What was not looked at stays as it was. */
export function lostChange(tree: Key, records: ResourceRecords, found: Findings): Change | undefined {
  const lost: string[] = [];
  for (const checkpoint of records.current) {
    const name = fileName(checkpoint);
    const state = found.get(name) ?? records.lost.get(name);
    if (state !== undefined && state !== "whole" && state !== "not read" && state !== "withdrawn")
      lost.push(`${name} ${state}`);
  }
  const before = [...records.lost].map(([name, how]) => `${name} ${how}`);
  if (lost.length === before.length && lost.every((one) => before.includes(one))) return undefined;
  const change = new ChangeBuilder(tree).exists(records.path);
  change.unchanged(records.runtimePath, runtimeResourceValue.lostCheckpoints);
  if (lost.length === 0) change.remove(records.runtimePath, runtimeResourceValue.lostCheckpoints);
  else change.set(records.runtimePath, multiSz(runtimeResourceValue.lostCheckpoints, lost));
  return change.build(
    lost.length === 0
      ? `The checkpoint files of resource "${records.name}" are whole again.`
      : `Checkpoint files of resource "${records.name}" are not as the database names them: ${lost.join(", ")}.`,
  );
}

/** Writes it down, at most once: the audit finds again what was not written. Never rejects. */
export async function noteLost(
  parts: Pick<CheckpointParts, "outside" | "database" | "log">,
  resource: string,
  found: Findings,
): Promise<void> {
  const tree = parts.database.tree();
  const records = readRecords(tree, resource);
  const change = records === undefined ? undefined : lostChange(tree, records, found);
  if (change === undefined) return;
  try {
    await parts.database.submit({ ...change, requestId: newGuid(parts.outside.random) }, 2000);
    parts.log.warn("checkpoint files", { resource, because: change.because });
  } catch (error) {
    parts.log.warn("could not note how checkpoint files are", { resource, error });
  }
}
