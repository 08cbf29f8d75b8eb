/**
 * A web server where nginx is not installed: `signing-server.ts SETTINGS-FILE`, whose lines are port, path of a PEM key, greeting. Answers
 * the greeting as it stands in the file, with a signature over the question and the answer in `x-signature`.
 */
import { createPrivateKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const path = process.argv[2] ?? "";
const settings = (): readonly string[] => readFileSync(path, "utf8").split("\n");
const [port, keyPath = ""] = settings();
const key = createPrivateKey(readFileSync(keyPath));
const server = createServer((request, response) => {
  const greeting = settings().slice(2).join("\n");
  const question = (request.url ?? "").replace(/^.*\?/, "");
  const signature = sign("sha256", Buffer.from(`${question}\n${greeting}`), key).toString("base64");
  response.writeHead(200, {
    "content-type": "text/plain; charset=utf-8",
    "x-signature": signature,
    connection: "close",
  });
  response.end(greeting);
});
server.listen(Number(port), "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
