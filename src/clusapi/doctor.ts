/** `clubar doctor`: everything that can be looked at from this node, with or without its service, and what follows. Changes nothing. */
import type { StatusView } from "../api/api.ts";
import type { Outside } from "../base/outside.ts";
import { type Diagnosis, diagnose } from "../recovery/doctor.ts";
import type { DoctorFacts, Looked, SpaceFact } from "../recovery/doctor-facts.ts";
import { isEtcdPlace } from "../quorum/etcd/place.ts";
import { examineQuorum, type QuorumFact } from "../recovery/doctor-quorum.ts";
import { gatherCopies, newestFirst } from "../recovery/force-quorum-copies.ts";
import { askLife } from "./ask-life.ts";
import {
  clusterOf,
  databaseInEtcd,
  lookAtBackups,
  lookAtCheckpoints,
  lookAtFolder,
  lookAtHives,
  lookAtMounts,
  lookAtRecord,
  lookAtService,
  nodeFacts,
  notLooked,
  outlivingIn,
} from "./doctor-look.ts";

/** Where the doctor looks. */
export interface DoctorParts {
  readonly outside: Outside;
  /** Absolute path of the node's data folder. */
  readonly data: string;
  /** How commands for this node are written. */
  readonly command: string;
  /** The status of this node's service; SERVICE_NOT_ACTIVE when none answers. */
  readonly ask: () => Promise<StatusView>;
  /** Bytes that may still be written on the disk of a path; absent where nobody can tell. */
  readonly freeBytes?: (path: string) => Promise<number>;
  /** A folder with backup sets. */
  readonly backups?: string;
}

/** What is wrong, what is not, and what to do. Never rejects because of what it finds. */
export async function examineNode(parts: DoctorParts): Promise<Diagnosis> {
  return diagnose(await gatherDoctorFacts(parts));
}

async function gatherDoctorFacts(parts: DoctorParts): Promise<DoctorFacts> {
  const { outside, data, command } = parts;
  const { files, clock } = outside;
  const record = await lookAtRecord(files, data);
  const { service, status } = await lookAtService(outside, data, parts.ask);
  const quorum: Looked<QuorumFact> =
    record.state === "ok"
      ? await examineQuorum(outside, record.quorum, { instance: record.instance, insist: true }).catch(notLooked)
      : { notChecked: "the node's record does not say where it is" };
  const copies =
    record.state === "ok"
      ? await gatherCopies(
          {
            outside,
            data,
            self: { id: record.id, name: record.name },
            instance: record.instance,
            askLife: ({ endpoint }) => askLife(outside, endpoint, record.instance),
          },
          "notChecked" in quorum ? [] : [quorum],
        ).catch(notLooked)
      : { notChecked: "the node's record can't be read" };
  const [newest] = "notChecked" in copies ? [] : newestFirst(copies.nodes, copies.generations);
  return {
    now: Math.floor(clock.wall()),
    command,
    data,
    record,
    service,
    quorum,
    nodes:
      "notChecked" in copies ? copies : await nodeFacts(files, copies, service, await databaseInEtcd(outside, quorum)),
    cluster: status === undefined ? { notChecked: "the service does not run" } : clusterOf(status),
    ...(newest === undefined || record.state !== "ok" || !isEtcdPlace(record.quorum)
      ? {}
      : { outliving: outlivingIn(newest.tree) }),
    ...(await lookAtMounts(files, service, newest?.tree)),
    checkpoints: await lookAtCheckpoints(outside, quorum, data),
    hives: await lookAtHives(files, `${data}/registry`),
    ...(await lookAtFolder(files, data)),
    space: await lookAtSpace(parts, record.state === "ok" ? record.quorum : undefined),
    backups: await lookAtBackups(outside, data, parts.backups, newest?.tree),
  };
}

async function lookAtSpace(
  { outside, data, freeBytes }: DoctorParts,
  quorum: string | undefined,
): Promise<Looked<readonly SpaceFact[]>> {
  if (freeBytes === undefined) return { notChecked: "nobody here can tell how much room there is" };
  const facts: SpaceFact[] = [];
  for (const [what, path] of [
    ["data folder", data],
    ["quorum", quorum],
  ] as const) {
    try {
      if (path === undefined || (await outside.files.stat(path)) === undefined) continue;
      facts.push({ what, path, free: await freeBytes(path) });
    } catch (error) {
      return notLooked(error);
    }
  }
  return facts;
}
