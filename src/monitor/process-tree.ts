/** A process and what came of it, by the process table. */
import type { Outside, ProcessIdentity } from "../base/outside.ts";
import { until } from "./application-kill.ts";
import { type ProcessEntry, processTable } from "./process-table.ts";

/** Its parent tells it from a later process of the same number. */
interface Root {
  readonly pid: number;
  readonly parent: number;
}

/**
 * Kills a process and all its descendants; resolves when none is left. Whose parents had ended before is nobody's descendant and stays: a
 * service that it started.
 */
export async function killTree(outside: Outside, root: Root): Promise<void> {
  const known = new Map<number, ProcessIdentity>();
  await until(outside, async () => {
    const living = (await processTable(outside.files)).filter(({ state }) => state !== "Z" && state !== "X");
    for (const each of descendants(living, root, known)) known.set(each.pid, each);
    const signalled = await Promise.all([...known.values()].map((each) => outside.processes.signal(each, "SIGKILL")));
    return !signalled.includes(true);
  });
}

/** `known`: those found before, whose children count also when their parents have ended since. */
function descendants(
  table: readonly ProcessEntry[],
  root: Root,
  known: ReadonlyMap<number, ProcessIdentity>,
): readonly ProcessIdentity[] {
  const found = new Set<number>(known.keys());
  const all: ProcessIdentity[] = [];
  for (let grew = true; grew; ) {
    grew = false;
    for (const { identity, parent } of table) {
      const isNew = !known.has(identity.pid) && !all.includes(identity);
      const isRoot = identity.pid === root.pid && parent === root.parent;
      if (!isNew || !(isRoot || found.has(parent))) continue;
      found.add(identity.pid);
      all.push(identity);
      grew = true;
    }
  }
  return all;
}
