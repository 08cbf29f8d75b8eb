import * as z from "zod";
import type { PageService } from "../page-service.ts";
import { type ApiRoutes, bodyOf, queryOf, routes } from "../request.ts";
import { requireAbsolute } from "./backup.ts";

const inFolder = z.strictObject({ folder: z.string().min(1).optional() });
const onePath = z.strictObject({ path: z.string().min(1) });

/** GET /sets[?folder=]: backup sets below an absolute folder, or those that this node knows of; POST /sets/verify {path}. */
export function sets(page: PageService): ApiRoutes {
  return routes()
    .get("/", async (context) => {
      const { folder } = queryOf(context, inFolder);
      if (folder !== undefined) requireAbsolute(folder);
      return context.json(await page.sets(folder));
    })
    .post("/verify", async (context) => {
      const { path } = await bodyOf(context, onePath);
      requireAbsolute(path);
      return context.json(await page.verify(path));
    });
}
