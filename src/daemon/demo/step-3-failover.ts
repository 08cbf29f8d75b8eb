/** A setting changes, the owner's service is killed, and the service is back elsewhere with that setting and its key. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { NodeProcess } from "./node-process.ts";
import { isAlive } from "./own-processes.ts";
import { StepFailed, type Story } from "./story.ts";
import type { Web } from "./web.ts";
import type { Page } from "./web-service.ts";

/** What the page says after the change. */
export const secondGreeting = "Hello, configuration number two.";

/** Step 3: the service is on another node; the killed node has rejoined. */
export async function failOver(story: Story, web: Web): Promise<void> {
  story.heading("3. A setting changes; then the owner's service is killed");
  const owner = await story.ownerOf("Web");
  const changed = performance.now();
  await web.setGreeting(owner, secondGreeting);
  const before = await web.says(secondGreeting);
  story.line(`Served ${Math.round(performance.now() - changed)} ms after the command was typed: ${before.text}`);

  const records = applicationsOf(owner);
  const host = story.own.host(owner.data);
  const watch = new Watch(web);
  await watch.seen();
  story.line(`kill -9 ${owner.service?.pid} (the service of ${owner.name})`);
  owner.signal("SIGKILL");
  const back = await watch.backAfter(story);
  const next = await story.ownerOf("Web");
  story.line(
    `The web service was away for ${Math.round(back.awayMs)} ms. It is back on ${next.name} and says: ${back.page.text}`,
  );
  if (next === owner) throw new StepFailed(`It is back on ${owner.name}, whose service was killed.`);
  if (back.page.text !== secondGreeting)
    throw new StepFailed(`The newest setting did not come along: ${back.page.text}`);
  const key = await web.publicKey(next);
  if (back.page.key !== before.key || key !== before.key) throw new StepFailed("It has another key than before.");
  story.line(`It proved to have the same key: ${back.page.key}.`);
  await story.until("everything of the killed node's life is gone", async () => {
    const left = [...records.flatMap(({ init, wrapper }) => [init, wrapper]), ...(host === undefined ? [] : [host])];
    return left.every((one) => !isAlive(one)) && applicationsOf(owner).length === 0;
  });
  for (const { resource, init } of records) {
    story.line(
      `The old ${resource} (pid ${init.pid}, started at tick ${init.started}) is gone, and so is ${owner.name}'s record of it.`,
    );
  }
  await story.everyNodeUp();
  story.line(`${owner.name} was started again and has rejoined.`);
}

/** Asks for the page again and again, and knows for how long nobody answered. */
class Watch {
  readonly #web: Web;
  #lastGood = 0;

  constructor(web: Web) {
    this.#web = web;
  }

  async seen(): Promise<void> {
    await this.#web.fetch();
    this.#lastGood = performance.now();
  }

  /** Resolves with the first answer after a time without one. */
  async backAfter(story: Story): Promise<{ readonly page: Page; readonly awayMs: number }> {
    let wasAway = false;
    return story.until(
      "the web service is back",
      async () => {
        const page = await this.#web.fetch().catch(() => undefined);
        const now = performance.now();
        if (page !== undefined && wasAway) return { page, awayMs: now - this.#lastGood };
        if (page === undefined) wasAway = true;
        else this.#lastGood = now;
        await sleep(1);
        return undefined;
      },
      2,
    );
  }
}

interface ApplicationRecord {
  readonly resource: string;
  readonly init: { readonly pid: number; readonly started: string };
  readonly wrapper: { readonly pid: number; readonly started: string };
}

/** What a node has written down about the applications that it runs. */
function applicationsOf(node: NodeProcess): readonly ApplicationRecord[] {
  const folder = join(node.data, "applications");
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as ApplicationRecord);
}
