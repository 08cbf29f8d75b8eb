/** What backup and restore of a node share as requesters: writers subscribed to a coordinator, and writers' failures as errors. */
import { fail } from "../../base/errors.ts";
import type { Outside } from "../../base/outside.ts";
import type { VssBackupComponents } from "../backup-components.ts";
import { openVssCoordinator } from "../coordinator.ts";
import { retryGuidance } from "../retry.ts";
import { createVssBackupComponents } from "../requester.ts";
import type { VssWriter } from "../writer.ts";

/** The coordinator's folder of a node: shadow copies of its volumes are known there, whoever made them. */
export function coordinatorFolder(data: string): string {
  return `${data}/vss`;
}

/** Opens a session with these writers. The caller releases it. */
export async function openSession(
  outside: Outside,
  data: string,
  writers: readonly VssWriter[],
): Promise<VssBackupComponents> {
  const coordinator = await openVssCoordinator({ outside, folder: coordinatorFolder(data) });
  for (const writer of writers) coordinator.subscribe(writer);
  return createVssBackupComponents(coordinator);
}

/** Asks the writers' status; rejects with the first failure. */
export async function needWritersWell(
  components: VssBackupComponents,
  after: string,
  unchanged: string,
): Promise<void> {
  await components.gatherWriterStatus();
  for (let at = 0; at < components.getWriterStatusCount(); at++) {
    const { writerName, failure } = components.getWriterStatus(at);
    if (failure === undefined) continue;
    const advice = (retryGuidance as Readonly<Record<string, { readonly advice: string } | undefined>>)[failure.name];
    throw fail(failure.name, {
      happened: `The writer "${writerName}" failed after ${after}: ${failure.message}`,
      unchanged,
      next: advice?.advice ?? "",
    });
  }
  components.freeWriterStatus();
}
