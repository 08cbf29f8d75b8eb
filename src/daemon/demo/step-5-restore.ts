/** The configuration is wrecked and comes back from the set, on every node. */
import { seconds } from "./step-1-form.ts";
import { secondGreeting } from "./step-3-failover.ts";
import { StepFailed, type Story } from "./story.ts";
import type { Web } from "./web.ts";
import { container, settingsKey } from "./web-service.ts";

/** A node that never ran the service has neither settings nor key: exit codes "not found" and "key missing". */
const wasNeverThere = [7, 8];

/** Step 5: the service answers as before the wreck, all nodes are up. */
export async function wreckAndRestore(story: Story, web: Web, set: string): Promise<void> {
  story.heading("5. Everything is wrecked, and restored");
  const before = await web.fetch();
  await wreck(story);
  if ((await web.fetch().catch(() => undefined)) !== undefined)
    throw new StepFailed("The wrecked service still answers.");

  const begun = performance.now();
  const status = await story.status();
  const node = story.node(status?.leader?.node);
  await story.clubar(node, ["restore", set, "force", "--yes"], 20);
  await story.everyNodeUp();
  story.line("The service was started again on the other nodes (the demonstration is their supervisor).");
  const owner = await story.ownerOf("Web");
  await web.publicKey(owner);
  const page = await web.says(secondGreeting);
  story.line(`${seconds(begun)} after the command, all nodes have rejoined and ${owner.name} serves: ${page.text}`);
  if (page.key !== before.key) throw new StepFailed("It has another key than before.");
  story.line(`With the same key: ${page.key}.`);
}

async function wreck(story: Story): Promise<void> {
  const node = await story.ownerOf("Web");
  await story.clubar(node, ["group", "offline", "Web"]);
  await story.until("group Web is offline", async () => {
    return (await story.status())?.groups.find(({ name }) => name === "Web")?.state === "offline";
  });
  story.line(await story.quorum.loseCheckpoints());
  await story.clubar(node, ["resource", "delete", "Web", "--yes"]);
  await story.clubar(node, ["resource", "delete", "Web files", "--yes"]);
  await story.clubar(node, ["group", "delete", "Web"]);
  story.line(`On every node: clubar reg delete HKLM\\${settingsKey} and clubar key delete '${container}'`);
  for (const each of story.nodes) {
    await story.quietly(each, ["reg", "delete", `HKLM\\${settingsKey}`, "--yes"], wasNeverThere);
    await story.quietly(each, ["key", "delete", container, "--yes"], wasNeverThere);
  }
}
