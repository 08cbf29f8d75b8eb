/** gRPC questions over TCP. Loaded only where somebody asks one: the library takes a while to load. */
import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import type { ChannelCredentials, ServiceError } from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";

/** The certificates of a connection, PEM. Without `ca` the system's authorities count. */
export interface GrpcTls {
  readonly ca?: Uint8Array | undefined;
  readonly certificate?: Uint8Array | undefined;
  readonly key?: Uint8Array | undefined;
}

/** Where to connect and what is spoken there. */
export interface GrpcPlace {
  /** `host:port` */
  readonly address: string;
  /** undefined: in the clear. */
  readonly tls: GrpcTls | undefined;
  /** protobufjs' JSON form of the services' .proto files. */
  readonly descriptor: object;
}

/** One server. A connection is made when it is needed, and again when it was lost. */
export interface GrpcEndpoint {
  /** `method` as `package.Service/Method`; 64-bit numbers come as decimal text. Rejects with a `GrpcError`. `timeout` in milliseconds. */
  ask(method: string, request: object, timeout: number, headers: Readonly<Record<string, string>>): Promise<object>;
  close(): void;
}

/** What a server or the way to it refused; `code` as in gRPC's table (14: unavailable). */
export class GrpcError extends Error {
  readonly code: number;
  constructor(code: number, what: string) {
    super(what);
    this.name = "GrpcError";
    this.code = code;
  }
}

/** A stopped server is found by the timeout of a question, not by pings: servers refuse those that come more often than each 5 s. */
const channelOptions = {
  "grpc.max_receive_message_length": -1,
  "grpc.max_send_message_length": -1,
  "grpc.initial_reconnect_backoff_ms": 50,
  "grpc.min_reconnect_backoff_ms": 50,
  "grpc.max_reconnect_backoff_ms": 500,
  "grpc.use_local_subchannel_pool": 1,
};

/** Opens nothing yet; fails only on certificates that are none. */
export function openGrpc({ address, tls, descriptor }: GrpcPlace): GrpcEndpoint {
  const services = fromJSON(descriptor, {
    keepCase: true,
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  const client = new Client(address, credentialsOf(address, tls), channelOptions);
  return {
    ask(method, request, timeout, headers) {
      const [service = "", name = ""] = method.split("/");
      const known = (services[service] as Record<string, Method> | undefined)?.[name];
      if (known === undefined) return Promise.reject(new GrpcError(12, `there is no method ${method}`));
      const metadata = new Metadata();
      for (const [key, value] of Object.entries(headers)) metadata.set(key, value);
      return new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          known.path,
          known.requestSerialize,
          known.responseDeserialize,
          request,
          metadata,
          { deadline: Date.now() + timeout },
          (error: ServiceError | null, answer?: object) => {
            if (error === null && answer !== undefined) resolve(answer);
            else reject(new GrpcError(error?.code ?? 2, error?.details ?? "no answer"));
          },
        );
      });
    },
    close: () => client.close(),
  };
}

interface Method {
  readonly path: string;
  readonly requestSerialize: (value: object) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => object;
}

function credentialsOf(address: string, tls: GrpcTls | undefined): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  const { ca, key, certificate } = tls;
  const made = credentials.createSsl(bufferOf(ca), bufferOf(key), bufferOf(certificate));
  const host = address.slice(0, address.lastIndexOf(":")).replace(/^\[(.*)\]$/, "$1");
  return isIP(host) === 0 ? made : withoutServerName(made);
}

/**
 * A server's name may be no address (RFC 6066 §3; Node warns, DEP0123), but the library says whatever it connects to. Unsaid, the
 * certificate is compared with the host, as it must be.
 */
function withoutServerName(made: ChannelCredentials): ChannelCredentials {
  const create = made._createSecureConnector.bind(made);
  made._createSecureConnector = (...parts): ReturnType<typeof create> => {
    const connector = create(...parts);
    const { connectionOptions } = connector as { readonly connectionOptions?: { servername?: string } };
    if (connectionOptions !== undefined) delete connectionOptions.servername;
    return connector;
  };
  return made;
}

function bufferOf(bytes: Uint8Array | undefined): Buffer | null {
  return bytes === undefined ? null : Buffer.from(bytes);
}

/** Wall time in milliseconds at which a PEM certificate ends; undefined when it is none. */
export function endOfCertificate(pem: Uint8Array): number | undefined {
  try {
    return new X509Certificate(pem).validToDate.getTime();
  } catch {
    return undefined;
  }
}

/** A secret that whoever started this process handed over in its environment; undefined when there is none. */
export function secretFromEnvironment(name: string): string | undefined {
  const value = process.env[name];
  return value === "" ? undefined : value;
}
