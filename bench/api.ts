/** Requests to a node over one open connection each, so that no time of a command's start is in what is measured. */
import { Agent, request } from "node:http";

/** One node's API. */
export class Api {
  readonly #socket: string;
  readonly #agent: Agent;

  /** `connections`: how many requests may be under way at a time. */
  constructor(data: string, connections = 1) {
    this.#socket = `${data}/run/api.sock`;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  /** The JSON that it answers. Rejects with its error's text. */
  ask<T>(method: "GET" | "POST" | "PATCH" | "DELETE", path: string, body?: unknown): Promise<T> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = text === undefined ? {} : { "content-type": "application/json" };
    const options = { socketPath: this.#socket, method, path: `/api/v1${path}`, headers, agent: this.#agent };
    return new Promise((resolve, reject) => {
      const asked = request(options, (answer) => {
        const parts: Buffer[] = [];
        answer.on("data", (part: Buffer) => parts.push(part));
        answer.on("error", reject);
        answer.on("end", () => {
          const all = Buffer.concat(parts).toString();
          if ((answer.statusCode ?? 500) < 300) resolve(JSON.parse(all === "" ? "null" : all) as T);
          else reject(new Error(`${method} ${path}: ${answer.statusCode ?? 0} ${all}`));
        });
      });
      asked.on("error", reject);
      asked.end(text);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** Does `count` things, `together` at a time, and resolves with the milliseconds that each took. */
export async function many(
  count: number,
  together: number,
  work: (index: number) => Promise<unknown>,
): Promise<readonly number[]> {
  const took: number[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      const begun = performance.now();
      await work(index);
      took.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: together }, worker));
  return took;
}
