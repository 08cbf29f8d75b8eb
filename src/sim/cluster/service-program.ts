/** The service of a node as a program of a world. */
import type { Outside } from "../../base/outside.ts";
import type { Log } from "../../base/log.ts";
import { submitChange } from "../../daemon/change.ts";
import { ClusDbFile } from "../../daemon/clusdb-file.ts";
import { socketPath } from "../../daemon/host-config.ts";
import { startHost } from "../../daemon/host-start.ts";
import { maxLogSizeOf } from "./max-log-size.ts";
import { Life } from "../../daemon/life.ts";
import { LivingDatabase } from "../../daemon/living-database.ts";
import { type NodeRecord, readNodeRecord } from "../../clusapi/node-record.ts";
import { newGuid } from "../../base/guid.ts";
import type { Change } from "../../database/change.ts";
import type { FetchRequest, JoinRequest, SubmitRequest } from "../../membership/wire.ts";
import { directoryTiming } from "../../membership/timing.ts";
import { openDiskQuorum } from "../../quorum/disk/quorum.ts";
import type { Quorum } from "../../quorum/quorum.ts";
import type { Tag } from "../../quorum/tag.ts";
import { serve } from "../../rpc/call.ts";
import type { Key } from "../../tree/key.ts";
import type { Program } from "../processes.ts";
import { programName } from "./host-programs.ts";

export interface LifeService {
  readonly database: LivingDatabase;
  life(): Life | undefined;
  change(build: (tree: Key) => Change): Promise<Tag>;
}
export function serviceProgram(
  logOf: (stdio: Parameters<Program>[3]) => Log,
  opened: (service: LifeService, stdio: Parameters<Program>[3]) => void,
): Program {
  return async (outside, args, _environment, stdio) => {
    const data = args[0] ?? "";
    const config = await readNodeRecord(outside.files, data);
    if (config === undefined) throw new Error(`${data} holds no node.`);
    const log = logOf(stdio);
    const quorum = await openDiskQuorum(outside, config.quorum);
    const clusDb = new ClusDbFile(outside, data, log);
    const database = new LivingDatabase(await clusDb.open(), config.node);
    let life: Life | undefined;
    opened({ database, life: () => life, change: (build) => submitChange(database, outside, build) }, stdio);
    await outside.files.makeFolder(`${data}/run`);
    const living = (): NonNullable<ReturnType<LivingDatabase["life"]>> => {
      const membership = database.life();
      if (membership === undefined) throw new Error("between two lives");
      return membership;
    };
    await serve(outside.net, socketPath.rpc(data), () => config.instance, {
      join: async (body) => living().join(body as JoinRequest),
      fetch: async (body) => living().fetch(body as FetchRequest),
      submit: async (body) => living().submitFor(body as SubmitRequest),
      proof: async () => {
        database.life()?.proofAnnounced();
        return null;
      },
    });
    database.onChange(() => void clusDb.saveSoon(database.replica));
    for (;;) {
      life = await begin(outside, log, quorum, config, data, database, clusDb);
      const end = await life.run();
      life = undefined;
      if (end.refusal !== undefined) await outside.timers.sleep(500);
    }
  };
}

function begin(outside: Outside, log: Log, quorum: Quorum, config: NodeRecord, data: string, database: LivingDatabase, clusDb: ClusDbFile): Promise<Life> {
  const incarnation = newGuid(outside.random);
  const { instance, node, insist, timingFactor } = config;
  const timing = directoryTiming(timingFactor);
  const hostConfig = { data, node, incarnation, instance, quorum: quorum.place, insist, timingFactor, service: outside.processes.self };
  return Life.begin({
    outside, log, quorum, timing, instance, node, incarnation, data, database,
    checkpoints: { restoreBeforeOnline: async () => undefined, begin: () => undefined, captureNow: async () => undefined, end: () => undefined },
    startHost: (events) => startHost(outside, { command: programName.host, args: [], environment: {} }, hostConfig, timing, events),
    hostEvents: { watch: () => undefined, ask: async () => ({}) },
    logSizeMax: () => maxLogSizeOf(database.tree()),
    saveDiverged: async () => void (await clusDb.saveAside(database.replica)),
    tidy: async () => undefined,
  });
}
