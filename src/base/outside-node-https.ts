/** HTTP questions over TLS to a node of a cluster, by whoever has a certificate of its authority. */
import { X509Certificate } from "node:crypto";
import { type HttpAnswer, type HttpQuestion, wholeAnswer } from "./outside-node-http.ts";
import { outsideError } from "./outside-node-error.ts";
import { holderOf, type TlsMaterial } from "./outside-node-tls.ts";
import { OutsideError } from "./outside.ts";

/** How long a node may take to accept a connection, in milliseconds. */
const connectLimit = 10_000;

/**
 * Asks the node at `https://HOST:PORT`. Rejects with an `OutsideError`: ECONNREFUSED, ETIMEDOUT …; EACCES when what answers is no node of
 * that authority, or does not believe this certificate.
 */
export function askHttps(base: URL, material: TlsMaterial, question: HttpQuestion): Promise<HttpAnswer> {
  const { method, path, headers, body } = question;
  const { certificate: cert, key, authority: ca } = material;
  const length = body === undefined ? {} : { "content-length": String(body.length) };
  const { request } = process.getBuiltinModule("node:https");
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: base.hostname.replace(/^\[(.*)\]$/, "$1"),
        port: base.port,
        method,
        path,
        headers: { host: base.host, ...headers, ...length },
        agent: false,
        cert,
        key,
        ca,
        minVersion: "TLSv1.3",
        timeout: connectLimit,
        // Whatever name leads there: only nodes have certificates of this authority that name a node.
        checkServerIdentity: (_, shown) =>
          holderOf(new X509Certificate(shown.raw))?.kind === "node" ? undefined : new Error("it is no node"),
      },
      (answer) => wholeAnswer(answer, resolve, failed),
    );
    const failed = (cause: Error): void => reject(told(cause, base));
    asked.once("socket", (socket) => {
      const late = (): void => void asked.destroy(new OutsideError("ETIMEDOUT", `nobody accepts at ${base.host}`));
      socket.once("secureConnect", () => socket.off("timeout", late).setTimeout(0));
      socket.once("timeout", late);
    });
    asked.on("error", failed);
    asked.end(body);
  });
}

/** What is wrong with a certificate has a code of OpenSSL's or none. */
function told(cause: Error, { host }: URL): OutsideError {
  const error = outsideError(cause, `ask ${host}`);
  const isSystem = /^E[A-Z]+$/.test(error.code) && error.code !== "EIO";
  return isSystem ? error : new OutsideError("EACCES", `${host}: ${cause.message}`);
}
