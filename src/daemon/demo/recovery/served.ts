/** What the web service must answer after each trouble: the newest setting, the newest file, the same key, from exactly one instance. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CheckpointView } from "../../../api/routes/checkpoints.ts";
import { callApi } from "../api-call.ts";
import type { NodeProcess } from "../node-process.ts";
import { isAlive, withoutForks } from "../own-processes.ts";
import { StepFailed, type Story } from "../story.ts";
import type { Web } from "../web.ts";
import { nodeKey } from "../web-service.ts";

/** Between two looks, in milliseconds. */
const lookMs = 200;

const folderCheckpoint = "%NodeData%/apps/web";

/** Knows what is right, changes it, and asks for it. */
export class Served {
  readonly #story: Story;
  readonly #web: Web;
  readonly #overlaps = new Set<string>();
  #greeting = "";
  #key = "";
  #looking: NodeJS.Timeout | undefined;

  constructor(story: Story, web: Web) {
    this.#story = story;
    this.#web = web;
  }

  /** What the service says now. */
  get greeting(): string {
    return this.#greeting;
  }

  /** Installs the application on a node: the folder in which its files lie. The service tells it where by a setting of the node. */
  install(node: NodeProcess): void {
    if (!this.#web.service.servesFiles) return;
    mkdirSync(filesOf(node), { recursive: true });
    this.#story.line(`mkdir -p ${node.name}/apps/web, as an installation does`);
  }

  /** Tells a node's own registry where its files are; no checkpoint carries that. */
  async configure(node: NodeProcess): Promise<void> {
    if (!this.#web.service.servesFiles) return;
    this.install(node);
    const value = ["--value", "Files", "--data", filesOf(node)];
    await this.#story.quietly(node, ["reg", "add", `HKLM\\${nodeKey}`, ...value]);
  }

  /** Puts the folder under a checkpoint, notes the key, and looks from now on whether two instances ever run. The group is online. */
  async begin(): Promise<void> {
    this.#looking = setInterval(() => this.#instances(), lookMs).unref();
    const owner = await this.#story.ownerOf("Web");
    this.#key = await this.#web.publicKey(owner);
    if (!this.#web.service.servesFiles) {
      this.#story.line("It serves no files, so no folder is under a checkpoint.");
      return;
    }
    writeFileSync(join(filesOf(owner), "news.txt"), "");
    await this.#story.clubar(owner, ["checkpoint", "add", "Web files", "--directory", folderCheckpoint]);
  }

  /** A new setting and a new file; resolves when both are served and in a checkpoint version. */
  async change(greeting: string): Promise<void> {
    const owner = await this.#story.ownerOf("Web");
    if (this.#web.service.servesFiles) {
      const before = await folderVersion(owner);
      writeFileSync(join(filesOf(owner), "news.txt"), greeting);
      await this.#story.until("the file is in a version", async () => (await folderVersion(owner)) > before);
    }
    await this.#web.setGreeting(owner, greeting);
    this.#greeting = greeting;
    await this.answer();
  }

  /** From now on that is right. */
  expect(greeting: string): void {
    this.#greeting = greeting;
  }

  /** Looks no more. */
  end(): void {
    clearInterval(this.#looking);
  }

  /** Resolves with a sentence once the right answer came; fails when it is another key's or more than one instance runs. */
  async answer(): Promise<string> {
    const { service } = this.#web;
    const owner = await this.#story.ownerOf("Web");
    if ((await this.#web.publicKey(owner)) !== this.#key)
      throw new StepFailed(`${owner.name} has another key in its container.`);
    const page = await this.#web.says(this.#greeting);
    if (page.key !== this.#key) throw new StepFailed(`The answer came with another key: ${page.key}.`);
    if (service.servesFiles) await this.#web.says(this.#greeting, "/files/news.txt");
    const count = this.#instances();
    if (count !== 1) throw new StepFailed(`${count} instances run.`);
    if (this.#overlaps.size > 0) throw new StepFailed(`Two instances ran at once: ${[...this.#overlaps].join("; ")}.`);
    return `${owner.name} answers "${page.text}" with key ${page.key}, one instance.`;
  }

  /** How many run now. */
  #instances(): number {
    const servers = withoutForks(this.#story.own.scan().filter(({ command }) => this.#web.service.isServer(command)));
    // A look takes a while: one that had ended when the next was seen is no overlap.
    const alive = servers.filter((server) => isAlive(server));
    if (alive.length > 1) this.#overlaps.add(alive.map(({ pid }) => pid).join(" and "));
    return alive.length;
  }
}

function filesOf(node: NodeProcess): string {
  return join(node.data, "apps", "web");
}

async function folderVersion(owner: NodeProcess): Promise<number> {
  const { body } = await callApi(owner.data, "GET", "/api/v1/checkpoints");
  return (body as readonly CheckpointView[]).find(({ kind }) => kind === "directory")?.number ?? 0;
}
