/** Gathers what a restore is planned from: the set, the quorum, the other nodes, the disk. Changes nothing. */
import { deviceLayout, readBackup } from "../backup/backup.ts";
import { Failure, fail } from "../base/errors.ts";
import { newGuid } from "../base/guid.ts";
import type { Outside } from "../base/outside.ts";
import { foldId } from "../database/schema.ts";
import { readState } from "../database/state.ts";
import { decodeClusDb } from "../membership/clusdb-copy.ts";
import { type AskNode, askNodes, nodesToAsk } from "./ask-nodes.ts";
import type { PresentFacts, RestoreInput, RestorePlan, SetFacts } from "./plan-types.ts";
import { planRestore } from "./plan.ts";
import { highestGeneration, type Present, readPresent } from "./present.ts";

/** What a person asks for. */
export interface RestoreRequest {
  /** Absolute path of the set. */
  readonly path: string;
  readonly force?: boolean;
  readonly adoptIdentity?: boolean;
  readonly drive?: string;
  /** Groups stay offline afterwards: all, none; undefined: those whose last known settings are not the set's. */
  readonly hold?: boolean;
}

/** Where the restore takes place and whom it can ask. */
export interface CheckParts {
  readonly outside: Pick<Outside, "files" | "random" | "clock">;
  /** This node's data folder. */
  readonly data: string;
  /** The quorum folder to restore into. */
  readonly place: string;
  /** The quorum folder that this node used until now, when `place` is another one. */
  readonly formerPlace?: string;
  readonly self: { readonly id: string; readonly name: string };
  /** The cluster instance in this node's record. */
  readonly ownInstance?: string;
  /** The same restore replaces this node's registry and keys; where what they held is kept. */
  readonly ownFilesKeptIn?: string;
  /** Takes a file system that several machines share although its locks can't be trusted. */
  readonly insist?: boolean;
  readonly askNode: AskNode;
}

/**
 * The dry run; with `agreed`, a plan that was shown, what becomes of it now under its name. DIRECTORY, PATH_NOT_FOUND,
 * INVALID_PARAMETER for the path; everything else is in the plan.
 */
export async function checkRestore(
  parts: CheckParts,
  request: RestoreRequest,
  agreed?: RestorePlan,
): Promise<RestorePlan> {
  return planRestore(await gatherFacts(parts, request, agreed));
}

/** The plan's input. */
export async function gatherFacts(
  parts: CheckParts,
  request: RestoreRequest,
  agreed?: RestorePlan,
): Promise<RestoreInput> {
  const { outside, place, self } = parts;
  const set = await readSet(outside, request.path, self.name);
  const insist = parts.insist === true;
  const present = await readPresent(outside, place, insist);
  const left = parts.formerPlace === undefined || parts.formerPlace === place ? undefined : parts.formerPlace;
  const former: Present = left === undefined ? { state: "none" } : await readPresent(outside, left, insist);
  return {
    set,
    present: factsOf(present),
    place,
    ...(parts.formerPlace === undefined ? {} : { formerPlace: parts.formerPlace }),
    ...(left === undefined ? {} : { former: factsOf(former) }),
    ...(request.drive === undefined ? {} : { drive: request.drive }),
    nodes: await askNodes(parts.askNode, nodesToAsk([present, former], set.tree, self.id)),
    self,
    ...(parts.ownInstance === undefined ? {} : { ownInstance: parts.ownInstance }),
    ...(parts.ownFilesKeptIn === undefined ? {} : { ownFilesKeptIn: parts.ownFilesKeptIn }),
    quorumDevice: await deviceLayout(outside.files, place),
    highestGeneration: Math.max(
      await highestGeneration(outside.files, place),
      left === undefined ? 0 : await highestGeneration(outside.files, left),
    ),
    force: request.force === true,
    adoptIdentity: request.adoptIdentity === true,
    ...(request.hold === undefined ? {} : { hold: request.hold }),
    ...(await lastKnown(parts, present, set.cluster.instance)),
    safetyFolder: `${parts.data}/safety`,
    ...(agreed === undefined ? {} : { agreed }),
    id: agreed?.id ?? newGuid(outside.random),
    lineage: agreed?.identity.lineage ?? newGuid(outside.random),
    now: agreed?.time ?? Math.floor(outside.clock.wall()),
  };
}

/** This node's own copy, while the quorum can't tell. */
async function lastKnown(
  { outside, data }: CheckParts,
  present: Present,
  instance: string,
): Promise<Pick<RestoreInput, "lastKnown">> {
  if (present.state === "readable") return {};
  try {
    const copy = decodeClusDb(await outside.files.read(`${data}/ClusDb`));
    const isSame = copy !== undefined && foldId(readState(copy.tree).cluster.instance) === foldId(instance);
    return isSame ? { lastKnown: copy.tree } : {};
  } catch {
    // It only helps to tell which settings are newer; without it a person is asked nothing more.
    return {};
  }
}

async function readSet(outside: CheckParts["outside"], path: string, node: string): Promise<SetFacts> {
  try {
    const { versions, ...set } = await readBackup(outside, path);
    return { ...set, versions: versions.map(({ name }) => name), damage: [] };
  } catch (error) {
    if (error instanceof Failure && error.name === "PATH_NOT_FOUND") {
      throw fail("PATH_NOT_FOUND", {
        happened: `There is no folder ${path} on node ${node}, which would read the set: it was looked for on this machine.`,
        unchanged: "Nothing was changed.",
        next: "Is it on another node? Run the command there, or copy the whole folder here first. Is its disk mounted?",
        cause: error,
      });
    }
    if (!(error instanceof Failure) || error.name !== "DATABASE_BACKUP_CORRUPT") throw error;
    const nothing = { tag: undefined, time: undefined, lineage: undefined, tree: undefined, generation: 0, digest: "" };
    const quorumDevice = { checked: false, why: "the set is damaged" } as const;
    return {
      path,
      ...nothing,
      cluster: { name: "", instance: "" },
      versions: [],
      quorumDevice,
      damage: [error.happened],
      notChecked: [],
    };
  }
}

function factsOf(present: Present): PresentFacts {
  if (present.state !== "readable") return present;
  const { identity, tag, tree, contentDigest } = present;
  const { name, instance, generation, lineage } = identity;
  return { state: "readable", cluster: { name, instance }, generation, lineage, tag, tree, contentDigest };
}
