/** The service of a node as a program of a world: what daemon/service.ts does, without the sockets for people. */
import type { Outside } from "../../base/outside.ts";
import { createCheckpoints } from "../../checkpoint/checkpoint.ts";
import { readNodeRecord } from "../../clusapi/node-record.ts";
import { finishMove } from "../../daemon/quorum-ends.ts";
import { ServiceNode } from "../../daemon/service-node.ts";
import { ChangingQuorum } from "../../quorum/changing.ts";
import { openKeyContainers } from "../../registry/key-containers.ts";
import { openRegistry, type Registry } from "../../registry/registry.ts";
import type { SimProcess } from "../process.ts";
import type { Program, Stdio } from "../processes.ts";
import type { World } from "../world.ts";
import type { OpenSimQuorum } from "./sim-etcd.ts";
import type { SimPlaces } from "./sim-places.ts";
import { programName } from "./host-programs.ts";
import { type LogListener, traceLog } from "./log.ts";

/** Who hears of services. */
export interface ServiceObserver {
  opened(service: ServiceNode, stdio: Stdio): void;
  /** Asked for at each start. */
  starts(): ServiceStarts | undefined;
  logged(stdio: Stdio, ...event: Parameters<LogListener>): void;
}

/** What else a start does, where restores of nodes are staged. */
export interface ServiceStarts {
  /** Before anything of the node is opened. */
  before(outside: Outside, process: SimProcess): Promise<void>;
  opened(node: string, registry: Registry): void;
}

/** Where quorums are; `places` where they move. */
export interface QuorumSurroundings {
  readonly openQuorum: OpenSimQuorum;
  readonly places?: SimPlaces;
}

/** The program `clubar-service DATA`; SIGTERM stops it in order. */
export function serviceProgram(
  world: World,
  observer: ServiceObserver,
  { openQuorum, places }: QuorumSurroundings,
): Program {
  return async (outside, args, _environment, stdio) => {
    const data = args[0] ?? "";
    const starts = observer.starts();
    const { process } = stdio;
    await starts?.before(outside, process);
    const openEnds = places?.endsOf(process);
    if (openEnds !== undefined)
      for (const sentence of await finishMove(outside, data, openEnds)) world.trace.add(`${process.label} ${sentence}`);
    const config = await readNodeRecord(outside.files, data);
    if (config === undefined) throw new Error(`${data} holds no node.`);
    const log = traceLog(world, process, (event, fields) => observer.logged(stdio, event, fields));
    const registry = await openRegistry(outside, `${data}/registry`);
    starts?.opened(process.node, registry);
    const keys = await openKeyContainers(outside, `${data}/keys`);
    const quorum = new ChangingQuorum(await openQuorum(outside, process, config.quorum));
    const service = await ServiceNode.open({
      outside,
      log,
      data,
      config,
      quorum,
      ...(openEnds && { openEnds, openQuorum: (place: string) => openQuorum(outside, process, place) }),
      registry,
      keys,
      hostProgram: { command: programName.host, args: [], environment: {} },
      makeCheckpoints: (database) =>
        createCheckpoints({ outside, database, registry, keys, versions: quorum.versions, log, folder: data }),
    });
    observer.opened(service, stdio);
    stdio.onSignal((signal) => {
      if (signal === "SIGTERM") void service.stop(true);
    });
    try {
      return await service.run();
    } finally {
      await registry.close();
    }
  };
}
