/**
 * The web service of the demonstration: nginx with TLS where it and openssl are installed, else a small server of ours that signs what
 * it answers. Either way its settings are registry values, its key is in a key container, and a Render resource brings both into files.
 */
import { execFileSync } from "node:child_process";
import { createHash, createPublicKey, type KeyObject, randomBytes, randomInt, verify } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get as getPlain } from "node:http";
import { get as getSecure } from "node:https";
import { createServer } from "node:net";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";

/** Where the settings are, below HKLM. */
export const settingsKey = "SOFTWARE\\Demo\\Web";
/** Provider type, provider and key name. */
export const container = "1\\Demo\\Web";
/** Below HKLM, and no checkpoint: what differs from node to node. Value `Files` is the folder whose files nginx serves. */
export const nodeKey = "SOFTWARE\\Demo\\Node";

/** An answer of the service, with the digest of the public key whose private half it proved to have. */
export interface Page {
  readonly text: string;
  readonly key: string;
}

/** What kind of server it is and how the cluster is to run it. */
export interface WebService {
  readonly what: string;
  readonly url: string;
  readonly port: number;
  /** Settings beside Greeting and Port, by value name. */
  readonly settings: Readonly<Record<string, string>>;
  /** PEM file to import; undefined: the key is made in the container. */
  readonly keyFile: string | undefined;
  /** Parameters of the Render resource. */
  readonly templates: readonly string[];
  readonly outputs: readonly string[];
  readonly reload: string | undefined;
  readonly commandLine: string;
  /** Whether it serves /files/ out of the node's folder, too. */
  readonly servesFiles: boolean;
  /** Whether a process with this command line is the server itself; there is one for each instance. */
  isServer(command: string): boolean;
  /** Rejects when nobody answers within `timeoutMs`. */
  fetch(publicPem: string, timeoutMs: number, path?: string): Promise<Page>;
}

const placesOfNginx = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"];
const placesOfOpenssl = ["/usr/bin/openssl", "/usr/local/bin/openssl"];

/** Prepares templates (and for nginx a key and its certificate) in `folder`, which is made. `withFiles`: nginx serves /files/, too. */
export async function prepareWebService(folder: string, ownServer: boolean, withFiles = false): Promise<WebService> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const port = await freePort();
  const nginx = placesOfNginx.find((path) => existsSync(path));
  const openssl = placesOfOpenssl.find((path) => existsSync(path));
  if (nginx === undefined || openssl === undefined || ownServer) return ownWebService(folder, port);
  return nginxService(folder, port, { nginx, openssl, withFiles });
}

/** The digest by which two public keys are compared. */
export function fingerprint(key: KeyObject): string {
  return createHash("sha256")
    .update(key.export({ type: "spki", format: "der" }))
    .digest("hex")
    .slice(0, 16);
}

interface Nginx {
  readonly nginx: string;
  readonly openssl: string;
  readonly withFiles: boolean;
}

function nginxService(folder: string, port: number, { nginx, openssl, withFiles }: Nginx): WebService {
  const keyFile = join(folder, "made.pem");
  const made = join(folder, "made-certificate.pem");
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"];
  const name = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  execFileSync(openssl, ["req", "-x509", ...curve, ...name, "-keyout", keyFile, "-out", made], { stdio: "ignore" });
  const certificate = readFileSync(made, "utf8");
  rmSync(made);
  const [configuration, pem] = [join(folder, "nginx.conf"), join(folder, "certificate.pem")];
  writeFileSync(`${configuration}.template`, nginxTemplate(folder, pem, withFiles));
  writeFileSync(`${pem}.template`, `\${reg:${settingsKey}\\Certificate}`);
  const command = `${nginx} -e stderr -p ${folder} -c ${configuration}`;
  return {
    what: "nginx with TLS",
    url: `https://127.0.0.1:${port}/`,
    port,
    settings: { Certificate: certificate },
    keyFile,
    templates: [`${configuration}.template`, `${pem}.template`],
    outputs: [configuration, pem],
    reload: `${command} -s reload`,
    commandLine: command,
    servesFiles: withFiles,
    // It takes its title only when it has the port.
    isServer: (program) =>
      (program.startsWith("nginx: master process") || program.startsWith(command)) && !program.includes(" -s reload"),
    fetch: (_, timeoutMs, path = "/") => fetchSecure(port, path, certificate, timeoutMs),
  };
}

