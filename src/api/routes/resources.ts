import * as z from "zod";
import { fromBase64, toBase64 } from "../../base/bytes.ts";
import type { ControlAnswer } from "../../checkpoint/control-codes.ts";
import type { Change } from "../../database/change.ts";
import { addDependency, removeDependency } from "../../database/commands/dependency.ts";
import { findGroup, findResource, findResourceType } from "../../database/commands/find.ts";
import { addPossibleOwner, removePossibleOwner } from "../../database/commands/owners.ts";
import {
  createResource,
  deleteResource,
  failResource,
  offlineResource,
  onlineResource,
  renameResource,
  setResourceParameters,
  setResourceProperties,
} from "../../database/commands/resource.ts";
import { resourceKey } from "../../database/schema.ts";
import type { Key } from "../../tree/key.ts";
import { chooseResources } from "../group-choice.ts";
import { answerPieces, jsonList } from "../long-answer.ts";
import { checkParameters } from "../parameter-check.ts";
import { propertyInputs } from "../property-inputs.ts";
import {
  type ApiContext,
  type ApiRoutes,
  bodyOf,
  change,
  changes,
  pathPart,
  queryOf,
  routes,
  stateOf,
  withNote,
} from "../request.ts";
import { parametersView, type PropertiesView, propertiesView, type ResourceView, resourceView } from "../views.ts";
import { countText } from "./choice.ts";

/** Answered by GET /resources/RESOURCE. */
export interface ResourceDetail extends ResourceView {
  readonly properties: PropertiesView;
  /** Private properties. */
  readonly parameters: PropertiesView;
}

const list = z.strictObject({
  group: z.string().optional(),
  type: z.string().optional(),
  search: z.string().optional(),
  limit: countText.optional(),
});
const create = z.strictObject({
  name: z.string(),
  group: z.string(),
  type: z.string(),
  parameters: propertyInputs.optional(),
  force: z.boolean().optional(),
});
const patch = z.strictObject({
  name: z.string().optional(),
  properties: propertyInputs.optional(),
  parameters: propertyInputs.optional(),
  force: z.boolean().optional(),
});
const dependency = z.strictObject({ dependsOn: z.string() });
const owner = z.strictObject({ node: z.string() });
const control = z.strictObject({
  code: z.int().min(0).max(0xffffffff),
  input: z.base64().optional(),
  outSize: z.int().min(0).optional(),
});

/**
 * GET /resources[?group=&type=&search=&limit=], /resources/RESOURCE; POST /resources {name, group, type, parameters?, force?};
 * DELETE /resources/RESOURCE; PATCH /resources/RESOURCE {name?, properties?, parameters?, force?}; POST /resources/RESOURCE/online,
 * /offline, /fail, /depend {dependsOn}, /undepend {dependsOn}, /add-owner {node}, /remove-owner {node}, /control {code, input?, outSize?}
 * (bytes in base64). `force` stores parameters that are wrong or that no node can check.
 */
export function resources(): ApiRoutes {
  const api = routes();
  const resourceOf = (context: Parameters<typeof pathPart>[0]): string => pathPart(context, "resource");
  api.get("/", listResources);
  api.get("/:resource", (context) => {
    const state = stateOf(context);
    const resource = findResource(state, resourceOf(context));
    const properties = propertiesView(state, resource.path, "resource");
    const parameters = parametersView(state, `${resource.path}\\${resourceKey.parameters}`);
    return context.json({ ...resourceView(state, resource), properties, parameters } satisfies ResourceDetail);
  });
  api.post("/", async (context) => {
    const { force = false, ...request } = await bodyOf(context, create);
    const id = context.var.newId();
    const build = (tree: Key): Change => createResource(tree, { id, ...request });
    const note = await checkParameters(context.var.service, id, build, { given: request.parameters, force });
    return change(context, (tree) => withNote(build(tree), note), id);
  });
  api.delete("/:resource", (context) =>
    change(context, (tree) => deleteResource(tree, { resource: resourceOf(context) })),
  );
  api.patch("/:resource", async (context) => {
    const { name, properties, parameters, force = false } = await bodyOf(context, patch);
    const { id: resource } = findResource(stateOf(context), resourceOf(context));
    const asked: ((tree: Key) => Change)[] = [];
    if (properties !== undefined) asked.push((tree) => setResourceProperties(tree, { resource, properties }));
    if (parameters !== undefined) {
      const build = (tree: Key): Change => setResourceParameters(tree, { resource, parameters });
      const note = await checkParameters(context.var.service, resource, build, { given: parameters, force });
      asked.push((tree) => withNote(build(tree), note));
    }
    if (name !== undefined) asked.push((tree) => renameResource(tree, { resource, name }));
    return changes(context, asked);
  });
  const plain = { online: onlineResource, offline: offlineResource, fail: failResource };
  for (const [verb, build] of Object.entries(plain)) {
    api.post(`/:resource/${verb}`, (context) =>
      change(context, (tree) => build(tree, { resource: resourceOf(context) })),
    );
  }
  const dependencies = { depend: addDependency, undepend: removeDependency };
  for (const [verb, build] of Object.entries(dependencies)) {
    api.post(`/:resource/${verb}`, async (context) => {
      const { dependsOn } = await bodyOf(context, dependency);
      return change(context, (tree) => build(tree, { resource: resourceOf(context), dependsOn }));
    });
  }
  const owners = { "add-owner": addPossibleOwner, "remove-owner": removePossibleOwner };
  for (const [verb, build] of Object.entries(owners)) {
    api.post(`/:resource/${verb}`, async (context) => {
      const { node } = await bodyOf(context, owner);
      return change(context, (tree) => build(tree, { resource: resourceOf(context), node }));
    });
  }
  api.post("/:resource/control", async (context) => {
    const { code, input, outSize } = await bodyOf(context, control);
    const { id: resource } = findResource(stateOf(context), resourceOf(context));
    const bytes = input === undefined ? undefined : fromBase64(input);
    const output = await context.var.service.atOwner({ call: "control", resource, code, input: bytes, outSize });
    return context.json(controlView(output as ControlAnswer));
  });
  return api;
}

/** What a control code answered. */
export interface ControlView {
  /** 0 is success, 234 MORE_DATA. */
  readonly win32: number;
  /** In base64; empty when the code has no output or the room was too small. */
  readonly output: string;
  /** Bytes that the whole output takes. */
  readonly required: number;
}

function controlView({ code, output, required }: ControlAnswer): ControlView {
  return { win32: code, output: toBase64(output), required };
}

async function listResources(context: ApiContext): Promise<Response> {
  const state = stateOf(context);
  const { group: named, limit = Number.POSITIVE_INFINITY, ...rest } = queryOf(context, list);
  const group = named === undefined ? undefined : findGroup(state, named).id;
  if (rest.type !== undefined) findResourceType(state, rest.type);
  const question = { ...rest, limit, ...(group === undefined ? {} : { group }) };
  const chosen = await chooseResources(state, question, () => context.var.service.pause());
  return answerPieces(
    context,
    jsonList(chosen, (resource) => resourceView(state, resource)),
  );
}
