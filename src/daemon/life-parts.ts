/** What one life is given of its service: an incarnation and a host of its own, and everything that outlives it. */
import { newGuid } from "../base/guid.ts";
import { readState } from "../database/state.ts";
import type { Timing } from "../membership/timing.ts";
import type { ClusDbFile } from "./clusdb-file.ts";
import type { NodeFencing } from "./fence-calls.ts";
import type { HostQuestions } from "./host-answers.ts";
import type { HostConfig } from "./host-config.ts";
import { startHost } from "./host-start.ts";
import { type Housekeeping, maxLogSize, verifyEvidenceOf } from "./leader-duties.ts";
import type { LifeParts } from "./life.ts";
import type { LivingDatabase } from "./living-database.ts";
import type { ServiceParts } from "./service-parts.ts";

/** What outlives a life. */
export interface LifeGround {
  readonly parts: ServiceParts;
  readonly timing: Timing;
  readonly database: LivingDatabase;
  readonly checkpoints: LifeParts["checkpoints"];
  readonly fencing: NodeFencing;
  readonly clusDb: ClusDbFile;
  readonly housekeeping: Housekeeping;
  readonly questions: HostQuestions;
  /** In force now. */
  readonly generation: number;
  readonly isLifeWanted: () => boolean;
  readonly followMove: LifeParts["followMove"];
}

/** Under a new incarnation. */
export function lifePartsOf(ground: LifeGround): LifeParts {
  const {
    parts,
    timing,
    database,
    checkpoints,
    fencing,
    clusDb,
    housekeeping,
    questions,
    generation,
    isLifeWanted,
    followMove,
  } = ground;
  const { outside, log, quorum, data, config, hostProgram } = parts;
  const incarnation = newGuid(outside.random);
  const { instance, node, insist, timingFactor, listen } = config;
  const hostConfig = {
    data,
    node,
    incarnation,
    instance,
    quorum: quorum.place,
    insist,
    timingFactor,
    service: outside.processes.self,
    ...(listen === undefined ? {} : { listen }),
    generation,
    ...watchdogOf(database, node),
  };
  const endpoint = parts.trust?.endpoint;
  return {
    outside,
    log,
    quorum,
    timing,
    instance,
    node,
    incarnation,
    generation,
    data,
    database,
    checkpoints,
    startHost: (events) => startHost(outside, hostProgram, hostConfig, timing, events, isLifeWanted),
    hostEvents: questions,
    fencing,
    ...(followMove === undefined ? {} : { followMove }),
    ...(endpoint === undefined ? {} : { endpoint }),
    logSizeMax: () => maxLogSize(database.tree()),
    saveDiverged: async () => {
      const path = await clusDb.saveAside(database.replica);
      log.warn("this node's own copy was put aside", { path });
    },
    verifyEvidence: verifyEvidenceOf(quorum),
    tidy: (membership) => housekeeping.tidy(membership.leader()),
  };
}

/** The machine's watchdog as this node's copy of the database has it; what is changed there counts from the next life on. */
function watchdogOf(database: LivingDatabase, node: string): Pick<HostConfig, "watchdog"> {
  const devices = readState(database.tree()).nodes.get(node)?.fencing.devices ?? [];
  const found = devices.find((one) => one.kind === "watchdog");
  return found === undefined ? {} : { watchdog: { device: found.device, timeout: found.timeout } };
}
