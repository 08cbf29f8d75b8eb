import { type ApiRoutes, routes } from "../request.ts";
import { statusView } from "../status-view.ts";

/** GET /status: the whole cluster as this node sees it. */
export function status(): ApiRoutes {
  return routes().get("/", (context) => context.json(statusView(context.var.service)));
}
