/** A group with a real web service, its settings and its key under checkpoints. */
import { rmSync } from "node:fs";
import type { NodeProcess } from "./node-process.ts";
import type { Story } from "./story.ts";
import type { Web } from "./web.ts";
import { container, settingsKey } from "./web-service.ts";

/** What the page says at first. */
export const firstGreeting = "Hello, configuration number one.";

/** Step 2: group Web on the first node, serving its first greeting. */
export async function bringServiceOnline(story: Story, web: Web): Promise<void> {
  const { service } = web;
  story.heading(`2. A group with a web service: ${service.what}`);
  const [node] = story.nodes;
  if (node === undefined) return;
  await story.clubar(node, ["group", "create", "Web"]);
  await story.clubar(node, ["group", "owners", "Web", ...story.nodes.map(({ name }) => name)]);
  await ownedBy(story, node);
  await settingsAndKey(story, web, node);
  await resources(story, web, node);
  await story.clubar(node, ["checkpoint", "add", "Web files", "--registry", settingsKey]);
  await story.clubar(node, ["checkpoint", "add", "Web files", "--crypto", container]);
  await story.clubar(node, ["group", "online", "Web"]);
  const owner = await story.ownerOf("Web");
  const key = await web.publicKey(owner);
  const page = await web.says(firstGreeting);
  story.line(`${service.url} on ${owner.name} says: ${page.text}`);
  story.line(`Its key has the fingerprint ${page.key}${page.key === key ? ", as the container's" : ""}.`);
}

async function ownedBy(story: Story, node: NodeProcess): Promise<void> {
  const owner = await story.until("group Web has an owner", async () => {
    return (await story.status())?.groups.find(({ name }) => name === "Web")?.owner ?? undefined;
  });
  if (owner === node.name) return;
  await story.clubar(node, ["group", "move", "Web", node.name]);
  await story.until(`${node.name} owns group Web`, async () => {
    return (await story.status())?.groups.find(({ name }) => name === "Web")?.owner === node.name;
  });
}

async function settingsAndKey(story: Story, web: Web, node: NodeProcess): Promise<void> {
  const { service } = web;
  await web.setGreeting(node, firstGreeting);
  const port = ["--value", "Port", "--type", "REG_DWORD", "--data", String(service.port)];
  await story.clubar(node, ["reg", "add", `HKLM\\${settingsKey}`, ...port]);
  for (const [name, text] of Object.entries(service.settings)) {
    story.line(`(and ${name}, the same way)`);
    await story.quietly(node, ["reg", "add", `HKLM\\${settingsKey}`, "--value", name, "--data", text]);
  }
  if (service.keyFile === undefined) {
    await story.clubar(node, ["key", "create", container, "--algorithm", "ec-p256"]);
  } else {
    await story.clubar(node, ["key", "import", container, service.keyFile]);
    rmSync(service.keyFile);
  }
}

async function resources(story: Story, web: Web, node: NodeProcess): Promise<void> {
  const { service } = web;
  const files = [
    `TemplateFiles=${service.templates.join(";")}`,
    `OutputFiles=${service.outputs.join(";")}`,
    ...(service.reload === undefined ? [] : [`ReloadCommand=${service.reload}`, "ReloadResource=Web"]),
  ];
  await story.clubar(node, ["resource", "create", "Web files", "--group", "Web", "--type", "Render", ...files]);
  const line = `CommandLine=${service.commandLine}`;
  await story.clubar(node, ["resource", "create", "Web", "--group", "Web", "--type", "Generic Application", line]);
  await story.clubar(node, ["resource", "depend", "Web", "on", "Web files"]);
}
