import * as z from "zod";
import { fail } from "../../base/errors.ts";
import type { Checkpoint } from "../../checkpoint/checkpoint.ts";
import { directoryKey } from "../../checkpoint/directory-codec.ts";
import { checkpointKinds } from "../../checkpoint/names.ts";
import { readRecords, versionsOf } from "../../checkpoint/records.ts";
import { readStored } from "../../checkpoint/stored.ts";
import { findResource } from "../../database/commands/find.ts";
import { shownFileValue, type TreeView, treeView } from "../content-view.ts";
import { type ApiRoutes, queryOf, routes, stateOf } from "../request.ts";

/** Answered by GET /checkpoints/content. */
export interface CheckpointContentView {
  /** Name of the resource. */
  readonly resource: string;
  readonly checkpoint: Checkpoint;
  /** null for a key container: what it holds is not shown. */
  readonly tree: TreeView | null;
}

const query = z.strictObject({
  resource: z.string(),
  kind: z.enum(checkpointKinds),
  path: z.string(),
  number: z.coerce.number().int().min(1).optional(),
});

/**
 * GET /checkpoints/content?resource=&kind=&path=[&number=]: what a version's file holds, the current one unless a number says otherwise;
 * the file is proven against the database first. FILE_NOT_FOUND: no such checkpoint, or its file is lost. INVALID_DATA: it is damaged.
 */
export function checkpointContent(): ApiRoutes {
  return routes().get("/content", async (context) => {
    const { resource: named, kind, path, number } = queryOf(context, query);
    const resource = findResource(stateOf(context), named);
    const { database, quorum } = context.var.service;
    const records = readRecords(database.tree(), resource.id);
    const versions = records === undefined ? [] : versionsOf(records, kind, path);
    const checkpoint = number === undefined ? versions.at(-1) : versions.find((one) => one.number === number);
    if (records === undefined || checkpoint === undefined) {
      throw fail("FILE_NOT_FOUND", {
        happened: `Resource "${resource.name}" has no such version of ${path}.`,
        unchanged: "Nothing was changed.",
        next: "Look at the list of its checkpoints again.",
      });
    }
    const { content } = await readStored(quorum.versions, records, checkpoint);
    const tree =
      content.kind === "crypto"
        ? null
        : content.kind === "directory"
          ? treeView(directoryKey(content.entry), undefined, shownFileValue)
          : treeView(content.key);
    return context.json({ resource: resource.name, checkpoint, tree } satisfies CheckpointContentView);
  });
}
