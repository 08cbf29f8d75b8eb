/**
 * A request is applied once: one tag everywhere, one place in the final database; a tag names one request everywhere;
 * each replica applies in order, without gaps in the sequence.
 */
import { compareTags, formatTag, type Tag } from "../../quorum/tag.ts";
import type { Checker, ClusterEvent, EventOf } from "./events.ts";
import { Findings } from "./finding.ts";

/** Watches what replicas apply. */
export function appliedOnce(): Checker {
  const name = "applied-once";
  const found = new Findings(name);
  const tagOf = new Map<string, string>();
  const requestOf = new Map<string, string>();
  /** By generation and sequence: only what is acknowledged is applied, so every leader's history has it at the same place. */
  const tagAt = new Map<string, string>();
  const replicas = new Map<string, Tag>();

  function applied(event: EventOf<"update-applied">): void {
    const tag = formatTag(event.tag);
    const firstTag = tagOf.get(event.requestId) ?? tag;
    const firstRequest = requestOf.get(tag) ?? event.requestId;
    if (firstTag !== tag)
      found.add(event.at, `Request ${event.requestId} was applied at ${firstTag} and at ${tag} (${event.node}).`);
    if (firstRequest !== event.requestId)
      found.add(event.at, `${tag} is ${firstRequest} and on ${event.node} ${event.requestId}.`);
    const place = `${event.tag.generation}:*:${event.tag.sequence}`;
    const tagThere = tagAt.get(place) ?? tag;
    if (tagThere !== tag)
      found.add(event.at, `${event.node} applied ${tag}, where another replica applied ${tagThere}.`);
    tagAt.set(place, tagThere);
    tagOf.set(event.requestId, firstTag);
    requestOf.set(tag, firstRequest);
    const replica = `${event.node} (${event.incarnation})`;
    const before = replicas.get(replica);
    if (before !== undefined && !follows(before, event.tag)) {
      found.add(event.at, `${replica} applied ${tag} after ${formatTag(before)}.`);
    }
    replicas.set(replica, event.tag);
  }

  return {
    name,
    violations: found.violations,
    finish: () => undefined,
    see: (event: ClusterEvent) => {
      if (event.kind === "update-applied") applied(event);
      if (event.kind === "replica-reset") replicas.set(`${event.node} (${event.incarnation})`, event.tag);
      if (event.kind === "restored") {
        for (const [tag, request] of requestOf) if (isNewer(tag, event.kept)) tagOf.delete(request);
      }
      if (event.kind === "final-database") {
        const seen = new Set<string>();
        for (const id of event.requestIds) {
          if (seen.has(id)) found.add(event.at, `Request ${id} is in the final database twice.`);
          seen.add(id);
        }
      }
    },
  };
}

/** A new epoch goes on with the sequence of the one before. */
function follows(before: Tag, tag: Tag): boolean {
  return compareTags(before, tag) < 0 && tag.sequence === before.sequence + 1;
}

function isNewer(tag: string, kept: Tag): boolean {
  const [generation = 0, epoch = 0, sequence = 0] = tag.split(":").map(Number);
  return compareTags({ generation, epoch, sequence }, kept) > 0;
}
