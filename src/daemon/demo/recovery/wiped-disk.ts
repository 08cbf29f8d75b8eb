/** A node loses its data folder, gets it back from a shadow copy, rejoins with the newest database, and takes over. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { NodeProcess } from "../node-process.ts";
import { StepFailed, type Story } from "../story.ts";
import { moveAway } from "./lost-checkpoints.ts";
import type { Served } from "./served.ts";

/** The last node that is not the owner; resolves with what was done. */
export async function wipeDisk(story: Story, served: Served): Promise<string> {
  const owner = await story.ownerOf("Web");
  const node = story.nodes.findLast((one) => one !== owner);
  if (node === undefined) throw new StepFailed("There is no other node.");
  const set = join(story.folder, `vss-${node.name}`);
  await story.clubar(owner, ["vss", "backup", set, "--node", node.name], 1);
  await served.change("Set after the node's backup.");
  await die(story, node);
  rmSync(node.data, { recursive: true });
  story.line(`kill -9 of ${node.name}'s service, then rm -r ${node.name}`);
  await story.clubar(node, ["vss", "restore", set, "--yes"], 12);
  await story.everyNodeUp();
  story.line(`${node.name} was started and has rejoined.`);
  served.install(node);
  await moveAway(story, owner, node);
  return `Disk of ${node.name} wiped, restored from its shadow copy, rejoined, took the group over from ${owner.name}:`;
}

/** The service is killed; its host kills, proves and ends. */
async function die(story: Story, node: NodeProcess): Promise<void> {
  node.signal("SIGKILL");
  await node.exit;
  await story.until(`nothing of ${node.name} is left`, async () => {
    const left = story.own.scan().some(({ command }) => command.includes(`${node.data}/`));
    return !left && story.own.host(node.data) === undefined;
  });
}
