/** Nobody has the checkpoint files any more; the live settings have, and become the checkpoints. */
import { readdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import type { NodeProcess } from "../node-process.ts";
import { pageAddress } from "../step-6-stay.ts";
import { StepFailed, type Story } from "../story.ts";
import { askDoctor } from "./doctor.ts";
import type { Served } from "./served.ts";

/** Recovers all checkpoints with the page at this address; resolves with how it was done. */
export type RecoverByPage = (address: string) => Promise<string>;

/** By `clubar recover`; then the owner is killed. */
export async function recoverByCommand(story: Story, served: Served): Promise<string> {
  await served.change("Set before the first loss.");
  const count = deleteCheckpointFiles(story);
  const owner = await story.ownerOf("Web");
  await askDoctor(story, owner, /recover checkpoints/);
  await story.clubar(owner, ["recover", "checkpoints", "--all", "--yes"], 8);
  expectFiles(story, count);
  const next = await killOwner(story, owner);
  return `${count} checkpoint files deleted, re-created by command, ${owner.name} killed, failover to ${next.name}:`;
}

/** With the wizard; then the group moves. */
export async function recoverOnThePage(story: Story, served: Served, recoverByPage: RecoverByPage): Promise<string> {
  await served.change("Set before the second loss.");
  const count = deleteCheckpointFiles(story);
  const [first] = story.nodes;
  const address = first && pageAddress(first);
  if (address === undefined) throw new StepFailed("No node shows the web page.");
  const how = await recoverByPage(address);
  expectFiles(story, count);
  const owner = await story.ownerOf("Web");
  const next = await moveAway(story, owner);
  return `${count} checkpoint files deleted, re-created through ${how}, group moved from ${owner.name} to ${next.name}:`;
}

/** To another node of the story. */
export async function moveAway(story: Story, owner: NodeProcess, to?: NodeProcess): Promise<NodeProcess> {
  const next = to ?? story.nodes.find((node) => node !== owner);
  if (next === undefined) throw new StepFailed("There is no other node.");
  await story.clubar(owner, ["group", "move", "Web", next.name, "--wait"]);
  return next;
}

/** The files of the newest version of each checkpoint and of the older ones; how many checkpoints lost theirs. */
function deleteCheckpointFiles(story: Story): number {
  const files = checkpointFiles(story);
  const paths = new Set(files.map((path) => path.slice(0, path.lastIndexOf("/"))));
  for (const path of files) unlinkSync(path);
  story.line(`rm of all ${files.length} checkpoint files in ${paths.size} folder of the quorum`);
  return files.length;
}

function checkpointFiles(story: Story): readonly string[] {
  return readdirSync(join(story.folder, "quorum"), {
    recursive: true,
    withFileTypes: true,
  })
    .filter((entry) => entry.isFile() && /\.CP[TRD]$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

function expectFiles(story: Story, deleted: number): void {
  const { length } = checkpointFiles(story);
  if (length === 0 || length > deleted) throw new StepFailed(`There are ${length} checkpoint files now.`);
}

async function killOwner(story: Story, owner: NodeProcess): Promise<NodeProcess> {
  story.line(`kill -9 ${owner.service?.pid} (the service of ${owner.name})`);
  owner.signal("SIGKILL");
  await owner.exit;
  const next = await story.until("another node owns group Web", async () => {
    const found = (await story.status())?.groups.find(({ name }) => name === "Web");
    return found?.state === "online" && found.owner !== owner.name && found.owner;
  });
  await story.everyNodeUp();
  return story.node(next);
}
