import * as z from "zod";
import { fail } from "../../base/errors.ts";
import { type ApiRoutes, bodyOf, routes } from "../request.ts";

const freeze = z.strictObject({ limitMs: z.number().int().min(100).max(60_000).optional() });
const thaw = z.strictObject({ id: z.string() });

/** The documented time from Freeze to Thaw. */
const longestFreeze = 60_000;

/**
 * What VSS writers need of this node. POST /vss/freeze {limitMs?} lets ClusDb and the hives stand, for a minute at most; POST /vss/thaw
 * {id} ends that and tells whether they stood; POST /vss/restart {} stops the service in order and starts it anew.
 */
export function vss(): ApiRoutes {
  return routes()
    .post("/freeze", async (context) => {
      const { limitMs = longestFreeze } = await bodyOf(context, freeze);
      const { service } = context.var;
      if (service.freeze === undefined) throw cannot("be frozen");
      return context.json(await service.freeze(limitMs));
    })
    .post("/thaw", async (context) => {
      const { id } = await bodyOf(context, thaw);
      const { service } = context.var;
      if (service.thaw === undefined) throw cannot("be thawed");
      return context.json(service.thaw(id));
    })
    .post("/restart", async (context) => {
      const { service } = context.var;
      if (service.restart === undefined) throw cannot("restart by itself");
      await service.restart();
      return context.json({ done: `The service of node ${service.node.name} restarts.` });
    });
}

function cannot(what: string): Error {
  return fail("CALL_NOT_IMPLEMENTED", {
    happened: `This node's service can't ${what}.`,
    unchanged: "Nothing was changed.",
  });
}
