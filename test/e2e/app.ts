/** The test application as a group of a test cluster: a lock, a setting under a registry checkpoint, and its own record of when it ran. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { callApi } from "../../src/daemon/demo/api-call.ts";
import type { NodeProcess } from "../../src/daemon/demo/node-process.ts";
import { type AppHistory, type AppRun, readAppLines, type Thaw } from "./app-lines.ts";
import type { TestCluster } from "./cluster.ts";
import { waitFor } from "./wait-for.ts";

const program = fileURLToPath(new URL("../programs/lock-app.mjs", import.meta.url));

export class TestApp {
  readonly #cluster: TestCluster;
  readonly #lines: string;
  readonly #options: { readonly lock: boolean; readonly everyMs: number };
  readonly #thaws: Thaw[] = [];
  #acknowledged = "";
  #changes = 0;

  constructor(cluster: TestCluster, options: { readonly lock?: boolean; readonly everyMs?: number } = {}) {
    this.#cluster = cluster;
    this.#options = { lock: true, everyMs: 10, ...options };
    this.#lines = join(cluster.folder, "app.lines");
  }

  /** Creates group App with its resource and checkpoint, and resolves when it runs on its first node. */
  async create(): Promise<void> {
    const cluster = this.#cluster;
    const [first] = cluster.nodes;
    assert.ok(first);
    const lock = this.#options.lock ? join(cluster.folder, "app.lock") : "-";
    const line = `"${process.execPath}" "${program}" "${lock}" "${this.#lines}" ${this.#options.everyMs}`;
    await cluster.run(first, "group", "create", "App");
    const parameters = [`CommandLine=${line}`, "EnvironmentKey=SOFTWARE\\App"];
    await cluster.run(
      first,
      "resource",
      "create",
      "App",
      "--group",
      "App",
      "--type",
      "Generic Application",
      ...parameters,
    );
    await this.#regAdd(await cluster.ownerOf("App"), "first");
    await cluster.run(first, "checkpoint", "add", "App", "--registry", "SOFTWARE\\App");
    await cluster.run(first, "group", "online", "App");
    await this.running();
  }

  /** Changes the setting on the owner; when this resolves, the change was acknowledged this very moment. */
  async change(owner?: NodeProcess): Promise<string> {
    const node = owner ?? (await this.#cluster.owner("App"));
    await this.#cluster.follows(node);
    const setting = `setting-${++this.#changes}`;
    const value = { name: "SETTING", type: "REG_SZ", data: Buffer.from(`${setting}\0`, "utf16le").toString("base64") };
    const edits = [{ kind: "set-value", path: "SOFTWARE\\App", value }];
    const { status, body } = await callApi(node.data, "POST", "/api/v1/registry/edits", {
      timeoutMs: 60_000,
      body: { edits },
    });
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual((body as { pending: unknown }).pending, []);
    this.#acknowledged = setting;
    return setting;
  }

  history(): AppHistory {
    return readAppLines(this.#lines, this.#thaws);
  }

  /** What this run does until `until` after its machine was thawed is not counted; what it does later is. Boot time. */
  thawed(thaw: Thaw): void {
    this.#thaws.push(thaw);
  }

  /** What a run wrote since `at`, by boot time. */
  since(instance: string, at: number): readonly number[] {
    const lines = readFileSync(this.#lines, "utf8").split("\n");
    return lines.flatMap((line) => {
      const [, boot = "", who] = line.split(" ");
      return who === instance && Number(boot) >= at ? [Number(boot)] : [];
    });
  }

  /** The newest run, once it has written a line since this call: one that has ended is none. */
  running(): Promise<AppRun> {
    const before = this.history().runs.at(-1);
    return this.#newest(
      "the application runs",
      (run) => run.instance !== before?.instance || (!run.stopped && run.last > before.last),
    );
  }

  /** The run that follows another one; it must have the newest acknowledged setting, and never have overlapped. */
  async after(before: AppRun): Promise<AppRun> {
    const run = await this.#newest(
      `another run follows ${before.instance}`,
      (newest) => newest.instance !== before.instance,
    );
    assert.equal(run.setting, this.#acknowledged, "the newest acknowledged setting came along");
    this.check();
    return run;
  }

  /** Resolves when the same run has lived on for so long. */
  async lives(run: AppRun, ms: number): Promise<void> {
    await this.#newest(`${run.instance} lives on`, (newest) => {
      assert.equal(newest.instance, run.instance, "the application was not started anew");
      return newest.last > run.last + ms;
    });
    this.check();
  }

  check(): void {
    assert.deepEqual(this.history().violations, []);
  }

  async #newest(what: string, accept: (run: AppRun) => boolean): Promise<AppRun> {
    const probe = (): AppRun | undefined => {
      const newest = this.history().runs.at(-1);
      return newest !== undefined && newest.last > newest.first && accept(newest) ? newest : undefined;
    };
    return waitFor(what, probe, 90_000, () => this.#cluster.describe());
  }

  async #regAdd(node: NodeProcess, setting: string): Promise<void> {
    await this.#cluster.run(node, "reg", "add", "HKLM\\SOFTWARE\\App", "--value", "SETTING", "--data", setting);
    this.#acknowledged = setting;
  }
}
