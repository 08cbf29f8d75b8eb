/**
 * Every acknowledged update is in the final database. When one was acknowledged before another was submitted, it comes
 * first; a refused one is absent.
 */
import { compareTags, formatTag, type Tag } from "../../quorum/tag.ts";
import type { Checker, ClusterEvent, EventOf } from "./events.ts";
import { Findings } from "./finding.ts";

interface Known {
  submitted: number;
  acknowledged?: { readonly at: number; readonly tag: Tag };
}

/** Watches acknowledged updates; judges at the end. */
export function acknowledgedUpdatesKept(): Checker {
  const name = "acknowledged-updates-kept";
  const found = new Findings(name);
  const known = new Map<string, Known>();
  const refused = new Set<string>();
  const restored: EventOf<"restored">[] = [];
  let last: { readonly at: number; readonly requestIds: readonly string[] } | undefined;
  return {
    name,
    violations: found.violations,
    see: (event: ClusterEvent) => {
      if (event.kind === "update-submitted" && !known.has(event.requestId))
        known.set(event.requestId, { submitted: event.at });
      if (event.kind === "update-refused") refused.add(event.requestId);
      if (event.kind === "update-acknowledged") {
        const update = known.get(event.requestId) ?? { submitted: event.at };
        known.set(event.requestId, { ...update, acknowledged: { at: event.at, tag: event.tag } });
      }
      if (event.kind === "restored") restored.push(event);
      if (event.kind === "final-database") last = event;
    },
    finish: () => {
      for (const restore of restored) forget(known, restore);
      const acknowledged = [...known].flatMap(([id, { submitted, acknowledged: ack }]) =>
        ack ? [{ id, submitted, ...ack }] : [],
      );
      if (last === undefined) {
        if (acknowledged.length > 0) found.add(0, "NOT CHECKED: nobody reported the final database.");
        return;
      }
      const { at } = last;
      const places = new Map(last.requestIds.map((id, place) => [id, place]));
      const kept: { id: string; submitted: number; at: number; place: number }[] = [];
      for (const update of acknowledged) {
        const place = places.get(update.id);
        if (place === undefined)
          found.add(at, `Update ${update.id}, acknowledged at ${formatTag(update.tag)}, is lost.`);
        else kept.push({ ...update, place });
      }
      for (const id of refused)
        if (places.has(id) && !known.get(id)?.acknowledged) found.add(at, `Refused update ${id} was applied.`);
      checkOrder(kept, (what) => found.add(at, what));
    },
  };
}

function forget(known: Map<string, Known>, { kept, generation }: EventOf<"restored">): void {
  for (const [id, { acknowledged }] of known) {
    if (acknowledged && isGivenUp(acknowledged.tag, kept, generation)) known.delete(id);
  }
}

function isGivenUp(tag: Tag, kept: Tag, generation: number): boolean {
  return compareTags(tag, kept) > 0 && tag.generation < generation;
}

/** In order of the final place, nothing may come after something that was only submitted once it was acknowledged. */
function checkOrder(
  kept: { readonly id: string; readonly submitted: number; readonly at: number; readonly place: number }[],
  report: (what: string) => void,
): void {
  let latest: { readonly id: string; readonly submitted: number } | undefined;
  for (const update of kept.toSorted((a, b) => a.place - b.place)) {
    if (latest !== undefined && update.at < latest.submitted) {
      report(`Update ${update.id} was acknowledged before ${latest.id} was submitted, but comes after it.`);
    }
    if (latest === undefined || update.submitted > latest.submitted) latest = update;
  }
}
