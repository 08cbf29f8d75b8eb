/** Serves a node's API on a unix socket in its run folder. */
import { createAdaptorServer, type ServerType } from "@hono/node-server";
import type { ApiCaller } from "../api/route-rights.ts";
import type { Outside } from "../base/outside.ts";
import { listenServer } from "../base/outside-node-net.ts";
import { allRights } from "../trust/trust.ts";
import { socketPath } from "./host-config.ts";

/** What can answer requests: the API's application. */
export interface FetchApp {
  fetch(request: Request, environment: { readonly caller: ApiCaller }): Response | Promise<Response>;
}

/** Milliseconds that answers under way still have when the listener closes. */
const patience = 2000;

/** Listens at `data`/run/api.sock (0600, its folder 0700). BUSY when another service answers there. */
export async function listenApi(options: {
  readonly outside: Outside;
  readonly app: FetchApp;
  readonly data: string;
}): Promise<{ close(): Promise<void> }> {
  const { outside, app, data } = options;
  const address = socketPath.api(data);
  // Nobody but the owner of the folder, and root, gets to the socket.
  const caller: ApiCaller = { who: "local", from: address, rights: allRights };
  await outside.files.makeFolder(`${data}/run`);
  const server = createAdaptorServer({ fetch: (request) => app.fetch(request, { caller }) });
  const listener = await listenServer(server, address);
  await outside.files.setMode(address, 0o600);
  return {
    close: async () => {
      const ended = new Promise((resolve) => server.once("close", resolve));
      await listener.close();
      await endConnections(server, ended, outside);
    },
  };
}

/** Lets answers under way finish, then cuts what is left (streams of events). */
export async function endConnections(server: ServerType, ended: Promise<unknown>, outside: Outside): Promise<void> {
  if ("closeIdleConnections" in server) server.closeIdleConnections();
  const late = new AbortController();
  await Promise.race([ended, outside.timers.sleep(patience, late.signal)]);
  late.abort();
  if ("closeAllConnections" in server) server.closeAllConnections();
}
