import * as z from "zod";
import { findGroup } from "../../database/commands/find.ts";
import {
  cancelMove,
  createGroup,
  deleteGroup,
  moveGroup,
  offlineGroup,
  onlineGroup,
  releaseGroups,
  renameGroup,
  setGroupProperties,
  setPreferredOwners,
} from "../../database/commands/group.ts";
import type { Key } from "../../tree/key.ts";
import type { Change } from "../../database/change.ts";
import { chooseGroups } from "../group-choice.ts";
import { answerPieces, jsonList } from "../long-answer.ts";
import { propertyInputs } from "../property-inputs.ts";
import { type ApiRoutes, bodyOf, change, changes, pathPart, queryOf, routes, stateOf } from "../request.ts";
import { wholeCluster } from "../status-view.ts";
import { type GroupView, groupView, type PropertiesView, propertiesView } from "../views.ts";
import { attentionText, countText } from "./choice.ts";

/** Answered by GET /groups/GROUP. */
export interface GroupDetail extends GroupView {
  readonly properties: PropertiesView;
}

const list = z.strictObject({
  search: z.string().optional(),
  attention: attentionText.optional(),
  limit: countText.optional(),
  from: countText.optional(),
});
const create = z.strictObject({ name: z.string(), description: z.string().optional() });
const patch = z.strictObject({
  name: z.string().optional(),
  properties: propertyInputs.optional(),
  preferredOwners: z.array(z.string()).optional(),
});
const move = z.strictObject({ node: z.string().optional() });

/**
 * GET /groups[?search=&attention=true&limit=&from=], /groups/GROUP; POST /groups {name, description?}; DELETE /groups/GROUP;
 * PATCH /groups/GROUP {name?, properties?, preferredOwners?}; POST /groups/GROUP/online, /offline, /release, /move {node?}, /cancel;
 * POST /groups/release: all that are held.
 */
export function groups(): ApiRoutes {
  return routes()
    .get("/", async (context) => {
      const state = stateOf(context);
      const question = { ...wholeCluster, ...queryOf(context, list) };
      const { groups: chosen } = await chooseGroups(state, question, () => context.var.service.pause());
      return answerPieces(
        context,
        jsonList(chosen, (group) => groupView(state, group)),
      );
    })
    .get("/:group", (context) => {
      const state = stateOf(context);
      const group = findGroup(state, pathPart(context, "group"));
      return context.json({
        ...groupView(state, group),
        properties: propertiesView(state, group.path, "group"),
      } satisfies GroupDetail);
    })
    .post("/", async (context) => {
      const request = await bodyOf(context, create);
      const id = context.var.newId();
      return change(context, (tree) => createGroup(tree, { id, ...request }), id);
    })
    .delete("/:group", (context) => change(context, (tree) => deleteGroup(tree, { group: pathPart(context, "group") })))
    .patch("/:group", async (context) => {
      const { name, properties, preferredOwners } = await bodyOf(context, patch);
      const { id: group } = findGroup(stateOf(context), pathPart(context, "group"));
      const asked: ((tree: Key) => Change)[] = [];
      if (properties !== undefined) asked.push((tree) => setGroupProperties(tree, { group, properties }));
      if (preferredOwners !== undefined)
        asked.push((tree) => setPreferredOwners(tree, { group, nodes: preferredOwners }));
      if (name !== undefined) asked.push((tree) => renameGroup(tree, { group, name }));
      return changes(context, asked);
    })
    .post("/:group/online", (context) =>
      change(context, (tree) => onlineGroup(tree, { group: pathPart(context, "group") })),
    )
    .post("/:group/offline", (context) =>
      change(context, (tree) => offlineGroup(tree, { group: pathPart(context, "group") })),
    )
    .post("/release", (context) => change(context, (tree) => releaseGroups(tree, {})))
    .post("/:group/release", (context) =>
      change(context, (tree) => releaseGroups(tree, { group: pathPart(context, "group") })),
    )
    .post("/:group/move", async (context) => {
      const request = await bodyOf(context, move);
      return change(context, (tree) => moveGroup(tree, { group: pathPart(context, "group"), ...request }));
    })
    .post("/:group/cancel", (context) =>
      change(context, (tree) => cancelMove(tree, { group: pathPart(context, "group") })),
    );
}
