/** One request to a node's API over its socket, without the time that starting a command takes. */
import { request } from "node:http";

/** HTTP status and the JSON body; null for an empty one. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** `body` goes as JSON. Rejects when no service answers there within `timeoutMs`. */
export function callApi(
  data: string,
  method: "GET" | "POST",
  path: string,
  { timeoutMs = 5000, body }: { readonly timeoutMs?: number; readonly body?: unknown } = {},
): Promise<ApiAnswer> {
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  const options = { socketPath: `${data}/run/api.sock`, method, path, headers, agent: false, timeout: timeoutMs };
  return new Promise((resolve, reject) => {
    const asked = request(options, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part: string) => {
        text += part;
      });
      answer.on("error", reject);
      answer.on("end", () => {
        try {
          resolve({ status: answer.statusCode ?? 0, body: text === "" ? null : JSON.parse(text) });
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
    asked.on("timeout", () => asked.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    asked.on("error", reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
