import { fail } from "../../base/errors.ts";
import { type ApiRoutes, routes } from "../request.ts";

/** GET /doctor: what is wrong with this node and its cluster, what is not, and what to do; changes nothing. */
export function doctor(): ApiRoutes {
  return routes().get("/", async (context) => {
    const { doctor: look } = context.var.service;
    if (look !== undefined) return context.json(await look());
    throw fail("CALL_NOT_IMPLEMENTED", { happened: "This service has no doctor.", unchanged: "Nothing was changed." });
  });
}
