/** A service's end of the network: calls of other nodes, newcomers, and the API for people with certificates, all at one port. */
import type { Socket } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import type { ApiCaller } from "../api/route-rights.ts";
import type { Listener, PeerProof } from "../base/outside.ts";
import {
  allRights,
  describeNode,
  nodeCertificateLife,
  type NodeTerms,
  trustedNodes,
  userOfPeer,
} from "../trust/trust.ts";
import { renewed, renewalTime, whyRenew, writeTrust } from "../trust/trust.ts";
import { failureOf } from "../base/failure-of.ts";
import { newGuid } from "../base/guid.ts";
import type { Change } from "../database/change.ts";
import { describeInterfaces, type OwnInterface } from "../database/commands/network.ts";
import type { Handlers, Peer } from "../rpc/call.ts";
import { pingMethod } from "../rpc/paths.ts";
import { findKey, type Key } from "../tree/key.ts";
import { rootKey } from "../database/schema.ts";
import { endConnections, type FetchApp } from "./api-listener.ts";
import type { AuditEntry } from "../api/audit.ts";
import { Heartbeats } from "./heartbeats.ts";
import type { NodeTrust } from "./node-trust.ts";
import { ownInterfaces } from "./own-interfaces.ts";
import { nodeHandlers } from "./node-rpc.ts";
import type { ServiceNode } from "./service-node.ts";

/** What is served, and how what happens is told. */
export interface RemoteOptions {
  readonly service: ServiceNode;
  readonly trust: NodeTrust;
  readonly app: FetchApp;
  readonly audit: (entry: AuditEntry) => void;
  /** How long this node's certificates live, in milliseconds; 30 days unless given. */
  readonly life?: number;
}

/** Listens where the node is reached over the network, keeps its certificate fresh and the list of members up to date. */
export async function openRemoteDoor(options: RemoteOptions): Promise<Listener> {
  const { service, trust, app, audit } = options;
  const { outside, log, config } = service.parts;
  const { database } = service;
  const over = new AbortController();
  const terms: NodeTerms = {
    node: config.node,
    hosts: trust.places.map(({ host }) => host),
    life: options.life ?? nodeCertificateLife,
  };
  await renewIfDue(options, terms);

  let known: unknown;
  let news = new AbortController();
  const follow = (): void => {
    const tree = database.tree();
    const now = [findKey(tree, rootKey.nodes), findKey(tree, rootKey.users)];
    if (Array.isArray(known) && now.every((key, index) => key === (known as unknown[])[index])) return;
    known = now;
    news.abort();
    trust.follow(trustedNodes(tree), (peer) => peer.kind === "user" && userOfPeer(tree, peer, 0) === undefined);
  };
  const stopFollowing = database.onChange(follow);
  follow();

  const peers = new WeakMap<Socket, PeerProof>();
  const server = createAdaptorServer({
    fetch: (request, { incoming }: { readonly incoming: { readonly socket: Socket } }) =>
      app.fetch(request, { caller: apiCaller(service, trust, peers.get(incoming.socket)) }),
  });
  const handlers = { ...watched(nodeHandlers(service, trust), audit), [pingMethod]: () => Promise.resolve(null) };
  const listener = await trust.serve(() => config.instance, handlers, {
    forNewcomers: ["enrol"],
    onHttp: (socket, peer) => {
      peers.set(socket, peer);
      server.emit("connection", socket);
    },
    onRefused: (from, why) => {
      audit({ who: "nobody", from, what: "connect", outcome: "refused", error: why });
      log.warn("somebody was turned away", { from, why });
    },
  });
  void keepFresh(options, terms, over.signal, () => (news = new AbortController()).signal);
  const heartbeats = new Heartbeats({
    outside,
    log,
    node: config.node,
    factor: config.timingFactor,
    tree: () => database.tree(),
    incarnation: () => (database.life()?.isMember() === true ? service.life()?.incarnation : undefined),
    call: (...asked) => service.callers.call(...asked),
    drop: (address) => service.callers.drop(address),
    change: (build) => service.change(build),
  });
  void heartbeats.run(over.signal);
  return {
    close: async () => {
      over.abort();
      stopFollowing();
      await endConnections(server, Promise.resolve(), outside);
      await listener?.close();
    },
  };
}

