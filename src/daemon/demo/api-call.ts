/** One request to a node's API over its socket, without the time that starting a command takes. */
import { request } from "node:http";

/** HTTP status and the JSON body; null for an empty one. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Rejects when no service answers there within `timeoutMs`. */
export function callApi(
  data: string,
  method: "GET" | "POST" | "PUT" | "DELETE",
  path: string,
  timeoutMs = 5000,
): Promise<ApiAnswer> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { socketPath: `${data}/run/api.sock`, method, path, agent: false, timeout: timeoutMs },
      (answer) => {
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
      },
    );
    asked.on("timeout", () => asked.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    asked.on("error", reject);
    asked.end();
  });
}
