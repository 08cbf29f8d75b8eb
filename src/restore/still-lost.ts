/**
 * A forced quorum rests on what was seen of the quorum folders when it was planned. Until the switch a person may think it over, or this
 * node may be off for days: a quorum that is back by then, or that another node formed, is not put out of force (docs/safety.md §5.5).
 */
import { fail } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import type { Outside } from "../base/outside.ts";
import { formatTag } from "../quorum/tag.ts";
import type { RestorePlan } from "./plan-types.ts";
import { readPresent } from "./present.ts";

/** REVISION_MISMATCH when a cluster's quorum can be read in the plan's folder or the former one that the plan did not see there. */
export async function refuseWhatIsBack(
  outside: Pick<Outside, "files" | "random">,
  { copy, place, formerPlace, identity }: RestorePlan,
  insist: boolean,
): Promise<void> {
  if (copy === undefined) return;
  const here = await readPresent(outside, place, insist);
  if (here.state === "readable" && formatTag(here.tag) !== copy.replaces)
    throw isBack(place, formatTag(here.tag), copy.replaces);
  if (formerPlace === undefined || formerPlace === place) return;
  // One that can't be looked at was no quorum in order when this was planned, either.
  const former = await readPresent(outside, formerPlace, insist).catch((error: unknown) => failureOf(error));
  if ("state" in former && former.state === "readable" && former.identity.instance === identity.instance)
    throw isBack(formerPlace, formatTag(former.tag), undefined);
}

function isBack(place: string, tag: string, planned: string | undefined): Error {
  const then = planned === undefined ? "could not be read" : `was at ${planned}`;
  return fail("REVISION_MISMATCH", {
    happened: `The quorum ${place} is readable, at ${tag}; when this was planned it ${then}.`,
    unchanged: "The quorum is as it was.",
    next: "Start the service of the nodes; when they still have no cluster, look at it with `clubar doctor` and plan again.",
  });
}
