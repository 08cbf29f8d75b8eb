/** Opens the way to a real etcd. */
import { fail } from "../../base/errors.ts";
import type { Files } from "../../base/outside.ts";
import type { GrpcTls } from "../../base/outside-node-grpc.ts";
import type { EtcdClient } from "./client.ts";
import { createGrpcClient } from "./grpc-client.ts";
import { etcdDescriptor } from "./messages.ts";
import type { EtcdPlace } from "./place.ts";
import { patienceOf } from "./times.ts";

/** The environment variable that holds the password of `user` unless a file does. */
const passwordVariable = "CLUBAR_ETCD_PASSWORD";

/** Reads the certificates and the password from their files; nothing is asked of etcd yet. */
export async function connectEtcd(files: Pick<Files, "read">, place: EtcdPlace): Promise<EtcdClient> {
  const [{ openGrpc, secretFromEnvironment }, { openOutside }] = await Promise.all([
    import("../../base/outside-node-grpc.ts"),
    import("../../base/outside-node.ts"),
  ]);
  const { clock, timers } = openOutside();
  const tls = place.tls ? await certificates(files, place) : undefined;
  const { user, passwordFile } = place;
  const password = async (): Promise<string> => {
    if (passwordFile === undefined) return secretFromEnvironment(passwordVariable) ?? missing(place);
    const [line = ""] = new TextDecoder().decode(await files.read(passwordFile)).split("\n");
    return line;
  };
  return createGrpcClient({
    endpoints: place.endpoints.map((address) => ({
      address,
      grpc: openGrpc({ address, tls, descriptor: etcdDescriptor }),
    })),
    outside: { clock, timers },
    patience: patienceOf(place.election),
    login: user === undefined ? undefined : { user, password },
  });
}

async function certificates(files: Pick<Files, "read">, { ca, cert, key }: EtcdPlace): Promise<GrpcTls> {
  const read = (path: string | undefined): Promise<Uint8Array | undefined> =>
    path === undefined ? Promise.resolve(undefined) : files.read(path);
  const [authority, certificate, secret] = await Promise.all([read(ca), read(cert), read(key)]);
  return { ca: authority, certificate, key: secret };
}

function missing({ user }: EtcdPlace): never {
  throw fail("ACCESS_DENIED", {
    happened: `There is no password for the etcd user ${user}.`,
    unchanged: "Nothing was changed.",
    next: `Name a file that holds it (password-file=PATH in --quorum), or set ${passwordVariable}.`,
  });
}
