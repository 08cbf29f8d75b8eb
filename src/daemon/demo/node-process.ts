/** One node of a cluster on this machine: its data folder and its service, a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import type { StatusView } from "../../api/status-view.ts";
import { callApi } from "./api-call.ts";
import { identify, kill, type OwnProcess } from "./own-processes.ts";

/** The words that start the `clubar` command of this installation. */
export const clubar: readonly string[] = [process.execPath, new URL("../../cli/main.ts", import.meta.url).pathname];

/** Ends the service in order when whoever started it dies. */
const setpriv = ["/usr/bin/setpriv", "/bin/setpriv"].find((path) => existsSync(path));
const diesWithUs = setpriv === undefined ? [] : [setpriv, "--pdeathsig", "TERM"];

/** A node that is started, asked, signalled and stopped. */
export class NodeProcess {
  readonly name: string;
  readonly data: string;
  /** Words before each command on this node's machine, as `nsenter …`; none unless it is one of its own. */
  readonly within: readonly string[];
  readonly #options: readonly string[];
  #child: ChildProcess | undefined;
  #identity: OwnProcess | undefined;
  #exit: Promise<number | string> = Promise.resolve(0);

  /** `options` follow `clubar service`. */
  constructor(name: string, data: string, options: readonly string[] = [], within: readonly string[] = []) {
    this.name = name;
    this.data = data;
    this.within = within;
    this.#options = options;
  }

  /** Starts the service unless it runs. What it prints goes to `<data>.out`. */
  start(): void {
    if (this.isRunning()) return;
    const [command = "", ...args] = [
      ...diesWithUs,
      ...this.within,
      ...clubar,
      "--data",
      this.data,
      "service",
      ...this.#options,
    ];
    const output = openSync(`${this.data}.out`, "a", 0o600);
    // A session of its own: Ctrl-C on the terminal is for the one who started it, who stops it in order.
    const child = spawn(command, args, { stdio: ["ignore", output, output], detached: true });
    closeSync(output);
    this.#child = child;
    this.#identity = child.pid === undefined ? undefined : identify(child.pid);
    this.#exit = new Promise((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("exit", (code, signal) => resolve(signal ?? code ?? 0));
    });
  }

  isRunning(): boolean {
    const child = this.#child;
    return child !== undefined && child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** The service's process; undefined before the first start. It may have ended since. */
  get service(): OwnProcess | undefined {
    return this.#identity;
  }

  /** Resolves with the exit code, or the name of the signal that ended it. */
  get exit(): Promise<number | string> {
    return this.#exit;
  }

  signal(signal: NodeJS.Signals): boolean {
    return this.#identity !== undefined && kill(this.#identity, signal);
  }

  /** What the node says of the cluster; undefined when its service does not answer. */
  async status(timeoutMs = 2000): Promise<StatusView | undefined> {
    try {
      const { status, body } = await callApi(this.data, "GET", "/api/v1/status", { timeoutMs });
      return status === 200 ? (body as StatusView) : undefined;
    } catch {
      return undefined;
    }
  }

  /** SIGTERM, and resolves when the process has ended. */
  async stop(): Promise<number | string> {
    this.signal("SIGTERM");
    return this.#exit;
  }
}
