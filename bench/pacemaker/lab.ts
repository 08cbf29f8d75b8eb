/**
 * A real cluster of Corosync and Pacemaker on this machine, where they are installed: three nodes, each in namespaces of its own, on one
 * network. Everything lies below one folder and goes with the processes that hold it, so that nothing is left when the bench is killed.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { kill, type OwnProcess, OwnProcesses } from "../../src/daemon/demo/own-processes.ts";
import { TestNetwork, whyNoNamespaces } from "../../test/e2e/namespaces.ts";
import { waitFor } from "../../test/e2e/wait-for.ts";
import { corosyncConf, firstCib } from "./configuration.ts";

const run = promisify(execFile);
/** Daemons that aren't root's can't reach a temporary folder of the bench's own. */
const env = { ...process.env, TMPDIR: "/tmp", PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };
const programs = ["corosync", "pacemakerd", "crm_resource", "crm_attribute", "cibadmin", "crm_mon", "crm_simulate"];
const packages = "pacemaker corosync pacemaker-cli-utils";
const count = 3;

/** Why Pacemaker can't be measured here; false when it can. */
export function whyNoPacemaker(): string | false {
  const missing = programs.filter((name) => spawnSync("sh", ["-c", `command -v ${name}`], { env }).status !== 0);
  if (missing.length > 0)
    return `there is no ${missing.join(", ")} here (Debian: apt-get install --no-install-recommends ${packages})`;
  return whyNoNamespaces();
}

/** What `crm_mon` says of all. */
interface Seen {
  readonly online: readonly string[];
  readonly dc: string | undefined;
  /** Nodes by the resources that are active there. */
  readonly active: ReadonlyMap<string, string>;
}

/** A quiet cluster. */
interface Settled extends Seen {
  /** Since when, by `performance.now()`. */
  readonly since: number;
}

/** A cluster that runs until `end`. */
export class PacemakerLab {
  readonly nodes: readonly string[] = Array.from({ length: count }, (_, index) => `P${index + 1}`);
  readonly #folder = mkdtempSync(join(tmpdir(), "clubar-bench-pacemaker-"));
  readonly #own = new OwnProcesses(this.#folder);
  readonly #holders = new Map<string, ChildProcess>();
  readonly #off = new Set<string>();
  readonly #network: TestNetwork;

  private constructor(network: TestNetwork) {
    this.#network = network;
  }

