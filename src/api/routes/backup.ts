import * as z from "zod";
import { isAbsolute } from "node:path";
import type { BackupResult } from "../../backup/backup.ts";
import { fail } from "../../base/errors.ts";
import { formatTag } from "../../quorum/tag.ts";
import { type ApiRoutes, bodyOf, routes } from "../request.ts";

const backupTo = z.strictObject({ path: z.string().min(1) });

/** Answered by POST /backup. */
export interface BackupAnswer extends Omit<BackupResult, "tag"> {
  readonly tag: string;
}

/** POST /backup {path}: writes a backup set on the leader's node into that folder, absolute there. */
export function backup(): ApiRoutes {
  return routes().post("/", async (context) => {
    const { path } = await bodyOf(context, backupTo);
    requireAbsolute(path);
    const result = await context.var.service.backup(path);
    return context.json({ ...result, tag: formatTag(result.tag) } satisfies BackupAnswer);
  });
}

/** DIRECTORY when a path is not absolute: each node has a working folder of its own. */
export function requireAbsolute(path: string): void {
  if (isAbsolute(path)) return;
  throw fail("DIRECTORY", {
    happened: `The path "${path}" is not absolute.`,
    unchanged: "Nothing was changed.",
    next: "Give the folder's whole path, as the node that writes it sees it.",
  });
}
