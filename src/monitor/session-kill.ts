/** The processes of applications that no namespace holds: found in the process table, by their session or by their mark. */
import type { Outside, ProcessIdentity } from "../base/outside.ts";
import type { ApplicationRecord } from "./application-record.ts";
import { environmentOf, processTable } from "./process-table.ts";

interface Waiting {
  readonly record: ApplicationRecord;
  readonly answer: PromiseWithResolvers<boolean>;
}

/** Who waits for the next look, and whether one is under way. */
interface Looks {
  next: Waiting[];
  running: boolean;
}

const looks = new WeakMap<Outside, Looks>();

/**
 * Kills what belongs to a session or carries the application's mark; whether it is sure that nothing was there. One look at the whole
 * table serves all who asked before it began: a look costs the same for one application as for a hundred.
 */
export function killSession(outside: Outside, record: ApplicationRecord): Promise<boolean> {
  const mine = looks.get(outside) ?? { next: [], running: false };
  looks.set(outside, mine);
  const answer = Promise.withResolvers<boolean>();
  mine.next.push({ record, answer });
  if (!mine.running) void lookWhileAsked(outside, mine);
  return answer.promise;
}

async function lookWhileAsked(outside: Outside, mine: Looks): Promise<void> {
  mine.running = true;
  while (mine.next.length > 0) {
    const batch = mine.next;
    mine.next = [];
    try {
      const found = await look(outside, batch);
      for (const each of batch) each.answer.resolve(!found.has(each));
    } catch (cause) {
      for (const { answer } of batch) answer.reject(cause);
    }
  }
  mine.running = false;
}

/** Those of which something was there, or may have been; it is killed. */
async function look(outside: Outside, batch: readonly Waiting[]): Promise<ReadonlySet<Waiting>> {
  const found = new Set<Waiting>();
  const victims = new Map<number, ProcessIdentity>();
  for (const { identity, state, session } of await processTable(outside.files)) {
    if (state === "Z" || identity.pid === outside.processes.self.pid) continue;
    const possible = batch.filter(({ record }) => Number(identity.started) >= Number(record.init.started));
    const owners = possible.filter(({ record }) => record.init.pid === session);
    if (owners.length === 0 && possible.length > 0) {
      const environment = await environmentOf(outside.files, identity.pid);
      if (environment === undefined) for (const each of possible) found.add(each);
      else owners.push(...possible.filter(({ record }) => environment.includes(`CLUBAR_APPLICATION=${record.id}`)));
    }
    for (const owner of owners) found.add(owner);
    if (owners.length > 0) victims.set(identity.pid, identity);
  }
  for (const identity of victims.values()) await outside.processes.signal(identity, "SIGKILL");
  return found;
}
