/** Serves a node's status page on a loopback port to whoever has the token. */
import { createHash, timingSafeEqual } from "node:crypto";
import { createAdaptorServer } from "@hono/node-server";
import type { AddressInfo } from "node:net";
import { openOutside } from "../base/outside-node.ts";
import { endConnections, type FetchApp } from "./api-listener.ts";

/** Listens on 127.0.0.1; port 0 takes any free one. The token comes once by `?token=` and stays as a cookie. Rejects with EADDRINUSE. */
export async function listenPage(options: {
  readonly app: FetchApp;
  readonly port: number;
  readonly token: string;
}): Promise<{ readonly url: string; close(): Promise<void> }> {
  const { app, port, token } = options;
  const server = createAdaptorServer({ fetch: (request) => answer(app, token, request) });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${taken}/?token=${token}`,
    close: async () => {
      const ended = new Promise((resolve) => server.once("close", resolve));
      server.close();
      await endConnections(server, ended, openOutside());
    },
  };
}

/** Cookies don't tell ports apart, so the pages of several nodes on one machine need different names. */
function cookieName(token: string): string {
  return `clubar-${digest(token).toString("hex").slice(0, 12)}`;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function sameToken(given: string | undefined, token: string): boolean {
  return given !== undefined && timingSafeEqual(digest(given), digest(token));
}

async function answer(app: FetchApp, token: string, request: Request): Promise<Response> {
  const url = new URL(request.url);
  // A page elsewhere whose name was made to point here must not read this one.
  if (!/^(127\.0\.0\.1|localhost)$/.test(url.hostname)) return refusal(403, "This page answers to 127.0.0.1 only.");
  if (request.method !== "GET") return refusal(405, "This page only shows.");
  const given = url.searchParams.get("token");
  if (given !== null) {
    if (!sameToken(given, token)) return refusal(403, "The token is wrong.");
    const cookie = `${cookieName(token)}=${token}; Path=/; HttpOnly; SameSite=Strict`;
    return new Response(null, {
      status: 303,
      headers: { location: "/", "set-cookie": cookie, "referrer-policy": "no-referrer" },
    });
  }
  const cookies = (request.headers.get("cookie") ?? "").split(/;\s*/);
  const name = `${cookieName(token)}=`;
  if (!sameToken(cookies.find((one) => one.startsWith(name))?.slice(name.length), token)) {
    return refusal(403, "Open the page with the address that the service printed at its start; it holds the token.");
  }
  if (url.pathname !== "/" && url.pathname !== "/status.json") return refusal(404, "There is nothing here.");
  return app.fetch(new Request(`http://clubar/page${url.pathname === "/" ? "" : url.pathname}`));
}

function refusal(status: number, sentence: string): Response {
  return new Response(`${sentence}\n`, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" },
  });
}
