/** The web service as the cluster runs it, for the steps that look at it. */
import { createPublicKey } from "node:crypto";
import type { NodeProcess } from "./node-process.ts";
import type { Story } from "./story.ts";
import { container, fingerprint, type Page, settingsKey, type WebService } from "./web-service.ts";

/** Well above what an answer takes on a busy machine, and well below what people wait for. */
const patience = 1000;

/** Asks the service for its page and checks the key behind it. */
export class Web {
  readonly service: WebService;
  readonly #story: Story;
  #publicPem = "";

  constructor(story: Story, service: WebService) {
    this.#story = story;
    this.service = service;
  }

  /** The page, from whoever serves it. */
  fetch(): Promise<Page> {
    return this.service.fetch(this.#publicPem, patience);
  }

  /** Resolves with the page, or that at another path, once it says `text`. */
  says(text: string, path = "/"): Promise<Page> {
    return this.#story.until(
      `${this.service.url} says "${text}" at ${path}`,
      async () => {
        const page = await this.service.fetch(this.#publicPem, patience, path).catch(() => undefined);
        return page?.text === text ? page : undefined;
      },
      5,
    );
  }

  /** The public key in a node's container; from now on answers are checked against it. */
  async publicKey(node: NodeProcess): Promise<string> {
    this.#publicPem = await this.#story.quietly(node, ["key", "public", container]);
    return fingerprint(createPublicKey(this.#publicPem));
  }

  async setGreeting(node: NodeProcess, text: string): Promise<void> {
    await this.#story.clubar(node, ["reg", "add", `HKLM\\${settingsKey}`, "--value", "Greeting", "--data", text]);
  }
}
