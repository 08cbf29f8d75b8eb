/** What the routes share: whom they ask, how they read a request, how a change is answered. */
import { type Context, Hono } from "hono";
import type * as z from "zod";
import { sha256 } from "../base/digest.ts";
import { fail, type Failure } from "../base/errors.ts";
import type { Change } from "../database/change.ts";
import { type ClusterState, readState } from "../database/state.ts";
import { formatTag, type Tag } from "../quorum/tag.ts";
import type { Key } from "../tree/key.ts";
import type { NodeService } from "./node-service.ts";
import type { ApiCaller } from "./route-rights.ts";

/** What the application keeps for a request. */
export interface ApiEnv {
  /** Who calls, as the listener knows it; absent: nobody. */
  readonly Bindings: { readonly caller?: ApiCaller };
  readonly Variables: {
    service: NodeService;
    newId: () => string;
    /** For the audit log, where the path does not say it. */
    about?: string;
  };
}

/** A request of the API. */
export type ApiContext = Context<ApiEnv>;
/** One noun's routes. */
export type ApiRoutes = Hono<ApiEnv>;

/** An empty set of routes. */
export function routes(): ApiRoutes {
  return new Hono<ApiEnv>();
}

/** The answer to a change. */
export interface Changed {
  /** The database has the change from this tag on. */
  readonly tag: string;
  /** One sentence. */
  readonly done: string;
  /** GUID of a new object. */
  readonly id?: string;
}

/** Properties that are undefined are left out. */
export type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** The body as the schema says; what is wrong with it otherwise (INVALID_PARAMETER). An empty body counts as `{}`. */
export async function bodyOf<T extends z.ZodType>(context: ApiContext, schema: T): Promise<Defined<z.output<T>>> {
  const text = await context.req.text();
  let json: unknown;
  try {
    json = text.trim() === "" ? {} : JSON.parse(text);
  } catch {
    throw wrongRequest("The body of the request is not JSON.");
  }
  return checked(schema, json, "body");
}

/** The query as the schema says (INVALID_PARAMETER). */
export function queryOf<T extends z.ZodType>(context: ApiContext, schema: T): Defined<z.output<T>> {
  const { atLeast: _, ...query } = context.req.query();
  return checked(schema, query, "query");
}

function checked<T extends z.ZodType>(schema: T, json: unknown, what: string): Defined<z.output<T>> {
  const result = schema.safeParse(json);
  if (result.success) return defined(result.data);
  const issues = result.error.issues.map((issue) => `${issue.path.join(".") || what}: ${issue.message}`);
  throw wrongRequest(`The ${what} of the request is wrong: ${issues.join("; ")}.`);
}

function defined<T>(data: T): Defined<T> {
  if (typeof data !== "object" || data === null) return data as Defined<T>;
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined)) as Defined<T>;
}

/** A request that can't be understood. */
export function wrongRequest(happened: string): Failure {
  return fail("INVALID_PARAMETER", { happened, unchanged: "Nothing was changed.", next: "See docs/reference/api.md." });
}

/** The part of the path that a route names; always there in a route that declares it. */
export function pathPart(context: ApiContext, name: string): string {
  return context.req.param(name) ?? "";
}

/** This node's copy of the database, read. */
export function stateOf(context: ApiContext): ClusterState {
  return readState(context.var.service.database.tree());
}

/** Makes a change and answers it. */
export async function change(context: ApiContext, build: (tree: Key) => Change, id?: string): Promise<Response> {
  let done = "";
  const tag = await context.var.service.change((tree) => {
    const built = build(tree);
    done = built.because;
    return built;
  });
  const answer: Changed = { tag: tell(context, tag), done, ...(id === undefined ? {} : { id }) };
  return context.json(answer, id === undefined ? 200 : 201);
}

/** The change, with a sentence more for whoever asked. */
export function withNote(built: Change, note: string): Change {
  return note === "" ? built : { ...built, because: `${built.because} ${note}` };
}

/** Several changes, one update each, in order; the sentence of the answer says all. INVALID_PARAMETER when there is none. */
export async function changes(context: ApiContext, builds: readonly ((tree: Key) => Change)[]): Promise<Response> {
  if (builds.length === 0) throw wrongRequest("The request asks for no change.");
  const sentences: string[] = [];
  let tag = "";
  for (const build of builds) {
    const made = await context.var.service.change((tree) => {
      const built = build(tree);
      sentences.push(built.because);
      return built;
    });
    tag = tell(context, made);
  }
  return context.json({ tag, done: [...new Set(sentences)].join(" ") } satisfies Changed);
}

/** Writes the tag of a change into the answer's header. */
export function tell(context: ApiContext, tag: Tag): string {
  const text = formatTag(tag);
  context.header("clubar-tag", text);
  return text;
}

/** Makes GUIDs for new objects out of what no other maker shares: the life of the service and a counter. RFC 9562 version 8. */
export function idMaker(service: () => NodeService | undefined): () => string {
  let made = 0;
  return () => {
    made += 1;
    const life = service()?.database.self.incarnation ?? "";
    const hex = sha256(new TextEncoder().encode(`new object ${made} of ${life}`));
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  };
}
