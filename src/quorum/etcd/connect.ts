/** Opens the way to a real etcd. */
import { fail } from "../../base/errors.ts";
import { failureOf } from "../../base/failure-of.ts";
import type { Files } from "../../base/outside.ts";
import type { GrpcTls } from "../../base/outside-node-grpc.ts";
import type { EtcdClient } from "./client.ts";
import { createGrpcClient } from "./grpc-client.ts";
import { etcdDescriptor } from "./messages.ts";
import type { EtcdPlace } from "./place.ts";
import { patienceOf } from "./times.ts";

/** The environment variable that holds the password of `user` unless a file does. */
const passwordVariable = "CLUBAR_ETCD_PASSWORD";

/**
 * Reads the certificates; nothing is asked of etcd yet. FILE_NOT_FOUND, ACCESS_DENIED, INVALID_DATA naming the file and the option that
 * names it. The password is read when etcd asks for it.
 */
export async function connectEtcd(files: Pick<Files, "read">, place: EtcdPlace): Promise<EtcdClient> {
  const [{ openGrpc, secretFromEnvironment, endOfCertificate }, { openOutside }] = await Promise.all([
    import("../../base/outside-node-grpc.ts"),
    import("../../base/outside-node.ts"),
  ]);
  const { clock, timers } = openOutside();
  const tls = place.tls ? await certificates(files, place) : undefined;
  const { user, passwordFile } = place;
  const password = async (): Promise<string> => {
    if (passwordFile === undefined) return secretFromEnvironment(passwordVariable) ?? missing(place);
    const [line = ""] = new TextDecoder().decode(await readFor(files, "password-file", passwordFile)).split("\n");
    return line;
  };
  const open = (address: string): ReturnType<typeof openGrpc> => {
    try {
      return openGrpc({ address, tls, descriptor: etcdDescriptor });
    } catch (error) {
      throw noCertificates(place, error);
    }
  };
  return createGrpcClient({
    endpoints: place.endpoints.map((address) => ({ address, grpc: open(address) })),
    outside: { clock, timers },
    patience: patienceOf(place.election),
    own: {
      ca: place.ca,
      path: place.cert,
      until: tls?.certificate === undefined ? undefined : endOfCertificate(tls.certificate),
    },
    login: user === undefined ? undefined : { user, password },
  });
}

async function certificates(files: Pick<Files, "read">, { ca, cert, key }: EtcdPlace): Promise<GrpcTls> {
  const read = async (option: string, path: string | undefined): Promise<Uint8Array | undefined> =>
    path === undefined ? undefined : readFor(files, option, path);
  const [authority, certificate, secret] = await Promise.all([read("ca", ca), read("cert", cert), read("key", key)]);
  return { ca: authority, certificate, key: secret };
}

async function readFor(files: Pick<Files, "read">, option: string, path: string): Promise<Uint8Array> {
  try {
    return await files.read(path);
  } catch (error) {
    const { name, happened } = failureOf(error);
    throw fail(name, {
      happened: `The file that ${option}= names in the quorum's place can't be read. ${happened}`,
      unchanged: "Nothing was changed.",
      next: `Put it there on this node, readable for the user that runs clubar, or name another one: ${option}=PATH in --quorum.`,
      cause: error,
    });
  }
}

function noCertificates({ ca, cert, key }: EtcdPlace, cause: unknown): Error {
  const named = [ca, cert, key].filter((path) => path !== undefined).join(", ");
  return fail("INVALID_DATA", {
    happened: `The certificates for etcd can't be used: ${cause instanceof Error ? cause.message : String(cause)}.`,
    unchanged: "Nothing was changed.",
    next: `They must be PEM, and the key that of the certificate: look at ${named}.`,
    cause,
  });
}

function missing({ user }: EtcdPlace): never {
  throw fail("ACCESS_DENIED", {
    happened: `There is no password for the etcd user ${user}.`,
    unchanged: "Nothing was changed.",
    next: `Name a file that holds it (password-file=PATH in --quorum), or set ${passwordVariable}.`,
  });
}
