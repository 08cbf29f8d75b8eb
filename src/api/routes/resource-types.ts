import * as z from "zod";
import { setResourceTypeProperties } from "../../database/commands/cluster.ts";
import { createResourceType, deleteResourceType } from "../../database/commands/resource-type.ts";
import { propertyInputs } from "../property-inputs.ts";
import { type ApiRoutes, bodyOf, change, pathPart, routes, stateOf } from "../request.ts";
import { resourceTypeView } from "../views.ts";

const patch = z.strictObject({ properties: propertyInputs });

const create = z.strictObject({
  name: z.string(),
  module: z.string(),
  diesWithHost: z.boolean(),
  description: z.string().optional(),
});

/** GET /resource-types; POST {name, module, diesWithHost, description?}; PATCH /resource-types/TYPE {properties}; DELETE. */
export function resourceTypes(): ApiRoutes {
  return routes()
    .get("/", (context) => context.json([...stateOf(context).resourceTypes.values()].map(resourceTypeView)))
    .post("/", async (context) => {
      const { description, ...request } = await bodyOf(context, create);
      const more = description === undefined ? {} : { description };
      return change(context, (tree) => createResourceType(tree, { ...request, ...more }));
    })
    .delete("/:type", (context) =>
      change(context, (tree) => deleteResourceType(tree, { type: pathPart(context, "type") })),
    )
    .patch("/:type", async (context) => {
      const { properties } = await bodyOf(context, patch);
      return change(context, (tree) =>
        setResourceTypeProperties(tree, { type: pathPart(context, "type"), properties }),
      );
    });
}
