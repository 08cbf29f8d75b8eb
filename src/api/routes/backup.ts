import * as z from "zod";
import { isAbsolute } from "node:path";
import { fail } from "../../base/errors.ts";
import { type ApiRoutes, bodyOf, routes } from "../request.ts";

const backupTo = z.strictObject({ path: z.string().min(1) });

/** POST /backup {path}: writes a backup set on the leader's node into that folder, absolute there. */
export function backup(): ApiRoutes {
  return routes().post("/", async (context) => {
    const { path } = await bodyOf(context, backupTo);
    requireAbsolute(path);
    return context.json(await context.var.service.backup(path));
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
