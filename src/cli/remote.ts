/** The way to a cluster on other machines: `--host` and a file with a certificate, its key and the authority. */
import type { Transport } from "../api/client.ts";
import { fail, type Failure } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { askSocket } from "../base/outside-node-http.ts";
import { askHttps } from "../base/outside-node-https.ts";
import type { TlsMaterial } from "../base/outside-node-tls.ts";
import { type Files, OutsideError } from "../base/outside.ts";
import { usage } from "./exit.ts";
import { untouched } from "./read-artefact.ts";

/** USAGE when a node on another machine is named for a command that works on this machine's files. */
export function onThisMachine(what: string, host: string | undefined): void {
  if (host === undefined) return;
  throw usage(
    `${what} looks at a node's files on this machine, and not at ${host}.`,
    "Run it on that node's machine, without --host and CLUBAR_HOST.",
  );
}

/** The file that `clubar user certificate` writes, as PEM: private key, certificate, authority. */
export function certificateFile({ key, certificate, authority }: TlsMaterial): string {
  return [key, certificate, authority]
    .map((part) => part.trim())
    .join("\n")
    .concat("\n");
}

/** Asks at a socket that a node of this machine has for its users, `unix:/PATH`; undefined for another kind of address. */
export function localTransport(host: string): Transport | undefined {
  const path = /^unix:(\/.+)$/.exec(host)?.[1];
  return path === undefined ? undefined : (question) => askSocket(path, question);
}

/** USAGE for another kind of address. */
export function hostUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "https:" && url.port !== "" && url.pathname === "/") return url;
  throw usage(
    `--host ${text} is no address of a node.`,
    "Write https://HOST:PORT, with the port after --listen, or unix:/PATH.",
  );
}

/** Asks that node with this certificate. The file is read at the first question. */
export function remoteTransport(files: Files, url: URL, certificate: string | undefined): Transport {
  let material: Promise<TlsMaterial> | undefined;
  return async (question) => {
    material ??= readCertificate(files, certificate);
    try {
      return await askHttps(url, await material, question);
    } catch (error) {
      throw error instanceof OutsideError ? unreached(error, url, question.method) : error;
    }
  };
}

async function readCertificate(files: Files, path: string | undefined): Promise<TlsMaterial> {
  if (path === undefined) {
    throw usage("--host needs a certificate.", "Name its file with --certificate or CLUBAR_CERTIFICATE.");
  }
  const mode = (await files.stat(path).catch(() => undefined))?.mode ?? 0;
  if ((mode & 0o077) !== 0) {
    throw fail("ACCESS_DENIED", {
      happened: `${path} can be read by others (mode ${mode.toString(8)}), and it holds a private key.`,
      unchanged: "Nothing was asked.",
      next: `chmod 600 ${path}`,
    });
  }
  const text = new TextDecoder().decode(await untouched(`read ${path}`, () => files.read(path), "Nothing was asked."));
  const [key] = text.match(/-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/g) ?? [];
  const [certificate, authority] = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (key !== undefined && certificate !== undefined && authority !== undefined) return { key, certificate, authority };
  throw fail("INVALID_DATA", {
    happened: `${path} does not hold a key, its certificate and the authority's.`,
    unchanged: "Nothing was asked.",
    next: "Use the file that `clubar user certificate` wrote.",
  });
}

function unreached(error: OutsideError, { host }: URL, method: string): Failure {
  if (error.code === "EACCES") {
    return fail("ACCESS_DENIED", {
      happened: `The node at ${host} and this certificate are not of one cluster, or the certificate has ended (${error.message}).`,
      unchanged: "Nothing was changed.",
      next: "Ask for a new one: clubar user certificate.",
      cause: error,
    });
  }
  const asked = ["ECONNREFUSED", "ETIMEDOUT", "ENOTFOUND", "EHOSTUNREACH", "ENETUNREACH"].includes(error.code);
  return fail(asked || method === "GET" ? "CLUSTER_NODE_UNREACHABLE" : "OUTCOME_UNKNOWN", {
    happened: asked
      ? `No clubar service can be reached at ${host} (${error.code}).`
      : `The node at ${host} went away before it answered (${failureOf(error).happened}).`,
    unchanged: asked || method === "GET" ? "Nothing was changed." : "What was asked may have been done or not.",
    next: "Ask another node of the cluster with --host.",
    cause: error,
  });
}
