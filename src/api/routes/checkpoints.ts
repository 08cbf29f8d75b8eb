import * as z from "zod";
import { fail } from "../../base/errors.ts";
import type { Added, AuditLine, AuditResult, Checkpoint, RecreateLine, SideCopy } from "../../checkpoint/checkpoint.ts";
import { checkpointKinds } from "../../checkpoint/names.ts";
import { resourcesOf, resourcesWith } from "../../database/cluster-sums.ts";
import { findResource } from "../../database/commands/find.ts";
import type { ResourceState } from "../../database/state.ts";
import { formatTag } from "../../quorum/tag.ts";
import { meantItems } from "../../tree/summed.ts";
import { type ApiContext, type ApiRoutes, bodyOf, queryOf, routes, stateOf } from "../request.ts";

/** The current version of a checkpoint, or one of its history. */
export interface CheckpointView extends Checkpoint {
  /** Name of its resource. */
  readonly resource: string;
}

/** One line of GET /checkpoints/audit. */
export interface AuditView extends CheckpointView {
  readonly result: AuditResult;
  readonly sentence: string;
}

/** One line of GET /checkpoints/losers: `resource` is the id, `name` null when the resource is gone. */
export interface SideCopyView extends SideCopy {
  readonly name: string | null;
}

const kind = z.enum(checkpointKinds);
const ofResource = z.strictObject({ resource: z.string().optional() });
const one = z.strictObject({ resource: z.string(), kind, path: z.string() });
const patterns = z.array(z.string()).optional();
const add = one.extend({
  force: z.boolean().optional(),
  include: patterns,
  exclude: patterns,
  maxSize: z.int().min(1).optional(),
});
const recreate = z.strictObject({ resource: z.string(), path: z.string().optional() });
const revert = z.strictObject({ resource: z.string(), path: z.string(), number: z.int().min(1) });

/**
 * GET /checkpoints[?resource=], /checkpoints/history?resource=&kind=&path=, /checkpoints/audit[?resource=], /checkpoints/losers[?resource=]
 * (this node's); POST /checkpoints {resource, kind, path, force?; of a directory: include?, exclude?, maxSize?},
 * /checkpoints/remove {resource, kind, path}, /checkpoints/recreate {resource, path?}, /checkpoints/revert {resource, path, number}.
 */
export function checkpoints(): ApiRoutes {
  return routes()
    .get("/", (context) => {
      const service = context.var.service.checkpoints;
      return context.json(
        asked(context).flatMap((resource) => service.list(resource.id).map((version) => view(resource, version))),
      );
    })
    .get("/history", (context) => {
      const query = queryOf(context, one);
      const resource = findResource(stateOf(context), query.resource);
      const versions = context.var.service.checkpoints.history(resource.id, query.kind, query.path);
      return context.json(versions.map((version) => view(resource, version)));
    })
    .get("/audit", async (context) => {
      const lines: AuditView[] = [];
      for (const resource of asked(context)) {
        const found = (await auditAtOwner(context, resource)) as readonly AuditLine[];
        for (const { checkpoint, result, sentence } of found) {
          lines.push({ ...view(resource, checkpoint), result, sentence });
        }
      }
      return context.json(lines);
    })
    .get("/losers", async (context) => {
      const { resource } = queryOf(context, ofResource);
      const state = stateOf(context);
      const id = resource === undefined ? undefined : findResource(state, resource).id;
      const copies = await context.var.service.checkpoints.sideCopies(id);
      return context.json(copies.map((one) => ({ ...one, name: state.resources.get(one.resource)?.name ?? null })));
    })
    .post("/", async (context) => {
      const { include, exclude, maxSize, force, ...request } = await bodyOf(context, add);
      const resource = findResource(stateOf(context), request.resource);
      const filter = present({ include, exclude, maxSize });
      const call = {
        call: "add",
        ...request,
        resource: resource.id,
        ...(force === undefined ? {} : { force }),
        ...(Object.keys(filter).length === 0 ? {} : { filter }),
      } as const;
      const { notes } = (await context.var.service.atOwner(call)) as Added;
      return answer(context, [`${request.path} is a checkpoint of resource "${resource.name}".`, ...notes].join(" "));
    })
    .post("/remove", async (context) => {
      const request = await bodyOf(context, one);
      const resource = findResource(stateOf(context), request.resource);
      await context.var.service.atOwner({ call: "remove", ...request, resource: resource.id });
      return answer(
        context,
        `${request.path} is no longer a checkpoint of resource "${resource.name}"; on the nodes it stays as it is.`,
      );
    })
    .post("/recreate", recreateThem)
    .post("/revert", async (context) => {
      const request = await bodyOf(context, revert);
      const resource = findResource(stateOf(context), request.resource);
      await context.var.service.atOwner({ call: "revert", ...request, resource: resource.id });
      return answer(
        context,
        `${request.path} of resource "${resource.name}" has the content of version ${request.number} again.`,
      );
    });
}

async function recreateThem(context: ApiContext): Promise<Response> {
  const request = await bodyOf(context, recreate);
  const resource = findResource(stateOf(context), request.resource);
  const { path } = request;
  const call = { call: "recreate", resource: resource.id, ...(path === undefined ? {} : { path }) } as const;
  const lines = (await context.var.service.atOwner(call)) as readonly RecreateLine[];
  const failed = lines.filter(({ result }) => result === "failed").map((line) => `${line.path}: ${line.sentence}`);
  const done = lines.filter(({ result }) => result !== "failed").map((line) => line.path);
  if (failed.length > 0) {
    throw fail("PARTIAL_COPY", {
      happened:
        `Of resource "${resource.name}", ${done.length} checkpoints were re-created ` +
        `and ${failed.length} were not: ${failed.join("; ")}.`,
      unchanged: "Those that failed are as they were.",
    });
  }
  return answer(
    context,
    `${done.join(", ") || "Nothing"} of resource "${resource.name}" is re-created from what is live.`,
  );
}

type Present<T> = { -readonly [Name in keyof T]?: Exclude<T[Name], undefined> };

/** Without what was not given. */
function present<T extends object>(given: T): Present<T> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Present<T>;
}

/** Only the owner can compare with what is live; without one, this node looks at the files. */
async function auditAtOwner(context: ApiContext, resource: ResourceState): Promise<unknown> {
  const { service } = context.var;
  return service.atOwner({ call: "audit", resource: resource.id }).catch(() => service.checkpoints.audit(resource.id));
}

function asked(context: ApiContext): readonly ResourceState[] {
  const { resource } = queryOf(context, ofResource);
  const state = stateOf(context);
  if (resource !== undefined) return [findResource(state, resource)];
  return [...meantItems(resourcesOf(state), resourcesWith("withCheckpoints"))].map(({ object }) => object);
}

function view(resource: ResourceState, version: Checkpoint): CheckpointView {
  return { resource: resource.name, ...version };
}

function answer(context: ApiContext, done: string): Response {
  return context.json({ tag: formatTag(context.var.service.database.tag()), done });
}
