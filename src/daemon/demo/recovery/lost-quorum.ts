/** The quorum folder is emptied under three running nodes: nothing forms by itself; a set, or the newest copy, forms it anew. */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { NodeProcess } from "../node-process.ts";
import { StepFailed, type Story } from "../story.ts";
import { askDoctor } from "./doctor.ts";
import { moveAway } from "./lost-checkpoints.ts";
import type { Served } from "./served.ts";

/** From a backup set. */
export async function restoreFromSet(story: Story, served: Served): Promise<string> {
  await served.change("Set before the backup.");
  const owner = await story.ownerOf("Web");
  const set = join(story.folder, "set");
  await story.clubar(owner, ["backup", "DEMO", set], 1);
  const node = await emptyQuorum(story);
  await formsNothing(story, story.nodes.at(-1));
  await story.clubar(node, ["restore", set, "force", "--yes"], 12);
  await story.everyNodeUp();
  await served.answer();
  const now = await story.ownerOf("Web");
  const next = await moveAway(story, now);
  return `Quorum folder emptied, nothing formed alone, re-formed from the set, group moved from ${now.name} to ${next.name}:`;
}

/** From the newest copy that a node has, which no set is needed for; the checkpoint files are re-created. */
export async function forceFromCopy(story: Story, served: Served): Promise<string> {
  await served.change("Set after the backup, so only the nodes have it.");
  const node = await emptyQuorum(story);
  await story.clubar(node, ["cluster", "force-quorum", "--yes"], 12);
  await story.everyNodeUp();
  const owner = await story.ownerOf("Web");
  await story.clubar(owner, ["recover", "checkpoints", "--all", "--yes"], 8);
  const next = await moveAway(story, owner);
  return `Quorum folder emptied, forced from the newest copy, files re-created, group moved from ${owner.name} to ${next.name}:`;
}

/** A node that is stopped and started again forms nothing either: its service ends with 8, "not found". */
async function formsNothing(story: Story, node: NodeProcess | undefined): Promise<void> {
  if (node === undefined) return;
  await node.stop();
  node.start();
  const code = await node.exit;
  if (code !== 8 || readdirSync(join(story.folder, "quorum")).length > 0)
    throw new StepFailed(`${node.name} was started on the empty folder and ended with ${code}.`);
  story.line(`${node.name} was stopped and started: its service ended with 8 and formed nothing.`);
}

/** Resolves with the node to type on, once all nodes are alone, nothing was written, and the doctor has named the newest copy. */
async function emptyQuorum(story: Story): Promise<NodeProcess> {
  const quorum = join(story.folder, "quorum");
  for (const name of readdirSync(quorum)) rmSync(join(quorum, name), { recursive: true });
  story.line("rm of everything in the quorum folder");
  await story.until("every node is alone", async () => {
    const states = await Promise.all(story.nodes.map((node) => node.status()));
    return states.every((status) => status?.self.state === "alone");
  });
  const [node] = story.nodes;
  if (node === undefined) throw new StepFailed("There is no node.");
  const { newest } = await askDoctor(story, node, /force-quorum/);
  if (newest === null) throw new StepFailed("The doctor knows no copy of the database.");
  if (readdirSync(quorum).length > 0) throw new StepFailed("Something was formed on the empty folder.");
  story.line(
    `Every node is alone and nobody wrote anything there. The newest copy: ${newest.where}, at ${newest.tag}.`,
  );
  return node;
}