/** Every newcomer that tries a token is in the audit log, whether it came in or not; the token is not. */
function watched(handlers: Handlers, audit: (entry: AuditEntry) => void): Handlers {
  const enrol = async (body: unknown, peer: Peer): Promise<unknown> => {
    const { name } = (body ?? {}) as { readonly name?: unknown };
    const what = `enrol ${String(name).slice(0, 63)}`;
    const entry = { who: "nobody", from: peer.proof?.from ?? "", what };
    try {
      const answer = await handlers["enrol"]?.(body, peer);
      audit({ ...entry, outcome: "done" });
      return answer;
    } catch (error) {
      const row = failureOf(error).name;
      audit({ ...entry, outcome: row === "ACCESS_DENIED" ? "refused" : "failed", error: row });
      throw error;
    }
  };
  return { ...handlers, enrol };
}

/** Whoever shows a certificate that the cluster knows; nobody has no rights. */
function apiCaller(service: ServiceNode, trust: NodeTrust, peer: PeerProof | undefined): ApiCaller {
  const from = peer?.from ?? "";
  if (peer?.kind === "node" && trust.isMember(peer)) return { who: `node:${peer.name}`, from, rights: allRights };
  const wall = service.parts.outside.clock.wall();
  const user = peer === undefined ? undefined : userOfPeer(service.database.tree(), peer, wall);
  if (user !== undefined) return { who: `user:${user.name}`, from, rights: user.rights };
  const named =
    peer === undefined || peer.kind === "nobody" ? "nobody" : `${peer.kind}:${peer.name} (not known any more)`;
  return { who: named, from, rights: [] };
}

/** How long after a failed attempt the next one comes, and the longest wait: timers do not count a suspend. In milliseconds. */
const [soon, longest] = [1000, 3_600_000];

/** `untilNews` makes a signal that is given when the nodes in the database have changed. */
async function keepFresh(
  options: RemoteOptions,
  terms: NodeTerms,
  over: AbortSignal,
  untilNews: () => AbortSignal,
): Promise<void> {
  const { service, trust } = options;
  const { outside, log } = service.parts;
  while (!over.aborted) {
    const news = untilNews();
    let isSaid = false;
    try {
      await renewIfDue(options, terms);
      isSaid = await describeSelf(options);
    } catch (error) {
      log.warn("what this node shows to others could not be brought up to date", { error });
    }
    const wait = renewalTime(trust.file().node.certificate) - outside.clock.wall();
    // A node that is no member yet can't say where it is; it says so soon.
    await outside.timers.sleep(Math.max(soon, Math.min(isSaid ? wait : soon, longest)), AbortSignal.any([over, news]));
  }
}

async function renewIfDue({ service, trust }: RemoteOptions, terms: NodeTerms): Promise<void> {
  const { outside, data, log } = service.parts;
  const wall = outside.clock.wall();
  const why = whyRenew(trust.file(), terms, wall);
  if (why === undefined) return;
  const file = await renewed(trust.file(), terms, wall, outside.random);
  await writeTrust(outside.files, data, file);
  trust.use(file);
  service.life()?.tellTrusted();
  log.info("this node's certificate is renewed", { why, until: new Date(wall + terms.life).toISOString() });
}

/** What the database does not say yet of how this node is known and where it is. */
function describedBy({ service, trust }: RemoteOptions, tree: Key, found: readonly OwnInterface[]): Change | undefined {
  const { config, outside } = service.parts;
  const { node, listen = [] } = config;
  const known = describeNode(tree, node, trust.key(), listen);
  const where = describeInterfaces(tree, node, found, () => newGuid(outside.random));
  if (known === undefined || where === undefined) return known ?? where;
  return {
    conditions: [...known.conditions, ...where.conditions],
    edits: [...known.edits, ...where.edits],
    because: known.because,
  };
}

/** The database says how this node is known and where it is; a member sees to it. Whether it says so when this resolves. */
async function describeSelf(options: RemoteOptions): Promise<boolean> {
  const { service } = options;
  const { node, listen = [] } = service.parts.config;
  const found = await ownInterfaces(listen);
  if (describedBy(options, service.database.tree(), found) === undefined) return true;
  if (service.database.life()?.isMember() !== true) return false;
  await service.change((tree) => {
    const nothing = { conditions: [], edits: [], because: `Node ${node} is known as it is.` };
    return describedBy(options, tree, found) ?? nothing;
  });
  return true;
}
