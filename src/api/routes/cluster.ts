import * as z from "zod";
import { renameCluster, setClusterProperties } from "../../database/commands/cluster.ts";
import { formatTag } from "../../quorum/tag.ts";
import { propertyInputs } from "../property-inputs.ts";
import { type ApiRoutes, bodyOf, changes, routes, stateOf } from "../request.ts";
import { type PropertiesView, propertiesView } from "../views.ts";

/** Answered by GET /cluster. */
export interface ClusterView {
  readonly name: string;
  readonly instance: string;
  readonly generation: number;
  readonly lineage: string;
  readonly tag: string;
  readonly quorum: { readonly kind: string; readonly place: string };
  readonly properties: PropertiesView;
}

const patch = z.strictObject({ name: z.string().optional(), properties: propertyInputs.optional() });

/** GET /cluster; PATCH /cluster {name?, properties?}. */
export function cluster(): ApiRoutes {
  return routes()
    .get("/", (context) => {
      const { service } = context.var;
      const state = stateOf(context);
      const { instance, generation, lineage } = service.identity();
      const { kind, place } = service.quorum;
      const view: ClusterView = {
        name: state.cluster.name,
        instance,
        generation,
        lineage,
        tag: formatTag(service.database.tag()),
        quorum: { kind, place },
        properties: propertiesView(state, "", "cluster"),
      };
      return context.json(view);
    })
    .patch("/", async (context) => {
      const { name, properties } = await bodyOf(context, patch);
      return changes(context, [
        ...(name === undefined ? [] : [(tree: Parameters<typeof renameCluster>[0]) => renameCluster(tree, { name })]),
        ...(properties === undefined
          ? []
          : [(tree: Parameters<typeof renameCluster>[0]) => setClusterProperties(tree, { properties })]),
      ]);
    });
}
