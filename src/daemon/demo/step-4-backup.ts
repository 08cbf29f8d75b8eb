/** One consistent backup of all of it, listed and verified. */
import { readdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import type { Story } from "./story.ts";

/** Resolves with the folder of the set. */
export async function backUp(story: Story): Promise<string> {
  story.heading("4. A backup of the running cluster");
  const node = await story.ownerOf("Web");
  const set = join(story.folder, "backup");
  const begun = performance.now();
  await story.clubar(node, ["backup", "DEMO", set], 1);
  story.line(`It took ${Math.round(performance.now() - begun)} ms, the command's start included. The set:`);
  for (const entry of readdirSync(set, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    story.line(`  ${relative(set, path).padEnd(60)} ${String(statSync(path).size).padStart(8)} bytes`);
  }
  await story.clubar(node, ["verify", set], 12);
  return set;
}
