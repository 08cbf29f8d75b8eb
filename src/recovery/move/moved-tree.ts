/** The database that is built at the other end of a move. Pure. */
import { downUpdate, allNodeRecords } from "../../membership/node-records.ts";
import { longPermit, longPermitEdits } from "../../membership/long-permit.ts";
import { imageOf, replay } from "../../membership/copy-image.ts";
import { applyEdits, type Edit } from "../../tree/edit.ts";
import { fileTime, type Key } from "../../tree/key.ts";
import { dword } from "../../tree/value.ts";
import { runtimeNodePath, runtimeNodeValue } from "../../database/schema.ts";
import { planDiskReplacement } from "../replace-disk.ts";
import type { MoveOrder } from "./move-record.ts";
import type { BuiltQuorum, SealedQuorum } from "./quorum-end.ts";

/**
 * Nothing is taken back, and the lives go on: what was acknowledged, request ids and who may be running what are kept. What the first
 * leader of the new generation can't find there any more is put into the tree: the proofs of lives that ended. A node without one has a
 * record of epoch 0, which no leader ever has, so it counts as not having reported.
 * @throws what forbids the replacement of the disk by now
 */
export function movedQuorum(
  sealed: SealedQuorum,
  { departure, time, replaces }: MoveOrder,
  place: string,
): BuiltQuorum {
  const { tree, tag } = replay(sealed);
  const { identity } = departure;
  const moved = applyEdits(
    tree,
    [...membershipEdits(tree, sealed), ...replacement(tree, replaces, place)],
    fileTime(time),
  );
  const next = { generation: identity.generation, epoch: 0, sequence: tag.sequence + 1 };
  return { identity, image: imageOf(moved, next, time), versions: sealed.versions };
}

function membershipEdits(tree: Key, { proofs }: SealedQuorum): Edit[] {
  // A backup does not outlast the generation.
  const edits: Edit[] = [{ kind: "delete-key", path: "Runtime\\Holds" }];
  const long = longPermit(tree);
  if (long !== undefined) edits.push(...longPermitEdits({ ...long, over: true }));
  for (const record of allNodeRecords(tree)) {
    if (record.state === "none") continue;
    const { node, incarnation } = record;
    edits.push({ kind: "set-value", path: runtimeNodePath(node), value: dword(runtimeNodeValue.epoch, 0) });
    const isProven = proofs.some((proof) => proof.node === node && proof.incarnation === incarnation);
    if (record.up && isProven) edits.push(...downUpdate("", record, "proof", "").edits);
  }
  return edits;
}

function replacement(tree: Key, replaces: MoveOrder["replaces"], place: string): readonly Edit[] {
  if (replaces === undefined) return [];
  return planDiskReplacement(tree, replaces, place).change?.edits ?? [];
}
