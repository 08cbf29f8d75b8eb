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

/** Those that are not known yet. A number that was given again stands for nobody known. */
function descendants(
  table: readonly ProcessEntry[],
  root: Root,
  known: ReadonlyMap<number, ProcessIdentity>,
): readonly ProcessIdentity[] {
  const isKnown = ({ pid, started }: ProcessIdentity): boolean => known.get(pid)?.started === started;
  const parents = new Set(table.flatMap(({ identity }) => (isKnown(identity) ? identity.pid : [])));
  const found: ProcessIdentity[] = [];
  for (let grew = true; grew; ) {
    grew = false;
    for (const { identity, parent } of table) {
      const isRoot = identity.pid === root.pid && parent === root.parent;
      if (parents.has(identity.pid) || !(isRoot || parents.has(parent))) continue;
      parents.add(identity.pid);
      found.push(identity);
      grew = true;
    }
  }
  return found;
}
