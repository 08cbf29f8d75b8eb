/** What the web page may ask of the API: what it shows and what it offers, and nothing else of what the socket's users may. */

const read =
  /^\/api\/v1\/(status|events|decisions|doctor|sets|resources|checkpoints(\/(history|audit|content))?|recovery(\/.*)?)$/;
const change = /^\/api\/v1\/(sets\/verify|recovery(\/.*)?)$/;

/** Whether the page offers it. `path` is the path of an URL, which never holds `..`. */
export function mayPageAsk(method: string, path: string): boolean {
  if (method === "GET") return read.test(path);
  return method === "POST" && change.test(path);
}