  /** Resolves when every node is online. `token`: Corosync's, in milliseconds; its own times unless given. */
  static async open(token?: number): Promise<PacemakerLab> {
    const lab = new PacemakerLab(await TestNetwork.open(count, 1));
    try {
      const addresses = new Map(lab.nodes.map((name, index) => [name, lab.#network.address(index + 1, 0)]));
      const hosts = ["127.0.0.1 localhost", ...[...addresses].map(([name, address]) => `${address} ${name}`)];
      for (const name of lab.nodes) {
        const folder = lab.#folderOf(name);
        mkdirSync(folder);
        writeFileSync(join(folder, "hosts"), `${hosts.join("\n")}\n`);
        writeFileSync(join(folder, "corosync.conf"), corosyncConf(addresses, token));
        writeFileSync(join(folder, "cib.xml"), firstCib);
        lab.#start(name);
      }
      await lab.settled();
      await lab.command("P1", "crm_attribute", "-t", "crm_config", "-n", "dc-deadtime", "-D");
      await lab.settled();
      return lab;
    } catch (error) {
      await lab.end();
      throw error;
    }
  }

  /** Runs a command on a node; its standard output. Rejects when it fails or takes more than two minutes. */
  async command(node: string, ...words: readonly string[]): Promise<string> {
    const inside = ["--mount", "--uts", "--net", "--ipc", "--pid", "--target", String(this.#init(node))];
    const options = { env, timeout: 120_000, maxBuffer: 2 ** 28 };
    const { stdout } = await run("nsenter", [...inside, "--", ...words], options);
    return stdout;
  }

  /** A node that runs. */
  get anyNode(): string {
    return this.nodes.find((name) => !this.#off.has(name)) ?? "P1";
  }

  /** Adds or changes resources: XML of primitives and groups. */
  async modify(resources: string): Promise<void> {
    const path = join(this.#folder, "add.xml");
    writeFileSync(path, `<resources>${resources}</resources>`);
    await this.command(this.anyNode, "cibadmin", "--modify", "--allow-create", "-o", "resources", "-x", path);
  }

  /** The same; resolves when they run, or are told not to, and nothing is under way. */
  async add(resources: string): Promise<void> {
    await this.modify(resources);
    await sleep(500);
    await this.settled();
  }

  async seen(node: string = this.anyNode): Promise<Seen> {
    const text = await this.command(node, "crm_mon", "-1", "--output-as=xml").catch(() => "");
    const online = [...text.matchAll(/<node name="(\w+)" [^>]*online="true"[^>]*pending="false"/g)].map(named);
    const dc = /<current_dc [^>]*\bname="(\w+)"/.exec(text)?.[1];
    const active = new Map<string, string>();
    for (const [, id = "", inside = ""] of text.matchAll(/<resource id="([^"]+)"[^>]*?[^/]>([^]*?)<\/resource>/g)) {
      const node = /<node name="(\w+)"/.exec(inside)?.[1];
      if (node !== undefined) active.set(id, node);
    }
    return { online, dc, active };
  }

  /** Resolves once every node that runs is online and the coordinator was seen with nothing to do three times running. */
  async settled(limitMs = 120_000): Promise<Settled> {
    const limit = Date.now() + limitMs;
    const due = this.nodes.filter((name) => !this.#off.has(name)).length;
    let since = performance.now();
    for (let quiet = 0; ; ) {
      const seen = await this.seen();
      const idle = seen.online.length === due && seen.dc !== undefined && (await this.#isIdle(seen.dc));
      quiet = idle ? quiet + 1 : 0;
      if (quiet === 1) since = performance.now();
      if (quiet === 3) return { ...seen, since };
      if (Date.now() > limit) {
        const [who, active] = [seen.online.join(), [...seen.active].slice(0, 9).join(" ")];
        throw new Error(`Pacemaker does not come to rest: online ${who}, coordinator ${seen.dc}, active ${active}`);
      }
      await sleep(200);
    }
  }

  /** As with a power off: no packet leaves, no process goes on. */
  async powerOff(node: string): Promise<void> {
    this.#off.add(node);
    await this.#network.powerOff(this.#machine(node));
  }

  /** Corosync and all of Pacemaker's processes; what they started stays. */
  killDaemons(node: string): void {
    this.#off.add(node);
    const daemons = this.processes(node).filter(({ command }) => /^\S*(corosync|pacemaker)/.test(command));
    for (const daemon of daemons) kill(daemon, "SIGKILL");
  }

  /** A node that is off comes again as a fresh start of its machine. */
  async again(node: string): Promise<void> {
    await this.#stop(node);
    this.#off.delete(node);
    this.#start(node);
    await this.settled();
  }

  /** Of the daemons of a node, and of what they run. */
  processes(node: string): readonly OwnProcess[] {
    return new OwnProcesses(this.#folderOf(node)).scan();
  }

  async end(): Promise<void> {
    for (const name of this.nodes) await this.#stop(name);
    await this.#own.end();
    this.#network.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #isIdle(dc: string): Promise<boolean> {
    const said = this.command(this.anyNode, "timeout", "5", "crmadmin", "-S", dc);
    return (await said.catch(() => "")).includes("S_IDLE");
  }

  /** It dies with this process, and its whole node with it. */
  #start(name: string): void {
    const folder = this.#folderOf(name);
    const script = fileURLToPath(new URL("node.sh", import.meta.url));
    const alone = ["unshare", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child=KILL"];
    const words = [...this.#network.on(this.#machine(name)), ...alone, "sh", script, folder, name];
    const marked = { ...env, CLUBAR_BENCH_NODE: `${folder}/` };
    const options = { env: marked, stdio: "ignore", detached: true } as const;
    this.#holders.set(name, spawn("setpriv", ["--pdeathsig", "KILL", ...words], options));
  }

  async #stop(name: string): Promise<void> {
    const holder = this.#holders.get(name);
    this.#holders.delete(name);
    if (holder === undefined) return;
    const ended = holder.exitCode === null && holder.signalCode === null ? once(holder, "exit") : undefined;
    holder.kill("SIGKILL");
    this.#network.thaw(this.#machine(name));
    await ended;
    const gone = (): boolean => this.processes(name).length === 0;
    await waitFor(`everything of ${name} has ended`, gone, 30_000);
    this.#network.mend(this.#machine(name));
  }

  #machine(name: string): number {
    return this.nodes.indexOf(name) + 1;
  }

  #folderOf(name: string): string {
    return join(this.#folder, name);
  }

  /** The pid, outside of its namespaces, of a node's first process. */
  #init(name: string): number {
    const holder = this.#holders.get(name)?.pid ?? 0;
    try {
      return Number(readFileSync(`/proc/${holder}/task/${holder}/children`, "utf8").trim());
    } catch {
      return 0;
    }
  }
}

function named([, name = ""]: RegExpMatchArray): string {
  return name;
}
