/**
 * Serves the web page on a loopback port. Its files are for everybody there and hold nothing; what they show and change goes through
 * the API and needs the token in a header, which no other page can send. No cookie is used: cookies don't tell ports apart.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import type { ErrorAnswer } from "../api/app.ts";
import { mayPageAsk } from "../api/page-access.ts";
import { fail, type Failure } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { openOutside } from "../base/outside-node.ts";
import { allRights } from "../trust/trust.ts";
import { endConnections, type FetchApp } from "./api-listener.ts";
import type { PageFiles } from "./page-files.ts";

/** What is served, where, and to whom. */
export interface PageOptions {
  readonly app: FetchApp;
  readonly files: Promise<PageFiles>;
  /** 0 takes any free one. */
  readonly port: number;
  readonly token: string;
}

/** Listens on 127.0.0.1. The address carries the token behind `#`, which browsers keep to themselves. Rejects with EADDRINUSE. */
export async function listenPage(options: PageOptions): Promise<{ readonly url: string; close(): Promise<void> }> {
  const { port, token, files } = options;
  // Said by whoever asks for a file.
  files.catch(() => undefined);
  const server = createAdaptorServer({ fetch: (request) => answer(options, request) });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${taken}/#token=${encodeURIComponent(token)}`,
    close: async () => {
      const ended = new Promise((resolve) => server.once("close", resolve));
      server.close();
      await endConnections(server, ended, openOutside());
    },
  };
}

/** Bytes of what the page sends. */
const longestBody = 1 << 16;

/** Nothing is loaded from elsewhere, nothing but the page's own files is run, text never becomes markup, nobody frames it. */
const security: Readonly<Record<string, string>> = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; "),
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

async function answer(options: PageOptions, request: Request): Promise<Response> {
  const url = new URL(request.url);
  let answered: Response;
  try {
    // A page elsewhere whose name was made to point here must not reach this one.
    if (!/^(127\.0\.0\.1|localhost)$/.test(url.hostname)) throw refusal("This page answers to 127.0.0.1 only.");
    answered = url.pathname.startsWith("/api/")
      ? await askApi(options, request, url)
      : await giveFile(options, request, url);
  } catch (error) {
    answered = failed(failureOf(error));
  }
  for (const [name, value] of Object.entries(security)) answered.headers.set(name, value);
  return answered;
}

async function giveFile({ files }: PageOptions, request: Request, { pathname }: URL): Promise<Response> {
  if (request.method !== "GET" && request.method !== "HEAD") throw refusal("Only the API is asked with other methods.");
  const file = (await files).get(pathname);
  if (file === undefined) throw fail("FILE_NOT_FOUND", { happened: "There is nothing here." });
  // Names of assets hold a digest of their content.
  const kept = pathname.startsWith("/assets/") ? "max-age=31536000, immutable" : "no-store";
  const headers = { "content-type": file.type, "cache-control": kept };
  return new Response(request.method === "HEAD" ? null : file.bytes, { headers });
}

/** Or nobody knows how long: then it is not read either. */
function tooLong(): Failure {
  return fail("MORE_DATA", {
    happened: `The request is longer than the ${longestBody} bytes that this page sends, or does not say how long it is.`,
    unchanged: "Nothing was changed.",
    next: "Use the command clubar for it.",
  });
}

async function askApi({ app, token }: PageOptions, request: Request, url: URL): Promise<Response> {
  const site = request.headers.get("sec-fetch-site") ?? "same-origin";
  const origin = request.headers.get("origin") ?? url.origin;
  if ((site !== "same-origin" && site !== "none") || origin !== url.origin) throw refusal("Another page asks.");
  if (!sameToken(request.headers.get("authorization") ?? "", `Bearer ${token}`)) return failed(noToken(), 401);
  if (!mayPageAsk(request.method, url.pathname))
    throw refusal("The web page does not offer that; the command clubar does.");
  const headers = new Headers();
  for (const name of ["content-type", "last-event-id", "at-least"]) {
    const value = request.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  const length = Number(request.headers.get("content-length") ?? Number.NaN);
  if (request.method !== "GET" && !(length <= longestBody)) throw tooLong();
  const body = request.method === "GET" ? {} : { body: await request.arrayBuffer() };
  const answered = await app.fetch(
    new Request(`http://clubar${url.pathname}${url.search}`, { method: request.method, headers, ...body }),
    { caller: { who: "page", from: "127.0.0.1", rights: allRights } },
  );
  if (!answered.headers.has("cache-control")) answered.headers.set("cache-control", "no-store");
  return answered;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function sameToken(given: string, wanted: string): boolean {
  return timingSafeEqual(digest(given), digest(wanted));
}

function refusal(happened: string): Failure {
  return fail("ACCESS_DENIED", { happened, unchanged: "Nothing was changed." });
}

function noToken(): Failure {
  return fail("ACCESS_DENIED", {
    happened: "The token is missing or not the one of this service.",
    unchanged: "Nothing was changed.",
    next: "Open the page with the address that the service printed at its newest start; it holds the token.",
  });
}

function failed({ name, win32, exit, http, happened, unchanged, next }: Failure, status = http): Response {
  const answered: ErrorAnswer = { name, win32, exit, happened, unchanged, next };
  return Response.json(answered, { status, headers: { "cache-control": "no-store" } });
}
