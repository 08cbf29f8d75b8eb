/**
 * A cluster of real processes for one test file: starts nodes, speaks to them as a person would, and ends only what it started, by pid.
 * All times are stretched by five, so that a busy machine is not taken for a dead one.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StatusView } from "../../src/api/status-view.ts";
import { clubar, NodeProcess } from "../../src/daemon/demo/node-process.ts";
import { type OwnProcess, OwnProcesses } from "../../src/daemon/demo/own-processes.ts";
import { melt } from "./ice.ts";
import { waitFor } from "./wait-for.ts";

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class TestCluster {
  readonly folder: string;
  readonly own: OwnProcesses;
  readonly nodes: NodeProcess[] = [];
  /** Options of a node's service, by name; they count when the node is added. */
  readonly serviceOptions: Map<string, readonly string[]> = new Map();
  /** On etcd; a folder of its own unless given. */
  place: string | undefined;
  readonly #factor: number;

  constructor(name: string, timingFactor = 5) {
    this.folder = mkdtempSync(join(tmpdir(), `clubar-e2e-${name}-`));
    this.own = new OwnProcesses(this.folder);
    this.#factor = timingFactor;
  }

  get quorum(): string {
    return this.place ?? join(this.folder, "quorum");
  }

  /** Forms cluster DEMO of these nodes; resolves when all are up. */
  async form(names: readonly string[]): Promise<void> {
    for (const [index, name] of names.entries()) {
      const words = index === 0 ? ["create", "DEMO"] : ["join"];
      const node = await this.addNode(name, words);
      if (index === 0) await this.leads(node);
    }
    await this.whole();
  }

  /** Makes a folder a node and starts its service. */
  async addNode(name: string, words: readonly string[] = ["join"]): Promise<NodeProcess> {
    const node = new NodeProcess(name, join(this.folder, name), this.serviceOptions.get(name) ?? []);
    const place = ["--node", name, "--quorum", this.quorum];
    await this.run(node, "cluster", ...words, ...place, "--timing-factor", String(this.#factor));
    this.nodes.push(node);
    node.start();
    return node;
  }

  node(name: string): NodeProcess {
    const found = this.nodes.find((node) => node.name === name);
    assert.ok(found, `there is no node ${name}`);
    return found;
  }

  others(...without: readonly NodeProcess[]): readonly NodeProcess[] {
    return this.nodes.filter((node) => !without.includes(node));
  }

  /** Runs `clubar` on a node's data folder, without a terminal. */
  command(node: NodeProcess, args: readonly string[]): Promise<CommandResult> {
    const [program = "", ...first] = [...node.within, ...clubar];
    const child = spawn(program, [...first, "--data", node.data, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      cwd: this.folder,
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code, signal) => resolve({ code: code ?? -1, stdout, stderr: `${stderr}${signal ?? ""}` }));
    });
  }

  /** Runs `clubar`, which must succeed; its standard output. */
  async run(node: NodeProcess, ...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.command(node, args);
    assert.equal(code, 0, `clubar ${args.join(" ")} on ${node.name} ended with ${code}\n${stdout}${stderr}`);
    return stdout;
  }

  /** The newest state that any node tells; undefined when none answers as a member. */
  async status(from: readonly NodeProcess[] = this.nodes): Promise<StatusView | undefined> {
    const answers = await Promise.all(from.map((node) => node.status()));
    const members = answers.filter((answer) => answer?.self.state === "leader" || answer?.self.state === "member");
    return members.sort((a, b) => compareTags(b?.tag ?? "", a?.tag ?? ""))[0];
  }

  async leads(node: NodeProcess): Promise<void> {
    const leads = async (): Promise<boolean> => {
      assert.ok(node.isRunning(), `the service of ${node.name} has ended`);
      return (await node.status())?.self.state === "leader";
    };
    await waitFor(`${node.name} leads`, leads, 60_000);
  }

  /** Resolves when this node leads or follows; others may know the new leader before it does. */
  async follows(node: NodeProcess): Promise<void> {
    const follows = async (): Promise<boolean> =>
      ["leader", "member"].includes((await node.status())?.self.state ?? "");
    await waitFor(`${node.name} follows`, follows, 60_000, () => this.describe());
  }

  /** Starts what does not run; resolves when every node is up and knows it. */
  async whole(): Promise<void> {
    const up = async (): Promise<boolean> => {
      for (const node of this.nodes) {
        node.signal("SIGCONT");
        node.start();
      }
      const states = await Promise.all(this.nodes.map((node) => node.status()));
      return states.every(
        (state) =>
          ["leader", "member"].includes(state?.self.state ?? "") && state?.nodes.every((node) => node.state === "up"),
      );
    };
    await waitFor("all nodes are up", up, 90_000, () => this.describe());
  }

  async leader(): Promise<NodeProcess> {
    const name = await waitFor("somebody leads", async () => (await this.status())?.leader?.node, 60_000);
    return this.node(name);
  }

  /** The owner of a group that is online. */
  owner(group: string): Promise<NodeProcess> {
    return this.ownerOf(group, ["online"]);
  }

  /** The owner of a group that is in one of these states, or in any. */
  async ownerOf(group: string, states?: readonly string[]): Promise<NodeProcess> {
    const owner = async (): Promise<string | undefined> => {
      const found = (await this.status())?.groups.find((one) => one.name === group);
      return found === undefined || states?.includes(found.state) === false ? undefined : (found.owner ?? undefined);
    };
    const name = await waitFor(`${group} is ${states?.join(" or ") ?? "owned"}`, owner, 90_000, () => this.describe());
    return this.node(name);
  }

  host(node: NodeProcess): OwnProcess {
    const found = this.own.host(node.data);
    assert.ok(found, `${node.name} has no host`);
    return found;
  }

  /** What every node says, for a failure's text. */
  async describe(): Promise<string> {
    const lines: string[] = [];
    for (const node of this.nodes) {
      const status = await node.status();
      const { self, leader, tag, nodes, groups, resources } = status ?? {};
      lines.push(
        `${node.name} ${node.isRunning() ? "runs" : "does not run"} ${JSON.stringify({ self, leader, tag, nodes, groups, resources })}`,
      );
    }
    return lines.join("\n");
  }

  /** The end of all logs, for a failure. */
  logs(lines = 40): string {
    const texts: string[] = [];
    for (const node of this.nodes) {
      for (const path of [
        `${node.data}.out`,
        ...["service", "host", "resources"].map((name) => join(node.data, "log", `${name}.log`)),
      ]) {
        if (!existsSync(path)) continue;
        texts.push(`── ${path}`, ...readFileSync(path, "utf8").trimEnd().split("\n").slice(-lines));
      }
    }
    return texts.join("\n");
  }

  /** Does the work; when it fails, what the services wrote is printed before the failure goes on. */
  async shown(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      process.stdout.write(`${this.logs()}\n`);
      throw error;
    }
  }

  /** Kills what is left and removes the folder. */
  async end(): Promise<void> {
    melt();
    await this.own.end();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function compareTags(a: string, b: string): number {
  const left = a.split(":").map(Number);
  const right = b.split(":").map(Number);
  return left.map((number, index) => number - (right[index] ?? 0)).find((difference) => difference !== 0) ?? 0;
}
