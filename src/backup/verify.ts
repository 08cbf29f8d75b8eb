/** Checks a set and says of each part what was found. Nothing in the set is changed, not even a time stamp. */
import { fail } from "../base/errors.ts";
import type { Outside } from "../base/outside.ts";
import { setPath } from "./place.ts";
import { examineSet, type Examined } from "./examine.ts";
import type { VerifyLine } from "./judge.ts";

/** What was found, part by part. */
export interface VerifyReport {
  readonly path: string;
  /** No part is damaged. Parts may still be NOT CHECKED. */
  readonly ok: boolean;
  /** There is nothing to compare the files with, so nobody can say that they are what was written. */
  readonly lacksManifest?: true;
  readonly damaged: number;
  readonly notChecked: number;
  readonly lines: readonly VerifyLine[];
}

/** DATABASE_BACKUP_CORRUPT when the backup was never finished, DIRECTORY or PATH_NOT_FOUND without a folder; damage is in the report. */
export async function verifyBackup(outside: Pick<Outside, "files">, path: string): Promise<VerifyReport> {
  const found = await examineSet(outside, setPath(path));
  requireFinished(found);
  const { lines } = found;
  const damaged = lines.filter(({ result }) => result === "DAMAGED").length;
  return {
    path: found.path,
    ok: damaged === 0,
    ...(found.manifest === undefined ? { lacksManifest: true as const } : {}),
    damaged,
    notChecked: lines.filter(({ result }) => result === "NOT CHECKED").length,
    lines,
  };
}

/** Fails with DATABASE_BACKUP_CORRUPT unless the completion marker is there. */
export function requireFinished(found: Examined): void {
  if (found.complete) return;
  throw fail("DATABASE_BACKUP_CORRUPT", {
    happened: `${found.path} holds no finished backup: the completion marker Clusbackup.dat is missing.`,
    unchanged: "Nothing was changed.",
    next: "Use another set (clubar backup list shows them), or take the backup again.",
  });
}
