import * as z from "zod";
import { setResourceTypeProperties } from "../../database/commands/cluster.ts";
import { propertyInputs } from "../property-inputs.ts";
import { type ApiRoutes, bodyOf, change, pathPart, routes, stateOf } from "../request.ts";
import { resourceTypeView } from "../views.ts";

const patch = z.strictObject({ properties: propertyInputs });

/** GET /resource-types; PATCH /resource-types/TYPE {properties}. */
export function resourceTypes(): ApiRoutes {
  return routes()
    .get("/", (context) => context.json([...stateOf(context).resourceTypes.values()].map(resourceTypeView)))
    .patch("/:type", async (context) => {
      const { properties } = await bodyOf(context, patch);
      return change(context, (tree) =>
        setResourceTypeProperties(tree, { type: pathPart(context, "type"), properties }),
      );
    });
}
