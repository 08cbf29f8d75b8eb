/** Leaves the machine as it was when a bench's process has ended, however it ended. */
import { existsSync, readdirSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { OwnProcesses } from "../src/daemon/demo/own-processes.ts";
import { removeProvider } from "./stamps.ts";

/** Where groups of processes can be frozen, with the word that thaws them: version 1, then 2. */
const freezers = [
  ["/sys/fs/cgroup/freezer", "freezer.state", "THAWED"],
  ["/sys/fs/cgroup", "cgroup.freeze", "0"],
  ["/sys/fs/cgroup/unified", "cgroup.freeze", "0"],
] as const;

/** `pid`: of the process that ran the benches; `folder`: what everything of it lies below or has in its environment. */
export async function leaveNothing(pid: number, folder: string): Promise<void> {
  const groups = freezers.flatMap(([root, file, word]) =>
    groupsOf(root, pid).map((group) => ({ group, thaw: join(group, file), word })),
  );
  // What is frozen can't be killed.
  for (const { thaw, word } of groups) if (existsSync(thaw)) writeFileSync(thaw, word);
  await new OwnProcesses(folder).end();
  for (const { group } of groups) removeGroup(group);
  removeProvider(pid);
  rmSync(folder, { recursive: true, force: true });
}

function groupsOf(root: string, pid: number): readonly string[] {
  if (!existsSync(root)) return [];
  const isOurs = new RegExp(`^clubar-(test|e2e|probe)-${pid}(-\\d+)?$`);
  return readdirSync(root)
    .filter((name) => isOurs.test(name))
    .map((name) => join(root, name));
}

function removeGroup(folder: string): void {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory()) removeGroup(join(folder, entry.name));
    rmdirSync(folder);
  } catch {
    // Somebody of it is about to end; an empty group does no harm.
  }
}
