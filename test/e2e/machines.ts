/**
 * A cluster whose nodes are each on a machine of its own (`namespaces.ts`), with an etcd on the hub that all of them reach, or a member of
 * one beside each node.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { callApi } from "../../src/daemon/demo/api-call.ts";
import { EtcdMember, etcdProgram } from "../../src/daemon/demo/etcd-members.ts";
import { NodeProcess } from "../../src/daemon/demo/node-process.ts";
import type { TestCluster } from "./cluster.ts";
import { TestNetwork, whyNoNamespaces } from "./namespaces.ts";
import { waitFor } from "./wait-for.ts";

const openssl = ["/usr/bin/openssl", "/usr/local/bin/openssl"].find((path) => existsSync(path));
const [clientPort, peerPort, nodePort] = [2379, 2380, 7400];

/** Why there can be no such cluster here; false when there can. */
export function whyNoMachines(): string | false {
  return whyNoNamespaces() || (etcdProgram === undefined ? "there is no etcd here (Debian: etcd-server)" : false);
}

/** The same for `etcdBeside`. */
export function whyNoEtcdBeside(): string | false {
  return whyNoMachines() || (openssl === undefined ? "there is no openssl here (Debian: openssl)" : false);
}

/** Starts what machines have beside their nodes before these are there; the place that the cluster forms on, undefined for a folder. */
export type Prepare = (network: TestNetwork, folder: string) => string | undefined;

/** One etcd on the hub. It ends with the cluster's folder, as everything that runs there. */
function etcdOnHub(network: TestNetwork, folder: string): string {
  const clients = network.lans.map((lan) => `http://${network.hubAddress(lan)}:${clientPort}`).join(",");
  const peer = `http://127.0.0.1:${peerPort}`;
  const args = ["--listen-client-urls", clients, "--advertise-client-urls", clients, "--log-level", "error"];
  const peers = ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer];
  const alone = ["--initial-cluster", `etcd1=${peer}`, "--heartbeat-interval", "30", "--election-timeout", "300"];
  new EtcdMember("etcd1", folder, "", [...args, ...peers, ...alone], network.onHub).start();
  const endpoints = network.lans.map((lan) => `${network.hubAddress(lan)}:${clientPort}`).join(",");
  return `etcd:http://${endpoints}?election=300`;
}

/** A member of one etcd on each machine's first network, which asks for certificates; its place, in which nothing is yet. */
export function etcdBeside(network: TestNetwork, folder: string, machines: number): string {
  const hosts = Array.from({ length: machines }, (_, index) => network.address(index + 1, 0));
  const files = makeCertificates(folder, hosts);
  const peerOf = (host: string): string => `http://${host}:${peerPort}`;
  const all = hosts.map((host, index) => `etcd${index + 1}=${peerOf(host)}`).join(",");
  for (const [index, host] of hosts.entries()) {
    const client = `https://${host}:${clientPort}`;
    const args = ["--listen-client-urls", client, "--advertise-client-urls", client, "--log-level", "error"];
    const peers = ["--listen-peer-urls", peerOf(host), "--initial-advertise-peer-urls", peerOf(host)];
    const pace = ["--initial-cluster", all, "--heartbeat-interval", "30", "--election-timeout", "300"];
    const own = ["--cert-file", files.cert, "--key-file", files.key];
    const trust = ["--client-cert-auth", "--trusted-ca-file", files.ca, ...own];
    const words = [...args, ...peers, ...pace, ...trust];
    new EtcdMember(`etcd${index + 1}`, folder, "", words, network.on(index + 1)).start();
  }
  const endpoints = hosts.map((host) => `${host}:${clientPort}`).join(",");
  return `etcd:https://${endpoints}?prefix=/clubar&election=300&ca=${files.ca}&cert=${files.cert}&key=${files.key}`;
}

/** An authority, and one certificate of it for servers and clients. */
function makeCertificates(folder: string, hosts: readonly string[]): { ca: string; cert: string; key: string } {
  const at = (name: string): string => join(folder, name);
  const request = (name: string, ...more: string[]): void => {
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", at(`${name}.key`)];
    const args = ["req", "-x509", ...key, "-out", at(`${name}.pem`), "-subj", `/CN=${name}`, ...more];
    execFileSync(openssl ?? "", args, { stdio: ["ignore", "ignore", "pipe"] });
  };
  request("ca");
  const names = hosts.map((host) => `IP:${host}`).join(",");
  const uses = ["basicConstraints=CA:FALSE", "extendedKeyUsage=serverAuth,clientAuth", `subjectAltName=${names}`];
  request("etcd", "-CA", at("ca.pem"), "-CAkey", at("ca.key"), ...uses.flatMap((use) => ["-addext", use]));
  return { ca: at("ca.pem"), cert: at("etcd.pem"), key: at("etcd.key") };
}

/** Machines with nodes N1, N2 … on them. */
export class Machines {
  readonly network: TestNetwork;
  readonly #cluster: TestCluster;

  private constructor(cluster: TestCluster, network: TestNetwork) {
    this.#cluster = cluster;
    this.network = network;
  }

  /** Forms cluster DEMO of so many machines on two networks; resolves when all are up, and leaves nothing when it fails. */
  static async form(
    cluster: TestCluster,
    count: number,
    timingFactor: number,
    prepare: Prepare = etcdOnHub,
  ): Promise<Machines> {
    const made = new Machines(cluster, await TestNetwork.open(count));
    try {
      const folder = join(cluster.folder, "etcd");
      mkdirSync(folder);
      cluster.place = prepare(made.network, folder);
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
