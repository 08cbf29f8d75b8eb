/** The service process: opens what a node is made of, lives, and ends in order on SIGTERM or SIGINT. */
import { fileURLToPath } from "node:url";
import { createLog } from "../base/log.ts";
import { openOutside } from "../base/outside-node.ts";
import { createCheckpoints } from "../checkpoint/checkpoint.ts";
import { fail } from "../base/errors.ts";
import { openDisks } from "../disks/open-disks.ts";
import { ChangingQuorum } from "../quorum/changing.ts";
import { type OpenOptions, openQuorum } from "../quorum/open.ts";
import type { Quorum } from "../quorum/quorum.ts";
import { openKeyContainers } from "../registry/key-containers.ts";
import { openRegistry } from "../registry/registry.ts";
import { commitNodeRestore } from "../restore/restore.ts";
import { createApp } from "../api/app.ts";
import { askForClusterKeys, followClusterKeys } from "./cluster-key-calls.ts";
import { listenApi } from "./api-listener.ts";
import { openAuditLog } from "./audit-log.ts";
import { watchDataFolder } from "./data-folder-watch.ts";
import { openLocalDoor } from "./local-door.ts";
import { keepBounded, openLogFile } from "./log-file.ts";
import { readNodeRecord } from "../clusapi/node-record.ts";
import { NodeTrust } from "./node-trust.ts";
import { pageFiles } from "./page-files.ts";
import { listenPage } from "./page-listener.ts";
import { finishMove } from "./quorum-ends.ts";
import { openRemoteDoor, type RemoteOptions } from "./remote-door.ts";
import { finishRestore } from "./restore-run.ts";
import { pageService } from "./page-service.ts";
import { typeRunner } from "./type-runner-words.ts";
import { ServiceNode } from "./service-node.ts";
import type { ServiceParts } from "./service-parts.ts";

/** How to run the service of one data folder. */
export interface ServiceOptions {
  /** Absolute path of the node's data folder. */
  readonly data: string;
  /** Serve the web page on this loopback port (0: any) to whoever has the token. */
  readonly page?: { readonly port: number; readonly token: string };
  /** Another socket for users of this machine, who have the rights that the cluster gave them; for members of `group` only. */
  readonly local?: { readonly path: string; readonly group: string | undefined };
  /** Called when a restore that was cut off has been finished or given up, before anything else. */
  readonly onFinished?: (restore: { readonly outcome: string; readonly sentence: string }) => void;
  /** Called when the API answers. */
  readonly onReady?: (where: { readonly pageUrl: string | undefined }) => void;
}

/**
 * Runs this node until it is stopped; resolves with an exit code. When somebody asks for a restart it begins anew in this process: so
 * what a restore staged is put in place. CLUSTER_NOT_INSTALLED when the folder holds no node.
 */
export async function runService(options: ServiceOptions): Promise<number> {
  let service: ServiceNode | undefined;
  let stopped = false;
  const stop = (): void => {
    stopped = true;
    void service?.stop(true);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, stop);
  for (;;) {
    const { exit, again } = await runOnce(options, (opened) => {
      service = opened;
      if (stopped) stop();
    });
    if (!again || stopped) return exit;
  }
}

/** From opening everything to closing everything. */
async function runOnce(
  options: ServiceOptions,
  onOpened: (service: ServiceNode) => void,
): Promise<{ readonly exit: number; readonly again: boolean }> {
  const { data } = options;
  const outside = openOutside();
  const restored = await commitNodeRestore(outside, data);
  const finished = await finishRestore(outside, data);
  const moved = await finishMove(outside, data);
  const config = await readNodeRecord(outside.files, data);
  if (config === undefined) {
    throw fail("CLUSTER_NOT_INSTALLED", {
      happened: `${data} holds no node.`,
      unchanged: "Nothing was started.",
      next:
        "Create a cluster with `clubar cluster create` or join one with `clubar cluster join`; " +
        "a node whose disk was lost comes back with `clubar vss restore SET`.",
    });
  }
  await outside.files.makeFolder(`${data}/log`);
  const log = createLog(openLogFile(`${data}/log/service.log`), outside.clock, { part: "service", node: config.node });
  if (restored !== undefined) {
    const { outcome, sentence, saved, notes } = restored;
    log.warn("a staged restore of this node has ended", { outcome, sentence, saved, notes });
  }
  if (finished !== undefined) options.onFinished?.(finished);
  for (const sentence of moved) log.warn("a move of the quorum has ended", { sentence });
  if (finished !== undefined) log.warn("an interrupted restore has ended", { ...finished });
  // The last first, however far it came: what stays open would keep this process, and the node's locks, for ever.
  const closing: (() => Promise<void> | void)[] = [];
  try {
    return await serveNode(options, { outside, config, log }, onOpened, (close) => closing.unshift(close));
  } finally {
    for (const close of closing) await close();
  }
}

