/** Asks a node's API; the caller brings the way to reach it. */
import { fail, isErrorName, type Failure } from "../base/errors.ts";
import { OutsideError } from "../base/outside.ts";
import type { HttpAnswer, HttpQuestion } from "../base/outside-node-http.ts";

/** Carries one question to the node and its answer back; rejects with an `OutsideError`. */
export type Transport = (question: HttpQuestion) => Promise<HttpAnswer>;

/** How a node is asked. */
export interface ApiClientOptions {
  readonly transport: Transport;
  /** Names the node in errors: its data folder. */
  readonly place: string;
  /** Every question waits for this tag first. */
  readonly atLeast?: string;
}

/** Names and values of a query; undefined ones are left out. */
export type Query = Readonly<Record<string, string | undefined>>;

/**
 * The API of one node. Paths are below `/api/v1`, their parts encoded by `apiPath`. Rejects with the failure that the node answered,
 * SERVICE_NOT_ACTIVE when no service answers there, ACCESS_DENIED when the caller may not reach it.
 */
export class ApiClient {
  readonly #options: ApiClientOptions;
  #tag: string | undefined;

  constructor(options: ApiClientOptions) {
    this.#options = options;
  }

  /** The tag of the last answer. */
  tag(): string | undefined {
    return this.#tag;
  }

  get<T>(path: string, query: Query = {}): Promise<T> {
    return this.#json("GET", path, query, undefined);
  }

  post<T>(path: string, body: object = {}): Promise<T> {
    return this.#json("POST", path, {}, body);
  }

  patch<T>(path: string, body: object): Promise<T> {
    return this.#json("PATCH", path, {}, body);
  }

  delete<T>(path: string, query: Query = {}): Promise<T> {
    return this.#json("DELETE", path, query, undefined);
  }

  /** Bytes or text as they are, with or without bytes in the question. */
  async bytes(method: "GET" | "POST" | "PUT", path: string, query: Query, body?: Uint8Array): Promise<Uint8Array> {
    const type = body === undefined ? {} : { "content-type": "application/octet-stream" };
    const answer = await this.#ask({
      method,
      path: fullPath(path, query),
      headers: type,
      ...(body === undefined ? {} : { body }),
    });
    return answer.body;
  }

  async #json<T>(method: string, path: string, query: Query, body: object | undefined): Promise<T> {
    const payload = body === undefined ? {} : { body: new TextEncoder().encode(JSON.stringify(body)) };
    const headers = body === undefined ? {} : { "content-type": "application/json" };
    const answer = await this.#ask({ method, path: fullPath(path, query), headers, ...payload });
    return parse(answer.body) as T;
  }

  async #ask(question: HttpQuestion): Promise<HttpAnswer> {
    const { transport, atLeast } = this.#options;
    const headers = atLeast === undefined ? question.headers : { ...question.headers, "at-least": atLeast };
    let answer: HttpAnswer;
    try {
      answer = await transport({ ...question, headers });
    } catch (error) {
      throw this.#unreached(error, question.method !== "GET");
    }
    this.#tag = answer.headers["clubar-tag"] ?? this.#tag;
    if (answer.status < 200 || answer.status > 299) throw failureIn(answer);
    return answer;
  }

  #unreached(error: unknown, changes: boolean): unknown {
    if (!(error instanceof OutsideError)) return error;
    const { place } = this.#options;
    if (["ENOENT", "ENOTDIR", "ECONNREFUSED"].includes(error.code)) {
      return fail("SERVICE_NOT_ACTIVE", {
        happened: `No clubar service runs for ${place}.`,
        unchanged: "Nothing was changed.",
        next: `Start it with \`clubar --data ${place} service\`, or name another data folder with --data.`,
        cause: error,
      });
    }
    if (error.code === "EACCES" || error.code === "EPERM") {
      return fail("ACCESS_DENIED", {
        happened: `You may not ask the clubar service of ${place}.`,
        unchanged: "Nothing was changed.",
        next: "Ask as the user that runs the service.",
        cause: error,
      });
    }
    return fail(changes ? "OUTCOME_UNKNOWN" : "CLUSTER_NODE_UNREACHABLE", {
      happened: `The clubar service of ${place} went away before it answered.`,
      unchanged: changes ? "What was asked may have been done or not." : "Nothing was changed.",
      next: "See `clubar status`, then ask again.",
      cause: error,
    });
  }
}

/** A path whose parts are encoded: `apiPath("groups", name, "online")`. USAGE for an empty one. */
export function apiPath(...parts: readonly string[]): string {
  if (parts.includes("")) {
    throw fail("USAGE", {
      happened: "An empty name was given.",
      unchanged: "Nothing was done.",
      next: "Was a variable of a script not set?",
    });
  }
  return `/${parts.map(encodeURIComponent).join("/")}`;
}

function fullPath(path: string, query: Query): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as [string, string]],
  );
  return `/api/v1${path}${pairs.length === 0 ? "" : `?${new URLSearchParams(pairs).toString()}`}`;
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch (cause) {
    throw fail("CLUSTER_CANT_DESERIALIZE_DATA", { happened: "The service answered what is not JSON.", cause });
  }
}

function failureIn(answer: HttpAnswer): Failure {
  const { name, happened, unchanged, next } = parse(answer.body) as Readonly<Record<string, unknown>>;
  if (typeof name !== "string" || !isErrorName(name) || typeof happened !== "string") {
    return fail("INTERNAL_ERROR", {
      happened: `The service answered with HTTP status ${answer.status} and no error of clubar's.`,
    });
  }
  return fail(name, {
    happened,
    unchanged: typeof unchanged === "string" ? unchanged : "",
    next: typeof next === "string" ? next : "",
  });
}
