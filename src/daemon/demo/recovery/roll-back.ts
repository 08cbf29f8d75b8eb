/** An authoritative restore: the other nodes are stopped, one goes back in time, the others start and follow. */
import { join } from "node:path";
import type { Story } from "../story.ts";
import { moveAway } from "./lost-checkpoints.ts";
import type { Served } from "./served.ts";

/** The leader goes back; resolves with what was done. */
export async function rollBack(story: Story, served: Served): Promise<string> {
  const older = "Set before the cluster's shadow copy.";
  await served.change(older);
  const node = story.node((await story.status())?.leader?.node);
  const set = join(story.folder, "vss-cluster");
  await story.clubar(node, ["vss", "backup", set], 1);
  await served.change("A bad idea that everybody follows.");
  for (const other of story.nodes.filter((one) => one !== node)) await story.clubar(other, ["node", "stop"]);
  for (const other of story.nodes.filter((one) => one !== node)) await other.exit;
  await story.ownerOf("Web");
  await story.clubar(node, ["vss", "restore", set, "--authoritative", "--yes"], 20);
  await story.everyNodeUp();
  const held = (await story.status())?.groups.some((group) => group.held !== null);
  if (held === true) await story.clubar(node, ["group", "release", "--all"]);
  served.expect(older);
  await served.answer();
  const owner = await story.ownerOf("Web");
  const next = await moveAway(story, owner);
  return `Cluster rolled back by an authoritative restore, the others followed, group moved from ${owner.name} to ${next.name}:`;
}
