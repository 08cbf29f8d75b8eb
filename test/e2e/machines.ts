/** A cluster whose nodes are each on a machine of its own (`namespaces.ts`), with an etcd on the hub that all of them reach. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { callApi } from "../../src/daemon/demo/api-call.ts";
import { EtcdMember, etcdProgram } from "../../src/daemon/demo/etcd-members.ts";
import { NodeProcess } from "../../src/daemon/demo/node-process.ts";
import type { TestCluster } from "./cluster.ts";
import { TestNetwork, whyNoNamespaces } from "./namespaces.ts";
import { waitFor } from "./wait-for.ts";

const [clientPort, peerPort, nodePort] = [2379, 2380, 7400];

/** Why there can be no such cluster here; false when there can. */
export function whyNoMachines(): string | false {
  return whyNoNamespaces() || (etcdProgram === undefined ? "there is no etcd here (Debian: etcd-server)" : false);
}

/** Machines with nodes N1, N2 … on them. */
export class Machines {
  readonly network: TestNetwork;
  readonly #cluster: TestCluster;
  readonly #etcd: EtcdMember;

  private constructor(cluster: TestCluster, network: TestNetwork) {
    this.#cluster = cluster;
    this.network = network;
    const folder = join(cluster.folder, "etcd");
    mkdirSync(folder);
    const clients = network.lans.map((lan) => `http://${network.hubAddress(lan)}:${clientPort}`).join(",");
    const peer = `http://127.0.0.1:${peerPort}`;
    const args = ["--listen-client-urls", clients, "--advertise-client-urls", clients, "--log-level", "error"];
    const peers = ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer];
    const alone = ["--initial-cluster", `etcd1=${peer}`, "--heartbeat-interval", "30", "--election-timeout", "300"];
    this.#etcd = new EtcdMember("etcd1", folder, "", [...args, ...peers, ...alone], network.onHub);
    const endpoints = network.lans.map((lan) => `${network.hubAddress(lan)}:${clientPort}`).join(",");
    cluster.place = `etcd:http://${endpoints}?election=300`;
  }

  /** Forms cluster DEMO of so many machines on two networks; resolves when all are up, and leaves nothing when it fails. */
  static async form(cluster: TestCluster, count: number, timingFactor: number): Promise<Machines> {
    const made = new Machines(cluster, await TestNetwork.open(count));
    try {
      await made.#form(count, timingFactor);
    } catch (error) {
      process.stdout.write(`${cluster.logs()}\n`);
      await made.end();
      throw error;
    }
    return made;
  }

  async #form(count: number, timingFactor: number): Promise<void> {
    const cluster = this.#cluster;
    this.#etcd.start();
    const first = this.#node(1);
    const words = ["create", "DEMO", "--quorum", cluster.quorum, "--timing-factor", String(timingFactor)];
    await cluster.run(first, "cluster", ...words, ...this.#place(1));
    this.#start(first);
    await cluster.leads(first);
    const others = Array.from({ length: count - 1 }, (_, index) => index + 2);
    const nodes = await Promise.all(others.map((machine) => this.#joins(first, machine)));
    for (const node of nodes) this.#start(node);
    await cluster.whole();
  }

  /** The number of a node's machine. */
  machineOf(node: NodeProcess): number {
    return Number(node.name.slice(1));
  }

  /** Ends everything. */
  async end(): Promise<void> {
    this.network.thawAll();
    await this.#cluster.end();
    this.network.close();
  }

  async #joins(first: NodeProcess, machine: number): Promise<NodeProcess> {
    // A machine under heavy load may be without a leader for a moment.
    const given = async (): Promise<string | undefined> => {
      const { status, body } = await callApi(first.data, "POST", "/api/v1/nodes/token", { body: { minutes: 10 } });
      return status === 201 ? (body as { token: string }).token : undefined;
    };
    const file = join(this.#cluster.folder, `token-${machine}`);
    writeFileSync(file, await waitFor("a token is given", given, 30_000), { mode: 0o600 });
    const node = this.#node(machine);
    await this.#cluster.run(node, "cluster", "join", ...this.#place(machine), "--token-file", file);
    return node;
  }

  #node(machine: number): NodeProcess {
    return new NodeProcess(`N${machine}`, join(this.#cluster.folder, `N${machine}`), [], this.network.on(machine));
  }

  #place(machine: number): readonly string[] {
    const places = this.network.lans.map((lan) => `${this.network.address(machine, lan)}:${nodePort}`);
    return ["--node", `N${machine}`, "--listen", ...places];
  }

  #start(node: NodeProcess): void {
    this.#cluster.nodes.push(node);
    node.start();
  }
}