function nginxTemplate(folder: string, certificate: string, withFiles: boolean): string {
  const places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${folder}/temp;`,
  );
  return [
    ...(process.getuid?.() === 0 ? ["user root;"] : []),
    "daemon off;",
    "worker_processes 1;",
    `pid ${folder}/nginx.pid;`,
    "events { worker_connections 64; }",
    "http {",
    "  access_log off;",
    ...places.map((line) => `  ${line}`),
    "  server {",
    `    listen 127.0.0.1:\${reg:${settingsKey}\\Port} ssl;`,
    `    ssl_certificate ${certificate};`,
    `    ssl_certificate_key \${key:${container}:path};`,
    `    location / { default_type text/plain; return 200 "\${reg:${settingsKey}\\Greeting}"; }`,
    ...(withFiles ? [`    location /files/ { default_type text/plain; alias \${reg:${nodeKey}\\Files}/; }`] : []),
    "  }",
    "}",
    "",
  ].join("\n");
}

function ownWebService(folder: string, port: number): WebService {
  const output = join(folder, "settings");
  const lines = [`\${reg:${settingsKey}\\Port}`, `\${key:${container}:path}`, `\${reg:${settingsKey}\\Greeting}`];
  writeFileSync(`${output}.template`, lines.join("\n"));
  const program = new URL("./signing-server.ts", import.meta.url).pathname;
  return {
    what: "a small server that signs what it answers",
    url: `http://127.0.0.1:${port}/`,
    port,
    settings: {},
    keyFile: undefined,
    templates: [`${output}.template`],
    outputs: [output],
    reload: undefined,
    commandLine: `"${process.execPath}" "${program}" "${output}"`,
    servesFiles: false,
    isServer: (running) => running.startsWith(process.execPath) && running.includes(program),
    fetch: (publicPem, timeoutMs) => fetchSigned(port, publicPem, timeoutMs),
  };
}

/** The handshake proves that the server has the private key of its certificate. */
function fetchSecure(port: number, path: string, ca: string, timeout: number): Promise<Page> {
  return new Promise((resolve, reject) => {
    const asked = getSecure({ host: "127.0.0.1", port, path, ca, agent: false, timeout }, (answer) => {
      const peer = (answer.socket as TLSSocket).getPeerX509Certificate();
      let text = "";
      answer.setEncoding("utf8").on("data", (part: string) => (text += part));
      answer.on("error", reject);
      answer.on("end", () =>
        peer === undefined ? reject(new Error("no certificate")) : resolve({ text, key: fingerprint(peer.publicKey) }),
      );
    });
    asked.on("timeout", () => asked.destroy(new Error(`no answer within ${timeout} ms`)));
    asked.on("error", reject);
  });
}

/** The signature covers a number that was never asked before. */
function fetchSigned(port: number, publicPem: string, timeout: number): Promise<Page> {
  const nonce = randomBytes(16).toString("hex");
  return new Promise((resolve, reject) => {
    const asked = getPlain({ host: "127.0.0.1", port, path: `/?${nonce}`, agent: false, timeout }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part: string) => (text += part));
      answer.on("error", reject);
      answer.on("end", () => {
        const key = createPublicKey(publicPem);
        const signature = Buffer.from(String(answer.headers["x-signature"] ?? ""), "base64");
        const valid = verify("sha256", Buffer.from(`${nonce}\n${text}`), key, signature);
        if (valid) resolve({ text, key: fingerprint(key) });
        else reject(new Error("the answer's signature is wrong"));
      });
    });
    asked.on("timeout", () => asked.destroy(new Error(`no answer within ${timeout} ms`)));
    asked.on("error", reject);
  });
}

/** Not one that the kernel hands out by itself (from 32768 on): until the server runs, a web page or a connection could get it. */
async function freePort(): Promise<number> {
  for (let attempt = 1; attempt < 100; attempt += 1) {
    const port = randomInt(20_000, 32_768);
    if (await isFree(port)) return port;
  }
  throw new Error("No free port was found on 127.0.0.1 between 20000 and 32767.");
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
