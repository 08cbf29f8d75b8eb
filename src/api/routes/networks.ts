import * as z from "zod";
import { findNetwork, setNetworkProperties } from "../../database/commands/network-role.ts";
import { networkViews } from "../network-view.ts";
import { propertyInputs } from "../property-inputs.ts";
import { type ApiRoutes, bodyOf, change, pathPart, routes, stateOf } from "../request.ts";

const patch = z.strictObject({ properties: propertyInputs });

/** GET /networks, /networks/NETWORK; PATCH /networks/NETWORK {properties}. */
export function networks(): ApiRoutes {
  return routes()
    .get("/", (context) => context.json(networkViews(stateOf(context))))
    .get("/:network", (context) => {
      const state = stateOf(context);
      const { id } = findNetwork(state.tree, pathPart(context, "network"));
      return context.json(networkViews(state).find((one) => one.id === id));
    })
    .patch("/:network", async (context) => {
      const { properties } = await bodyOf(context, patch);
      const network = pathPart(context, "network");
      return change(context, (tree) => setNetworkProperties(tree, { network, properties }));
    });
}
