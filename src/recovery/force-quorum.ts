/** A quorum that is empty, torn or lost is formed anew from the newest copy of the database. What is here gathers; the plan decides. */
import { newGuid } from "../base/guid.ts";
import type { Outside } from "../base/outside.ts";
import { digestOfCopy, highestGeneration, type RestorePlan } from "../restore/restore.ts";
import { examineQuorum, type QuorumFact } from "./doctor-quorum.ts";
import { type CopyParts, gatherCopies, newestFirst } from "./force-quorum-copies.ts";
import { findVersionFiles, foldersIn } from "./force-quorum-files.ts";
import { type ChosenCopy, chooseCopy, type ForceQuorumRequest, planForceQuorum } from "./force-quorum-plan.ts";

/** Where a quorum is forced and whom it can ask. */
export interface ForceQuorumParts extends CopyParts {
  readonly outside: Pick<Outside, "files" | "random" | "clock">;
  /** The quorum folder in this node's record. */
  readonly recorded: string;
  /** Where the cluster is to live; the recorded folder unless a person names another one. */
  readonly place: string;
  readonly insist: boolean;
}

/** The dry run: what would be formed from what; with `agreed`, a plan that was shown, under its name. Changes nothing. */
export async function checkForceQuorum(
  parts: ForceQuorumParts,
  request: ForceQuorumRequest,
  agreed?: RestorePlan,
): Promise<RestorePlan> {
  const { outside, place, recorded, instance, insist } = parts;
  const quorum = await examineQuorum(outside, place, { instance, insist });
  const former = recorded === place ? undefined : await examineQuorum(outside, recorded, { instance, insist });
  const places = former === undefined ? [quorum] : [quorum, former];
  const { nodes, generations } = await gatherCopies(parts, places);
  const copies = newestFirst(nodes, generations);
  const chosen = chooseCopy(copies, request.from);
  return planForceQuorum({
    request,
    self: parts.self,
    quorum,
    former,
    nodes,
    copies,
    chosen: chosen === undefined ? undefined : await withFiles(parts, chosen, places),
    highestGeneration: Math.max(...(await Promise.all(places.map((one) => highestIn(parts, one))))),
    safetyFolder: `${parts.data}/safety`,
    id: agreed?.id ?? newGuid(outside.random),
    lineage: agreed?.identity.lineage ?? newGuid(outside.random),
    now: agreed?.time ?? Math.floor(outside.clock.wall()),
  });
}

async function withFiles(
  { outside, data }: ForceQuorumParts,
  copy: ChosenCopy["copy"],
  places: readonly QuorumFact[],
): Promise<ChosenCopy> {
  const generations = places.flatMap(({ place, generations: all }) =>
    all.toReversed().map(({ name }) => `${place}/generation/${name}`),
  );
  const safety = await foldersIn(outside.files, `${data}/safety`);
  const { versions, lost } = await findVersionFiles(outside.files, copy.tree, [...generations, ...safety.toReversed()]);
  return {
    copy,
    versions: versions.map(({ name, path }) => ({ name, path })),
    lost,
    digest: digestOfCopy(copy, versions),
  };
}

/** A folder that can't be looked at has no number to go above; the plan is blocked then. */
async function highestIn({ outside }: ForceQuorumParts, { place, condition }: QuorumFact): Promise<number> {
  return condition === "no folder" || condition === "unreadable" ? 0 : highestGeneration(outside.files, place);
}
