/**
 * The API of a node: `/api/v1/<noun>`, JSON, errors as rows of the error table. Every answer carries the header `clubar-tag`, the tag
 * of this node's copy; a request with `at-least: TAG` (or `?atLeast=TAG`) waits for that tag first.
 */
import type { Audit, AuditEntry } from "./audit.ts";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { errorTable, fail, type Failure, isErrorName } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { formatTag, parseTag } from "../quorum/tag.ts";
import type { NodeService } from "./node-service.ts";
import type { PageService } from "./page-service.ts";
import { type ApiContext, type ApiEnv, idMaker, wrongRequest } from "./request.ts";
import { type ApiCaller, rightOf, type RouteRight, whyRefused } from "./route-rights.ts";
import { backup } from "./routes/backup.ts";
import { checkpointContent } from "./routes/checkpoint-content.ts";
import { checkpoints } from "./routes/checkpoints.ts";
import { cluster } from "./routes/cluster.ts";
import { decisions } from "./routes/decisions.ts";
import { doctor } from "./routes/doctor.ts";
import { events } from "./routes/events.ts";
import { fencing } from "./routes/fencing.ts";
import { groups } from "./routes/groups.ts";
import { keys } from "./routes/keys.ts";
import { nodes } from "./routes/nodes.ts";
import { recovery } from "./routes/recovery.ts";
import { registry } from "./routes/registry.ts";
import { resourceTypes } from "./routes/resource-types.ts";
import { resources } from "./routes/resources.ts";
import { restore } from "./routes/restore.ts";
import { sets } from "./routes/sets.ts";
import { networks } from "./routes/networks.ts";
import { status } from "./routes/status.ts";
import { users } from "./routes/users.ts";
import { vss } from "./routes/vss.ts";

/** What the API answers when something failed. */
export interface ErrorAnswer {
  /** Name of the row. */
  readonly name: string;
  readonly win32: number;
  readonly exit: number;
  readonly happened: string;
  readonly unchanged: string;
  readonly next: string;
}

/** The most bytes of a request's body: 512 MiB, a large hive. */
const longestBody = 512 * 1024 * 1024;

/** What a node may be asked that is no member now: it ends, it is restored, or the answer needs no cluster. */
const always =
  /^\/api\/v1\/(restore(\/plan)?|cluster\/force-quorum(\/plan)?|vss\/(freeze|thaw|restart)|nodes\/[^/]+\/stop|sets\/verify)$/;

/**
 * The application; `service` is undefined before there is one. Without `page` there are no routes that only the web page needs. `audit` is
 * told of every refused and every destructive call.
 */
export function createApp(
  service: () => NodeService | undefined,
  page?: PageService,
  audit: Audit = () => undefined,
): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>();
  const newId = idMaker(service);
  app.onError((error, context) => answerError(error, context as ApiContext));
  app.notFound((context) => answerError(noSuchCall(context.req.method, context.req.path), context as ApiContext));
  app.use(
    bodyLimit({
      maxSize: longestBody,
      onError: () => Promise.reject(fail("MORE_DATA", { happened: "The request's body is above 512 MiB." })),
    }),
  );
  app.use(async (context, next) => {
    const caller = context.env?.caller ?? nobody;
    const row = rightOf(context.req.method, context.req.path);
    if (row === undefined) throw noSuchCall(context.req.method, context.req.path);
    const refused = whyRefused(caller, row);
    if (refused !== undefined) {
      audit(entryOf(context, caller, row, refused));
      throw refused;
    }
    const now = service();
    if (now === undefined) throw notReady("The service of this node starts.");
    context.set("service", now);
    context.set("newId", newId);
    await waitForTag(context, now);
    if (context.req.method !== "GET" && !always.test(context.req.path)) refuseOutsider(now);
    await next();
    if (row.destructive) audit(entryOf(context, caller, row, context.error));
    if (!context.res.headers.has("clubar-tag")) context.header("clubar-tag", formatTag(now.database.tag()));
  });
  const api = new Hono<ApiEnv>();
  const nouns = {
    cluster,
    nodes,
    groups,
    resources,
    "resource-types": resourceTypes,
    checkpoints,
    registry,
    keys,
    backup,
    restore,
    recovery,
    events,
    status,
    doctor,
    fencing,
    users,
    networks,
    vss,
    ...(page === undefined ? {} : { decisions: () => decisions(page), sets: () => sets(page) }),
  };
  for (const [noun, make] of Object.entries(nouns)) api.route(`/${noun}`, make());
  api.route("/checkpoints", checkpointContent());
  app.route("/api/v1", api);
  return app;
}

const nobody: ApiCaller = { who: "nobody", from: "", rights: [] };

function entryOf(
  { req, var: { about } }: ApiContext,
  { who, from }: ApiCaller,
  row: RouteRight,
  error: Error | undefined,
): AuditEntry {
  const named = error === undefined ? {} : { error: failureOf(error).name };
  const outcome = error === undefined ? "done" : named.error === "ACCESS_DENIED" ? "refused" : "failed";
  const more = about === undefined ? {} : { about };
  return { who, from, what: `${req.method} ${req.path}`, ...more, right: row.right, outcome, ...named };
}

async function waitForTag(context: ApiContext, service: NodeService): Promise<void> {
  const text = context.req.header("at-least") ?? context.req.query("atLeast");
  if (text === undefined) return;
  const tag = parseTag(text);
  if (tag === undefined)
    throw wrongRequest(`"${text}" is no tag; a tag is three numbers joined by colons, as 1:3:276.`);
  await service.database.waitFor(tag);
}

/** A node that is no member answers from its copy and changes nothing. */
function refuseOutsider(service: NodeService): void {
  const { state, because, leader } = service.status();
  if (state === "member" || state === "leader") return;
  if (state === "alone" && leader === undefined) {
    throw fail("NO_QUORUM", {
      happened: `Node ${service.node.name} is no member of a cluster with a leader now. ${because}`.trim(),
      unchanged: "Nothing was changed.",
      next: "See `clubar status`; what is shown there may be old.",
    });
  }
  throw notReady(`Node ${service.node.name} is not ready (${state}). ${because}`.trim());
}

/** Also for a route that has no row in `route-rights.ts`. */
function noSuchCall(method: string, path: string): Failure {
  return fail("INVALID_FUNCTION", { happened: `The API has no ${method} ${path}.` });
}

function notReady(happened: string): Error {
  return fail("CLUSTER_NODE_NOT_READY", {
    happened,
    unchanged: "Nothing was changed.",
    next: "Try again in a moment.",
  });
}

function answerError(error: unknown, context: ApiContext): Response {
  const failure = failureOf(error);
  const { name, win32, exit, happened, unchanged, next } = failure;
  const tag = context.var.service?.database.tag();
  if (tag !== undefined) context.header("clubar-tag", formatTag(tag));
  const status = isErrorName(name) ? errorTable[name].http : 500;
  return context.json(
    { name, win32, exit, happened, unchanged, next } satisfies ErrorAnswer,
    status >= 400 ? (status as 400) : 500,
  );
}