/** A shorter life of this node's certificates, for those who want it, in milliseconds. */
function certificateLife(): number | undefined {
  const seconds = Number(process.env["CLUBAR_CERTIFICATE_SECONDS"]);
  return seconds >= 1 ? seconds * 1000 : undefined;
}

/** What is opened is handed to `closeLater`. */
async function serveNode(
  options: ServiceOptions,
  { outside: local, config, log }: Pick<ServiceParts, "outside" | "config" | "log">,
  onOpened: (service: ServiceNode) => void,
  closeLater: (close: () => Promise<void> | void) => void,
): Promise<{ readonly exit: number; readonly again: boolean }> {
  const { data } = options;
  const { node, listen = [] } = config;
  const trust = await NodeTrust.open({ outside: local, data, node, listen });
  const outside = trust === undefined ? local : { ...local, net: trust.net(local.net) };
  const registry = await openRegistry(outside, `${data}/registry`);
  closeLater(() => registry.close());
  const keys = await openKeyContainers(outside, `${data}/keys`);
  const asking: { by?: ServiceNode } = {};
  const { insist } = config;
  const askKeys: OpenOptions["askKeys"] = async (own) => (asking.by ? askForClusterKeys(asking.by, own) : own);
  const open = (place: string, patient: boolean): Promise<Quorum> =>
    openQuorum(outside, place, { insist, data, askKeys, patient });
  const quorum = new ChangingQuorum(await open(config.quorum, true));
  const host = fileURLToPath(new URL("./host.ts", import.meta.url));
  const service = await ServiceNode.open({
    outside,
    log,
    data,
    config,
    quorum,
    openQuorum: (place) => open(place, false),
    registry,
    keys,
    disks: await openDisks(outside, process.env["CLUBAR_DISK_IMAGES"]),
    ...(trust === undefined ? {} : { trust }),
    hostProgram: {
      command: process.execPath,
      args: ["--max-old-space-size=64", "--max-semi-space-size=2", host],
      environment: { ...process.env } as Record<string, string>,
    },
    typeRunner: typeRunner(),
    makeCheckpoints: (database) =>
      createCheckpoints({ outside, database, registry, keys, versions: quorum.versions, log, folder: data }),
  });
  const audit = openAuditLog(`${data}/log/audit.log`, outside.clock);
  asking.by = service;
  const app = createApp(() => service, pageService(service), audit);
  const pageUrl = await openDoors(options, { service, trust, app, audit }, closeLater);
  onOpened(service);
  options.onReady?.({ pageUrl });
  const ended = new AbortController();
  closeLater(() => ended.abort());
  void followClusterKeys(service, ended.signal);
  void keepBounded(`${data}/log/host.log`, outside.timers, ended.signal);
  const folder = watchDataFolder(outside, data, ended.signal).then((lost) => {
    if (lost === undefined) return undefined;
    log.error("the data folder is gone", { error: lost });
    return service.stop(true).then(() => lost);
  });
  const exit = await service.run();
  ended.abort();
  const lost = await folder;
  if (lost !== undefined) throw lost;
  return { exit, again: service.isRestartWanted() };
}

/** Wherever somebody may ask; the address of the page, if there is one. */
async function openDoors(
  { data, local, page }: ServiceOptions,
  { trust, ...parts }: Omit<RemoteOptions, "trust"> & { readonly trust: NodeTrust | undefined },
  closeLater: (close: () => Promise<void> | void) => void,
): Promise<string | undefined> {
  const { service, app } = parts;
  const api = await listenApi({ outside: service.parts.outside, app, data });
  closeLater(() => api.close());
  const forLocal = local && (await openLocalDoor({ ...parts, ...local }));
  if (forLocal !== undefined) closeLater(() => forLocal.close());
  if (trust !== undefined) {
    const life = certificateLife();
    const remote = await openRemoteDoor({ ...parts, trust, ...(life === undefined ? {} : { life }) });
    closeLater(() => remote.close());
  }
  const served = page && (await listenPage({ app, files: pageFiles(), ...page }));
  if (served !== undefined) closeLater(() => served.close());
  return served?.url;
}
