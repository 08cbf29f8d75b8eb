import * as z from "zod";
import { type ApiRoutes, bodyOf, routes } from "../request.ts";
import { requireAbsolute } from "./backup.ts";

const request = z.strictObject({
  path: z.string().min(1),
  force: z.boolean(),
  drive: z
    .string()
    .regex(/^[A-Za-z]:$/, "a drive is a letter and a colon")
    .optional(),
  adopt: z.boolean().optional(),
  hold: z.boolean().optional(),
  planId: z.string().optional(),
});

/** POST /restore/plan and POST /restore {path, force, drive?, adopt?, hold?, planId?}. */
export function restore(): ApiRoutes {
  return routes()
    .post("/plan", async (context) => {
      const asked = await bodyOf(context, request);
      requireAbsolute(asked.path);
      return context.json(await context.var.service.planRestore(asked));
    })
    .post("/", async (context) => {
      const asked = await bodyOf(context, request);
      requireAbsolute(asked.path);
      return context.json(await context.var.service.restore(asked));
    });
}
