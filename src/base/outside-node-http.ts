/** HTTP questions over a unix socket. */
import type { IncomingMessage } from "node:http";
import { translated } from "./outside-node-error.ts";
import { openFolder, shortPath } from "./outside-node-net.ts";

/** One request. */
export interface HttpQuestion {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** One answer, whole. Names of headers are in lower case. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Asks whoever listens at a socket's path. Rejects with an `OutsideError`: ENOENT, ECONNREFUSED, ECONNRESET, EACCES. */
export function askSocket(socket: string, question: HttpQuestion): Promise<HttpAnswer> {
  return translated(`ask ${socket}`, async () => {
    const folder = await openFolder(socket);
    try {
      return await ask(shortPath(socket, folder), question);
    } finally {
      await folder.close();
    }
  });
}

function ask(socketPath: string, question: HttpQuestion): Promise<HttpAnswer> {
  const { method, path, headers, body } = question;
  // Imported at the top, it would bring the engine's fetch with it, which costs every command as much time as all else.
  const { request } = process.getBuiltinModule("node:http");
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { "content-length": String(body.length) };
    const asked = request(
      { socketPath, method, path, headers: { host: "clubar", ...headers, ...length }, agent: false },
      (answer) => {
        wholeAnswer(answer, resolve, reject);
      },
    );
    asked.on("error", reject);
    asked.end(body);
  });
}

/** Collects an answer that comes in pieces. */
export function wholeAnswer(
  answer: IncomingMessage,
  resolve: (answer: HttpAnswer) => void,
  reject: (cause: Error) => void,
): void {
  const chunks: Buffer[] = [];
  answer.on("data", (chunk: Buffer) => chunks.push(chunk));
  answer.on("error", reject);
  answer.on("end", () => {
    const flat = Object.entries(answer.headers).map(([name, value]) => [name, String(value)] as const);
    resolve({
      status: answer.statusCode ?? 0,
      headers: Object.fromEntries(flat),
      body: new Uint8Array(Buffer.concat(chunks)),
    });
  });
}
