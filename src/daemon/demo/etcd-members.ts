/** An etcd of our own on this machine: members on loopback with data folders below one folder, each a process that can be wounded. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";

/** The program; undefined where Debian's package etcd-server is not installed. */
export const etcdProgram: string | undefined = ["/usr/bin/etcd", "/usr/local/bin/etcd"].find((path) =>
  existsSync(path),
);

/** Milliseconds; etcd's own defaults are 100 and 1000. */
export interface EtcdTimes {
  readonly heartbeat: number;
  readonly election: number;
}

/** One member of a cluster. */
export class EtcdMember {
  readonly name: string;
  /** `HOST:PORT` */
  readonly endpoint: string;
  readonly #folder: string;
  readonly #args: readonly string[];
  readonly #within: readonly string[];
  #child: ChildProcess | undefined;

  /** `within`: words before the program, as `nsenter …`. */
  constructor(name: string, folder: string, endpoint: string, args: readonly string[], within: readonly string[] = []) {
    this.name = name;
    this.endpoint = endpoint;
    this.#folder = join(folder, name);
    this.#within = within;
    this.#args = ["--name", name, "--data-dir", this.#folder, ...args];
  }

  /** Starts it unless it runs. `state` "existing": it comes to a cluster that knows it, with empty hands. */
  start(state: "new" | "existing" = "new"): void {
    if (this.isRunning()) return;
    const output = openSync(`${this.#folder}.out`, "a", 0o600);
    const args = [...this.#args, "--initial-cluster-state", state];
    const [program = "", ...words] = [...this.#within, etcdProgram ?? "etcd", ...args];
    this.#child = spawn(program, words, { stdio: ["ignore", output, output], detached: true });
    closeSync(output);
    this.#child.on("error", () => undefined);
  }

  isRunning(): boolean {
    const child = this.#child;
    return child?.pid !== undefined && child.exitCode === null && child.signalCode === null;
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#child?.kill(signal);
  }

  /** Resolves when its process has ended. */
  async kill(signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): Promise<void> {
    if (!this.isRunning() || this.#child === undefined) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGCONT");
    this.#child.kill(signal);
    await ended;
  }

  /** Throws away what it knows; it must not run. */
  wipe(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Makes, but does not start, the members of one new cluster. */
export async function makeEtcdMembers(
  folder: string,
  count: number,
  times: EtcdTimes = { heartbeat: 100, election: 1000 },
  more: readonly string[] = [],
): Promise<readonly EtcdMember[]> {
  const ports = await freePorts(2 * count);
  const scheme = more.includes("--cert-file") ? "https" : "http";
  const names = Array.from({ length: count }, (_, index) => `etcd${index + 1}`);
  const peerOf = (index: number): string => `http://127.0.0.1:${ports[count + index]}`;
  const all = names.map((name, index) => `${name}=${peerOf(index)}`).join(",");
  return names.map((name, index) => {
    const endpoint = `127.0.0.1:${ports[index]}`;
    const client = [
      "--listen-client-urls",
      `${scheme}://${endpoint}`,
      "--advertise-client-urls",
      `${scheme}://${endpoint}`,
    ];
    const peer = ["--listen-peer-urls", peerOf(index), "--initial-advertise-peer-urls", peerOf(index)];
    const cluster = ["--initial-cluster", all, "--initial-cluster-token", folder];
    const pace = ["--heartbeat-interval", String(times.heartbeat), "--election-timeout", String(times.election)];
    return new EtcdMember(name, folder, endpoint, [
      ...client,
      ...peer,
      ...cluster,
      ...pace,
      "--log-level",
      "error",
      ...more,
    ]);
  });
}

/** The place for `--quorum`. */
export function etcdPlaceOf(members: readonly EtcdMember[], options = ""): string {
  return `etcd:http://${members.map(({ endpoint }) => endpoint).join(",")}${options === "" ? "" : `?${options}`}`;
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    ports.push((server.address() as AddressInfo).port);
  }
  for (const server of servers) server.close();
  return ports;
}
