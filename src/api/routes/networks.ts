import { fail } from "../../base/errors.ts";
import { foldId } from "../../database/schema.ts";
import { networkViews } from "../network-view.ts";
import { type ApiRoutes, pathPart, routes, stateOf } from "../request.ts";

/** GET /networks, /networks/NETWORK. */
export function networks(): ApiRoutes {
  return routes()
    .get("/", (context) => context.json(networkViews(stateOf(context))))
    .get("/:network", (context) => {
      const asked = pathPart(context, "network");
      const found = networkViews(stateOf(context)).find(
        ({ id, name }) => foldId(id) === foldId(asked) || name.toLowerCase() === asked.toLowerCase(),
      );
      if (found !== undefined) return context.json(found);
      throw fail("CLUSTER_NETWORK_NOT_FOUND", {
        happened: `There is no network "${asked}".`,
        unchanged: "Nothing was changed.",
        next: "`clubar network list` shows which there are.",
      });
    });
}
