/**
 * TLS between nodes, and for remote tools: TLS 1.3 only, both ends show certificates of the cluster's authority. What a certificate says
 * stands in its alternative names as `urn:clubar:node:ID` or `urn:clubar:user:NAME`.
 */
import { createHash, X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import * as tls from "node:tls";
import { fail, Failure } from "./errors.ts";
import { outsideError } from "./outside-node-error.ts";
import { framed } from "./outside-node-net.ts";
import { OutsideError } from "./outside.ts";
import type { Connection, Net, PeerProof } from "./outside.ts";
import { formatHostPort, type HostPort, isTlsAddress, parseTlsAddress } from "./tls-address.ts";

/** What one end shows and whom it believes, as PEM texts. */
export interface TlsMaterial {
  readonly certificate: string;
  readonly key: string;
  /** The authority's certificate. */
  readonly authority: string;
}

/** ALPN name of frames between nodes; everything else is HTTP. */
const rpcProtocol = "clubar-rpc";

/** How long making a connection may take, in milliseconds. */
const connectLimit = 3000;

const version = { minVersion: "TLSv1.3", maxVersion: "TLSv1.3" } as const;

/** SHA-256 of a certificate's public key, lower-case hexadecimal. */
export function keyDigest(certificate: X509Certificate): string {
  return createHash("sha256")
    .update(certificate.publicKey.export({ type: "spki", format: "der" }))
    .digest("hex");
}

/** Who a certificate is of; undefined when it names none or several. Whether it is to be believed is not said. */
export function holderOf(certificate: X509Certificate): Pick<PeerProof, "kind" | "name" | "key"> | undefined {
  const names = (certificate.subjectAltName ?? "").split(", ").flatMap((part) => {
    const [, kind, name] = /^URI:urn:clubar:(node|user):([A-Za-z0-9._-]+)$/.exec(part) ?? [];
    return kind === undefined || name === undefined ? [] : [{ kind: kind as "node" | "user", name }];
  });
  const [only] = names;
  return only === undefined || names.length > 1 ? undefined : { ...only, key: keyDigest(certificate) };
}

/** A port, or several, that are listened at. */
export interface TlsDoor {
  /** Shows new material to whoever comes from now on. */
  renew(material: TlsMaterial): void;
  /** Ends the connections of whom it is true. */
  cut(isGone: (peer: PeerProof) => boolean): void;
  close(): Promise<void>;
}

/** What becomes of those who come. */
export interface TlsDoorOptions {
  readonly places: readonly HostPort[];
  readonly material: TlsMaterial;
  /** Wall time in milliseconds: a certificate that ended before is refused. */
  readonly wall: () => number;
  readonly onConnection: (connection: Connection & { readonly proof: PeerProof }) => void;
  /** A socket on which HTTP is spoken; without this nobody speaks it. */
  readonly onHttp?: (socket: Socket, peer: PeerProof) => void;
  /** Whoever was turned away, and why. */
  readonly onRefused: (from: string, why: string) => void;
}

/** Listens at all places. Rejects with an `OutsideError` (EADDRINUSE, EADDRNOTAVAIL …) when it can't at one of them. */
export async function listenTls(options: TlsDoorOptions): Promise<TlsDoor> {
  const { places, wall, onConnection, onHttp, onRefused } = options;
  const open = new Map<tls.TLSSocket, PeerProof>();
  const contextOf = ({ certificate, key, authority }: TlsMaterial): tls.SecureContextOptions => ({
    cert: `${certificate}\n${authority}`,
    key,
    ca: authority,
    ...version,
  });
  const accept = (socket: tls.TLSSocket): void => {
    const from = formatHostPort({ host: socket.remoteAddress ?? "?", port: socket.remotePort ?? 0 });
    socket.on("error", () => undefined);
    const peer = proofOf(socket, from, wall());
    if (typeof peer === "string") {
      onRefused(from, peer);
      socket.destroy();
      return;
    }
    open.set(socket, peer);
    socket.once("close", () => open.delete(socket));
    if (socket.alpnProtocol === rpcProtocol) onConnection({ ...framed(quick(socket)), proof: peer });
    else if (onHttp === undefined) socket.destroy();
    else onHttp(socket, peer);
  };
  const servers = places.map(() =>
    tls.createServer(
      {
        ...contextOf(options.material),
        requestCert: true,
        // Whoever shows no certificate may still enrol; `proofOf` refuses one that does not hold.
        rejectUnauthorized: false,
        ALPNProtocols: [rpcProtocol, "http/1.1"],
        handshakeTimeout: connectLimit,
      },
      accept,
    ),
  );
  try {
    await Promise.all(servers.map((server, index) => listenAt(server, places[index])));
  } catch (cause) {
    for (const server of servers) server.close();
    throw cause;
  }
  return {
    renew: (material) => {
      for (const server of servers) server.setSecureContext(contextOf(material));
    },
    cut: (isGone) => {
      for (const [socket, peer] of open) if (isGone(peer)) socket.destroy();
    },
    close: async () => {
      for (const socket of open.keys()) socket.destroySoon();
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

function listenAt(server: tls.Server, place: HostPort | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (place === undefined) return resolve();
    server.once("error", (cause) => reject(outsideError(cause, `listen at ${formatHostPort(place)}`)));
    server.listen({ host: place.host, port: place.port, backlog: 511 }, () => {
      server.removeAllListeners("error");
      server.on("error", () => undefined);
      resolve();
    });
  });
}

/** Who is at the other end, or why that is not believed. */
function proofOf(socket: tls.TLSSocket, from: string, wall: number): PeerProof | string {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return { kind: "nobody", name: "", key: "", from };
  if (!socket.authorized) return `its certificate does not hold (${String(socket.authorizationError)})`;
  if (certificate.validToDate.getTime() < wall) return `its certificate ended at ${certificate.validTo}`;
  const holder = holderOf(certificate);
  return holder === undefined ? "its certificate names neither a node nor a user" : { ...holder, from };
}

/** The way out over TLS. */
export interface TlsCaller extends Pick<Net, "connect"> {
  /** Ends the connections to whom it is true. */
  cut(isGone: (peer: PeerProof) => boolean): void;
}

/** Connects to addresses `tls:NODE@…` and believes only that very node there. `isRefused` says why a node is not talked to. */
export function tlsCaller(
  material: () => Promise<TlsMaterial>,
  isRefused: (peer: PeerProof) => string | undefined = () => undefined,
): TlsCaller {
  const open = new Map<tls.TLSSocket, PeerProof>();
  return {
    async connect(address) {
      const { node, places } = parseTlsAddress(address);
      const { certificate, key, authority } = await material();
      const check = (_: string, { raw }: tls.PeerCertificate): Error | undefined => {
        const holder = holderOf(new X509Certificate(raw));
        const refused = holder === undefined ? undefined : isRefused({ ...holder, from: address });
        if (holder?.kind !== "node" || holder.name !== node) return new Error(`it is not node ${node}`);
        return refused === undefined ? undefined : new Error(refused);
      };
      const socket = await firstOf(places, address, {
        cert: certificate,
        key,
        ca: authority,
        checkServerIdentity: check,
      });
      const shown = socket.getPeerX509Certificate();
      const holder = shown === undefined ? undefined : holderOf(shown);
      const peer: PeerProof = {
        ...(holder ?? { kind: "nobody", name: "", key: "" }),
        from: formatHostPort({ host: socket.remoteAddress ?? "?", port: socket.remotePort ?? 0 }),
      };
      open.set(socket, peer);
      socket.once("close", () => open.delete(socket));
      return { ...framed(quick(socket)), proof: peer };
    },
    cut: (isGone) => {
      for (const [socket, peer] of open) if (isGone(peer)) socket.destroy();
    },
  };
}

/** What a newcomer knows of a node that it can't check by its authority yet: digests (SHA-256, lower-case hexadecimal). */
export interface TlsPin {
  /** Of the node's public key. */
  readonly key: string;
  /** Of the authority's certificate (DER). */
  readonly authority: string;
}

/** Connects without a certificate to a node that is known by its key. ACCESS_DENIED when another one is there, or of another authority. */
export async function connectPinned(places: readonly HostPort[], pin: TlsPin): Promise<Connection> {
  const what = places.map(formatHostPort).join(", ");
  const socket = await firstOf(places, what, { rejectUnauthorized: false }, (at) => isPinned(at, pin));
  return framed(quick(socket));
}

/** To be asked when the handshake ends: later Node.js has forgotten the chain. */
function isPinned(socket: tls.TLSSocket, pin: TlsPin): Failure | undefined {
  const shown = socket.getPeerX509Certificate();
  const authority = shown?.issuerCertificate;
  const holds =
    shown !== undefined &&
    keyDigest(shown) === pin.key &&
    authority !== undefined &&
    authority.fingerprint256.replaceAll(":", "").toLowerCase() === pin.authority &&
    shown.verify(authority.publicKey);
  if (holds) return undefined;
  return fail("ACCESS_DENIED", {
    happened: `What answers at ${socket.remoteAddress ?? "?"}:${socket.remotePort ?? 0} is not the node that gave the token.`,
    unchanged: "Nothing was sent to it.",
    next: "Check the address, and get a new token with `clubar node token` on a node of the cluster.",
  });
}

/** Why a connection that was just made is not to be used. */
type Objection = (socket: tls.TLSSocket) => Failure | undefined;

/** All places at once; the first that answers well counts. */
async function firstOf(
  places: readonly HostPort[],
  what: string,
  options: tls.ConnectionOptions,
  object: Objection = () => undefined,
): Promise<tls.TLSSocket> {
  const attempts = places.map((place) => connectTo(place, options, object));
  try {
    const first = await Promise.any(attempts);
    for (const attempt of attempts) {
      attempt.then(
        (socket) => socket !== first && socket.destroy(),
        () => undefined,
      );
    }
    return first;
  } catch (cause) {
    const errors = cause instanceof AggregateError ? (cause.errors as unknown[]) : [cause];
    throw errors.find((error) => error instanceof Failure) ?? telling(errors, what);
  }
}

/** A certificate that does not hold says more than a place where nobody is. */
function telling(errors: readonly unknown[], what: string): OutsideError {
  const outside = errors.map((error) => outsideError(error, `connect to ${what}`));
  const distrust = outside.find(({ code }) => !/^E[A-Z]+$/.test(code) || code === "EACCES");
  if (distrust === undefined) return outside[0] ?? new OutsideError("ECONNREFUSED", `connect to ${what}`);
  const why = distrust.cause instanceof Error ? distrust.cause.message : distrust.code;
  const error = new OutsideError("EACCES", `connect to ${what}: ${why}`);
  error.cause = distrust.cause;
  return error;
}

function connectTo(
  { host, port }: HostPort,
  options: tls.ConnectionOptions,
  object: Objection,
): Promise<tls.TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ ...options, ...version, host, port, ALPNProtocols: [rpcProtocol] });
    const late = (): void => void socket.destroy(new OutsideError("ETIMEDOUT", `nobody accepts at ${host}:${port}`));
    socket.setTimeout(connectLimit, late);
    const failed = (cause: Error): void => {
      // An error of checkServerIdentity has no code of its own.
      reject("code" in cause ? cause : Object.assign(cause, { code: "EACCES" }));
    };
    socket.once("error", failed);
    socket.once("close", () => failed(new OutsideError("ECONNRESET", `${host}:${port} closed the connection`)));
    socket.once("secureConnect", () => {
      socket.setTimeout(0);
      socket.off("error", failed);
      socket.on("error", () => undefined);
      const objection = object(socket);
      if (objection === undefined) return resolve(socket);
      reject(objection);
      socket.destroy();
    });
  });
}

/** Frames are small and wait for each other; a machine that is gone is noticed. */
function quick(socket: tls.TLSSocket): tls.TLSSocket {
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 1000);
  return socket;
}

/** Sockets of this machine by path, and those of other machines by `tls:` addresses. */
export function bothNets(local: Net, remote: Pick<Net, "connect">): Net {
  return {
    listen: (address, onConnection) => local.listen(address, onConnection),
    connect: (address) => (isTlsAddress(address) ? remote.connect(address) : local.connect(address)),
  };
}
