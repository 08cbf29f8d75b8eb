import * as z from "zod";
import type { GroupQuestion } from "../group-choice.ts";
import { answerPieces, jsonList, jsonWith } from "../long-answer.ts";
import { type ApiRoutes, queryOf, routes } from "../request.ts";
import { selfView, statusParts, wholeCluster } from "../status-view.ts";
import { groupView, resourceView } from "../views.ts";
import { attentionText, countText } from "./choice.ts";

const asked = z.strictObject({
  groups: countText.optional(),
  from: countText.optional(),
  search: z.string().optional(),
  attention: attentionText.optional(),
});

/**
 * GET /status: the whole cluster as this node sees it; with ?groups= (and from=, search=, attention=true) at most so many of its groups
 * with their resources, and the numbers of all. /status/self: only what the node says of itself.
 */
export function status(): ApiRoutes {
  return routes()
    .get("/", async (context) => {
      const { groups: limit = wholeCluster.limit, ...rest } = queryOf(context, asked);
      const question: GroupQuestion = { ...rest, limit };
      const { state, head, groups, resources } = await statusParts(context.var.service, question);
      return answerPieces(
        context,
        jsonWith(head, {
          groups: jsonList(groups, (group) => groupView(state, group)),
          resources: jsonList(resources, (resource) => resourceView(state, resource)),
        }),
      );
    })
    .get("/self", (context) => context.json(selfView(context.var.service)));
}
