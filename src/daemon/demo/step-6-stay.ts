/** Stays up for a person to look around, then takes everything down in order. */
import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { NodeProcess } from "./node-process.ts";
import type { OwnProcess } from "./own-processes.ts";
import type { Story } from "./story.ts";

/** How long a service may take to stop in order before it is killed, in milliseconds. */
const patience = 20_000;

/** Resolves when a person ends it. */
export async function stayUp(story: Story): Promise<void> {
  story.heading("6. The cluster stays up");
  const [first] = story.nodes;
  if (first === undefined || story.signal.aborted) return;
  const page = pageAddress(first);
  if (page !== undefined) story.line(`Web page:    ${page}`);
  story.line(`Commands:    CLUBAR_DATA=${first.data} npm run --silent clubar -- status`);
  story.line("Ctrl-C ends it and leaves nothing.");
  const timer = setInterval(() => story.own.scan(), 1000);
  await once(story.signal, "abort");
  clearInterval(timer);
}

/** Where the node's service shows its web page, with the token; undefined when it has not said so. */
export function pageAddress(node: NodeProcess): string | undefined {
  // Every start of the service takes a free port: the newest line counts.
  return readFileSync(`${node.data}.out`, "utf8")
    .match(/http:\/\/127\.0\.0\.1:\d+\/#token=\S+/g)
    ?.at(-1);
}

/** Stops all services in order, then what their quorum is made of, kills what is left after that; resolves with what had to be killed. */
export async function takeDown(
  story: Story,
  quorum?: { readonly end: () => Promise<void> },
): Promise<readonly OwnProcess[]> {
  story.own.scan();
  const stopping = new AbortController();
  const late = sleep(patience, undefined, { signal: stopping.signal }).catch(() => undefined);
  for (const node of story.nodes) {
    if (node.isRunning()) await Promise.race([node.stop(), late]);
  }
  stopping.abort();
  // Nodes stop in order only while it answers.
  await quorum?.end();
  for (let tries = 0; tries < 100 && story.own.scan().length > 0; tries++) await sleep(20);
  return story.own.end();
}

/** The folder goes when nothing is left that could use it. */
export function removeFolder(story: Story): void {
  rmSync(story.folder, { recursive: true, force: true });
}
