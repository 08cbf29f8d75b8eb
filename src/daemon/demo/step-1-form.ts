/** Three nodes form a cluster; one of them gets a real registry hive. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Story } from "./story.ts";

/** Hives that came from a machine, the most telling first; the last one is the project's own, written by hivex. */
function realHive(): string {
  const project = new URL("../../../", import.meta.url).pathname;
  const shared = process.env["CLUBAR_SHARED"] ?? join(project, "../shared");
  const candidates = [join(shared, "hives/regipy/ntuser_software_partial"), join(shared, "hives/cfreds/base.hive")];
  return candidates.find((path) => existsSync(path)) ?? join(project, "test/data/software.hive");
}

/** Step 1. */
export async function formCluster(story: Story): Promise<void> {
  story.heading(`1. Three nodes, ${story.quorum.title}, a real registry hive`);
  const [first, ...others] = story.nodes;
  if (first === undefined) return;
  const quorum = story.quorum.place;
  const begun = performance.now();
  const factor = story.timingFactor === 1 ? [] : ["--timing-factor", String(story.timingFactor)];
  await story.clubar(first, ["cluster", "create", "DEMO", "--node", first.name, "--quorum", quorum, ...factor]);
  first.start();
  await story.until(`${first.name} leads`, async () => (await first.status())?.self.state === "leader");
  for (const node of others)
    await story.clubar(node, ["cluster", "join", "--node", node.name, "--quorum", quorum, ...factor]);
  for (const node of others) node.start();
  await story.everyNodeUp();
  story.line(
    `Cluster DEMO of ${story.nodes.length} nodes stands after ${seconds(begun)}. Each node is a process of its own.`,
  );
  await story.clubar(first, ["reg", "unload", "HKLM\\SOFTWARE", "--yes"]);
  await story.clubar(first, ["reg", "load", "HKLM\\SOFTWARE", realHive()]);
  await story.clubar(first, ["reg", "query", "HKLM\\SOFTWARE"], 5);
}

/** Since `begun`, for people. */
export function seconds(begun: number): string {
  return `${((performance.now() - begun) / 1000).toFixed(1)} s`;
}
