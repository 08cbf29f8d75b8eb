/**
 * The status page of a node: one HTML page without a framework that asks for its content again every two seconds. Whoever serves it to
 * a browser guards it (daemon/page-listener.ts).
 */
import { createHash } from "node:crypto";
import { escapeHtml } from "./html.ts";
import { pageContent } from "./page-content.ts";
import { type ApiRoutes, routes } from "./request.ts";
import { statusView } from "./status-view.ts";

const style = `
:root { color-scheme: light dark; --ground: #fff; --line: #d5dae0; --ink: #1b1f24; --soft: #5c6670 }
:root { --ok: #11713a; --bad: #b3261e; --warn: #8a5a00 }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14171a; --line: #363d45; --ink: #e6e9ed; --soft: #9aa5b1 }
  :root { --ok: #5ed394; --bad: #ff8a80; --warn: #f2b84b }
}
body { margin: 0 auto; padding: 1rem; max-width: 70rem; background: var(--ground); color: var(--ink) }
body { font: 1.05rem/1.5 system-ui, sans-serif }
h1 { margin: 0; font-size: 1.5rem } h2 { margin: 1.5rem 0 .25rem; font-size: 1.1rem }
.lead { font-size: 1.15rem } .soft { color: var(--soft) } .ok { color: var(--ok) } .bad { color: var(--bad); font-weight: 600 }
.warn { color: var(--warn); font-weight: 600 }
table { width: 100%; border-collapse: collapse } th, td { padding: .35rem .75rem .35rem 0; text-align: left; vertical-align: top }
th { color: var(--soft); font-weight: 500 } tr { border-bottom: 1px solid var(--line) } code { font-size: .9em }
#lost { margin: 0 0 1rem; padding: .5rem .75rem; border: 2px solid var(--bad); color: var(--bad); font-weight: 600 }
.scroll { overflow-x: auto }
`;

const script = `
const main = document.querySelector("main"), lost = document.querySelector("#lost");
let heard = new Date();
async function refresh() {
  try {
    const answer = await fetch("status.json", { signal: AbortSignal.timeout(5000) });
    if (!answer.ok) throw new Error(answer.status);
    main.innerHTML = (await answer.json()).html;
    heard = new Date();
    lost.hidden = true;
  } catch {
    lost.textContent = "This node does not answer since " + heard.toLocaleTimeString() + ". What you see is old.";
    lost.hidden = false;
  }
  setTimeout(refresh, 2000);
}
setTimeout(refresh, 2000);
`;

const hash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** Nothing is loaded from elsewhere, nothing else is run, no page may frame it. */
const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src ${hash(style)}`,
  `script-src ${hash(script)}`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const headers = {
  "content-security-policy": contentSecurityPolicy,
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
} as const;

/** GET /page/ is the page, GET /page/status.json its content: {html, status}. */
export function page(): ApiRoutes {
  return routes()
    .get("/", (context) => {
      const status = statusView(context.var.service);
      const title = escapeHtml(`${status.cluster.name} – clubar`);
      return context.html(
        `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title>
<style>${style}</style></head>
<body><p id="lost" role="alert" hidden></p><main>${pageContent(status)}</main><script>${script}</script></body>
</html>
`,
        200,
        headers,
      );
    })
    .get("/status.json", (context) => {
      const status = statusView(context.var.service);
      return context.json({ html: pageContent(status), status }, 200, headers);
    });
}
