/** What all steps of the demonstration share: the nodes, the command as a person types it, and what is printed. */
import { spawn } from "node:child_process";
import { readdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { StatusView } from "../../api/status-view.ts";
import { clubar, NodeProcess } from "./node-process.ts";
import { OwnProcesses } from "./own-processes.ts";

/** A step did not go as it must; the message says what. */
export class StepFailed extends Error {}

/** Where the story's cluster keeps its truth; a folder unless the story is given another. */
export interface StoryQuorum {
  /** For `--quorum`. */
  readonly place: string;
  /** As a heading says it. */
  readonly title: string;
  /** Takes all checkpoint files away, as an accident does; says what it did. */
  loseCheckpoints(): Promise<string>;
}

/** What a story is told with. */
export interface StoryOptions {
  /** A new folder, 0700; everything of the demonstration is below it. */
  readonly folder: string;
  readonly names: readonly string[];
  readonly write: (line: string) => void;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Stretches all times of the cluster, for machines that are busy with other things. 1 unless given. */
  readonly timingFactor?: number;
  readonly quorum?: StoryQuorum;
}

/** Runs commands, waits for conditions, and prints both. */
export class Story {
  readonly folder: string;
  readonly nodes: readonly NodeProcess[];
  readonly own: OwnProcesses;
  readonly signal: AbortSignal;
  readonly timingFactor: number;
  readonly quorum: StoryQuorum;
  readonly #limitMs: number;
  readonly #write: (line: string) => void;

  constructor({ folder, names, write, signal, timingFactor = 1, quorum }: StoryOptions) {
    this.folder = folder;
    this.own = new OwnProcesses(folder);
    this.signal = signal;
    this.timingFactor = timingFactor;
    this.quorum = quorum ?? folderQuorum(join(folder, "quorum"));
    this.#limitMs = timingFactor === 1 ? 60_000 : 120_000;
    this.#write = write;
    this.nodes = names.map(
      (name, index) => new NodeProcess(name, join(folder, name), index === 0 ? ["--page", "0"] : []),
    );
  }

  heading(text: string): void {
    this.#write(`\n── ${text}`);
  }

  line(text: string): void {
    this.#write(`   ${text}`);
  }

  node(name: string | null | undefined): NodeProcess {
    const found = this.nodes.find((node) => node.name === name);
    if (found === undefined) throw new StepFailed(`No node is called ${name ?? "nothing"}.`);
    return found;
  }

  /** Prints a command as it is typed on a node. */
  command(node: NodeProcess, words: readonly string[]): void {
    this.#write(
      `${node.name}$ clubar ${words.map((word) => quoted(word.replaceAll(`${this.folder}/`, ""))).join(" ")}`,
    );
  }

  /** Runs `clubar` on a node and prints the command and the beginning of its answer, at most `lines` of it. Its whole standard output. */
  async clubar(node: NodeProcess, words: readonly string[], lines = 0): Promise<string> {
    this.command(node, words);
    const { code, stdout, stderr } = await this.#run(node, words);
    if (code !== 0)
      throw new StepFailed(`clubar ${words.join(" ")} on ${node.name} ended with ${code}:\n${stderr}${stdout}`);
    const shown = stdout.trim().replaceAll(`${this.folder}/`, "").split("\n");
    for (const line of shown.slice(0, lines)) this.line(line);
    if (lines > 0 && shown.length > lines) this.line(`… (${shown.length - lines} more lines)`);
    return stdout;
  }

  /** Runs `clubar` without a word about it; exit codes in `allowed` are no failure. */
  async quietly(node: NodeProcess, words: readonly string[], allowed: readonly number[] = []): Promise<string> {
    const { code, stdout, stderr } = await this.#run(node, words);
    if (code !== 0 && !(typeof code === "number" && allowed.includes(code)))
      throw new StepFailed(`clubar ${words.join(" ")} on ${node.name} ended with ${code}:\n${stderr}${stdout}`);
    return stdout;
  }

  /** Resolves with the first answer that is neither undefined nor false. */
  async until<T>(what: string, probe: () => Promise<T | undefined | false>, pause = 20): Promise<T> {
    const begun = performance.now();
    for (;;) {
      const answer = await probe();
      this.signal.throwIfAborted();
      if (answer !== undefined && answer !== false) return answer;
      if (performance.now() - begun > this.#limitMs) {
        throw new StepFailed(
          `It did not happen within ${this.#limitMs / 1000} s that ${what}.\n${await this.#situation()}`,
        );
      }
      await sleep(pause);
    }
  }

  /** What the first node that is a member says. */
  async status(): Promise<StatusView | undefined> {
    for (const node of this.nodes) {
      const status = await node.status();
      if (status?.self.state === "leader" || status?.self.state === "member") return status;
    }
    return undefined;
  }

  /** Starts what does not run, as a supervisor does; resolves when every node is up and knows it of the others. */
  async everyNodeUp(): Promise<void> {
    await this.until("all nodes are up", async () => {
      for (const node of this.nodes) node.start();
      const states = await Promise.all(this.nodes.map((node) => node.status()));
      return states.every(
        (state) => state?.nodes.length === this.nodes.length && state.nodes.every(({ state: one }) => one === "up"),
      );
    });
  }

  /** The node on which the group is online. */
  async ownerOf(group: string): Promise<NodeProcess> {
    const name = await this.until(`group ${group} is online`, async () => {
      const found = (await this.status())?.groups.find((one) => one.name === group);
      return found?.state === "online" ? (found.owner ?? undefined) : undefined;
    });
    return this.node(name);
  }

  /** What runs where, for a failure. */
  async #situation(): Promise<string> {
    const status = await this.status();
    if (status === undefined) return "No node is a member of the cluster.";
    const nodes = status.nodes.map(({ name, state }) => `${name} is ${state}`);
    const groups = status.groups.map(({ name, state, owner }) => `group ${name} is ${state} on ${owner ?? "no node"}`);
    const resources = status.resources.map(
      ({ name, state, node, reason }) => `${name} is ${state} on ${node ?? "no node"} ${reason}`,
    );
    return [...nodes, ...groups, ...resources, ...status.self.waits].map((line) => `  ${line}`).join("\n");
  }

  #run(
    node: NodeProcess,
    words: readonly string[],
  ): Promise<{ code: number | string; stdout: string; stderr: string }> {
    const [program = "", ...first] = clubar;
    const child = spawn(program, [...first, "--data", node.data, ...words], {
      stdio: ["ignore", "pipe", "pipe"],
      signal: this.signal,
      cwd: this.folder,
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code, signal) => resolve({ code: code ?? signal ?? 1, stdout, stderr }));
    });
  }
}

function folderQuorum(place: string): StoryQuorum {
  return {
    place,
    title: "one quorum folder",
    loseCheckpoints: async () => {
      const lost = readdirSync(place, { recursive: true, withFileTypes: true }).filter(
        (entry) => entry.isFile() && /\.CP[TR]$/.test(entry.name),
      );
      for (const { parentPath, name } of lost) unlinkSync(join(parentPath, name));
      return `rm of ${lost.length} checkpoint files in the quorum folder`;
    },
  };
}

/** As a shell wants it. */
function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
