/** The API for users of this machine, who are known by the kernel's word and have the rights that the cluster gave them. */
import { chown } from "node:fs/promises";
import type { Socket } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import type { Audit } from "../api/audit.ts";
import type { ApiCaller } from "../api/route-rights.ts";
import { fail } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { credentialsOf, type PeerCredentials } from "../base/outside-node-kernel.ts";
import { listenServer } from "../base/outside-node-net.ts";
import type { Listener } from "../base/outside.ts";
import { rootKey } from "../database/schema.ts";
import { findKey } from "../tree/key.ts";
import { endConnections, type FetchApp } from "./api-listener.ts";
import { LocalUsers } from "./local-users.ts";
import type { ServiceNode } from "./service-node.ts";

/** Where it is, and what it serves. */
export interface LocalDoorOptions {
  readonly service: ServiceNode;
  readonly app: FetchApp;
  readonly audit: Audit;
  /** In a folder that only root or the service's user may change. */
  readonly path: string;
  /** Only its members may connect. */
  readonly group: string | undefined;
}

/** Listens at `path`. ACCESS_DENIED for a folder that others may change, FILE_NOT_FOUND for a group that is not there. */
export async function openLocalDoor({ service, app, audit, path, group }: LocalDoorOptions): Promise<Listener> {
  const { outside, log } = service.parts;
  const { database } = service;
  const users = new LocalUsers(outside);
  const gid = group === undefined ? undefined : await users.groupNumber(group);
  if (group !== undefined && gid === undefined) {
    throw fail("FILE_NOT_FOUND", {
      happened: `This machine has no group ${group} (--socket-group).`,
      unchanged: "The service did not start.",
      next: `Make it: groupadd ${group}.`,
    });
  }
  const peers = new Map<Socket, PeerCredentials>();
  const nobody: ApiCaller = { who: "nobody", from: path, rights: [] };
  const callerOf = (socket: Socket): Promise<ApiCaller> => {
    const peer = peers.get(socket);
    return peer === undefined ? Promise.resolve(nobody) : users.callerOf(database.tree(), peer, path);
  };
  const server = createAdaptorServer({
    fetch: async (request, { incoming }: { readonly incoming: { readonly socket: Socket } }) =>
      app.fetch(request, { caller: await callerOf(incoming.socket) }),
  });
  server.on("connection", (socket: Socket) => {
    try {
      peers.set(socket, credentialsOf(descriptorOf(socket)));
      socket.once("close", () => peers.delete(socket));
    } catch (error) {
      const { happened, name } = failureOf(error);
      audit({ who: "nobody", from: path, what: "connect", outcome: "refused", error: name });
      log.warn("somebody at the local socket could not be told apart", { error: happened });
      socket.destroy();
    }
  });
  const stopFollowing = database.onChange((tree, before) => {
    if (findKey(tree, rootKey.users) !== findKey(before, rootKey.users)) void endRevoked();
  });
  /** Whoever lost all rights is cut off; the rest is asked anew at each call. */
  const endRevoked = async (): Promise<void> => {
    for (const socket of peers.keys()) if ((await callerOf(socket)).rights.length === 0) socket.destroy();
  };
  const listener = await listenServer(server, path, true);
  if (gid !== undefined) await chown(path, -1, gid);
  await outside.files.setMode(path, gid === undefined ? 0o666 : 0o660);
  return {
    close: async () => {
      stopFollowing();
      const ended = new Promise((resolve) => server.once("close", resolve));
      await listener.close();
      await endConnections(server, ended, outside);
    },
  };
}

/** @throws ENOTSUP where Node does not tell it */
function descriptorOf(socket: Socket): number {
  const { fd } = (socket as unknown as { readonly _handle?: { readonly fd?: number } })._handle ?? {};
  if (fd !== undefined && fd >= 0) return fd;
  throw fail("CALL_NOT_IMPLEMENTED", { happened: "Node does not tell the descriptor of a socket." });
}
