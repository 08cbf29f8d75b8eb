import { type ApiRoutes, routes } from "../request.ts";
import { selfView, statusView } from "../status-view.ts";

/** GET /status: the whole cluster as this node sees it; /status/self: only what it says of itself. */
export function status(): ApiRoutes {
  return routes()
    .get("/", (context) => context.json(statusView(context.var.service)))
    .get("/self", (context) => context.json(selfView(context.var.service)));
}
