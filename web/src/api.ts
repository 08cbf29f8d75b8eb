/** Questions to the node that served this page. */
import type { ErrorAnswer } from "../../src/api/app.ts";
import { token } from "./session.ts";

/** Why a question failed: "unreachable" nobody answered, "denied" the token is not the service's, "refused" the node says why. */
export type ProblemKind = "unreachable" | "denied" | "refused";

/** A question that failed; what happened, what was not changed, what to do next. */
export class Problem extends Error {
  readonly kind: ProblemKind;
  readonly unchanged: string;
  readonly next: string;

  constructor(kind: ProblemKind, happened: string, unchanged = "", next = "") {
    super(happened);
    this.kind = kind;
    this.unchanged = unchanged;
    this.next = next;
  }
}

/** What was thrown, as a problem. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const happened = error instanceof Error ? error.message : String(error);
  return new Problem("unreachable", `This node does not answer. (${happened})`, "", "It is asked again by itself.");
}

/** Names and values of a query; undefined ones are left out. */
export type Query = Readonly<Record<string, string | undefined>>;

/** How long a plain question may take, in milliseconds; comparing large settings takes its time. */
const patience = 60_000;

/** Reads. Rejects with a `Problem`. */
export function get<T>(path: string, query: Query = {}, limit: number = patience): Promise<T> {
  const pairs = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  const text = new URLSearchParams(pairs).toString();
  return ask<T>(`${path}${text === "" ? "" : `?${text}`}`, { method: "GET" }, limit);
}

/** Asks for a change or for work. Rejects with a `Problem`. */
export function post<T>(path: string, body: object, limit: number = patience): Promise<T> {
  const headers = { "content-type": "application/json" };
  return ask<T>(path, { method: "POST", headers, body: JSON.stringify(body) }, limit);
}

/** One request with the token; the answer's body is not read yet. */
export async function request(path: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set("authorization", `Bearer ${token()}`);
  const answer = await fetch(`/api/v1${path}`, { ...init, headers, cache: "no-store", credentials: "omit" });
  if (!answer.ok) throw await refusal(answer);
  return answer;
}

async function ask<T>(path: string, init: RequestInit, limit: number): Promise<T> {
  try {
    const answer = await request(path, { ...init, signal: AbortSignal.timeout(limit) });
    return (await answer.json()) as T;
  } catch (error) {
    throw problemOf(error);
  }
}

async function refusal(answer: Response): Promise<Problem> {
  const said = (await answer.json().catch(() => ({}))) as Partial<ErrorAnswer>;
  const happened = said.happened ?? `The node answered with HTTP status ${answer.status}.`;
  return new Problem(answer.status === 401 ? "denied" : "refused", happened, said.unchanged, said.next);
}
