import * as z from "zod";
import type { Change } from "../../database/change.ts";
import { setResourceTypeProperties } from "../../database/commands/cluster.ts";
import { createResourceType, deleteResourceType } from "../../database/commands/resource-type.ts";
import type { Key } from "../../tree/key.ts";
import { propertyInputs } from "../property-inputs.ts";
import { checkModule } from "../parameter-check.ts";
import { type ApiRoutes, bodyOf, change, pathPart, routes, stateOf, withNote } from "../request.ts";
import { resourceTypeView } from "../views.ts";

const patch = z.strictObject({ properties: propertyInputs });

const create = z.strictObject({
  name: z.string(),
  module: z.string(),
  diesWithHost: z.boolean(),
  description: z.string().optional(),
  force: z.boolean().optional(),
});

/** GET /resource-types; POST {name, module, diesWithHost, description?, force?}; PATCH /resource-types/TYPE {properties}; DELETE. */
export function resourceTypes(): ApiRoutes {
  return routes()
    .get("/", (context) => context.json([...stateOf(context).resourceTypes.values()].map(resourceTypeView)))
    .post("/", async (context) => {
      const { description, force = false, ...request } = await bodyOf(context, create);
      const more = description === undefined ? {} : { description };
      const build = (tree: Key): Change => createResourceType(tree, { ...request, ...more });
      const { service } = context.var;
      build(service.database.tree());
      const note = await checkModule(service, { ...request, force });
      return change(context, (tree) => withNote(build(tree), note));
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
