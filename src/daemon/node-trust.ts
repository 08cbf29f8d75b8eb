/**
 * TLS of one process of a node: what it shows, whom it believes, where it is reached. A certificate opens the door; whether its holder
 * belongs to the cluster is looked up in the list of members at every message (docs/safety.md §7).
 */
import { fail, type Failure } from "../base/errors.ts";
import type { Listener, Net, Outside, PeerProof } from "../base/outside.ts";
import {
  bothNets,
  listenTls,
  type TlsCaller,
  tlsCaller,
  type TlsDoor,
  type TlsDoorOptions,
} from "../base/outside-node-tls.ts";
import { formatTlsAddress, type HostPort, parseHostPort } from "../base/tls-address.ts";
import { type Gate, type Handlers, serve } from "../rpc/call.ts";
import { isTrustedNode, materialOf, ownKey, readTrust, type TrustedNode, type TrustFile } from "../trust/trust.ts";

/** Which node this is and where it is to be reached. */
export interface NodeTrustOptions {
  readonly outside: Outside;
  readonly data: string;
  readonly node: string;
  /** `HOST:PORT` of the service; empty for a node that only has sockets of its machine. */
  readonly listen: readonly string[];
  /** Added to the ports: the host of a node takes the next ones. */
  readonly offset?: number;
}

/** Opened before the process talks to other nodes. */
export class NodeTrust {
  readonly caller: TlsCaller;
  /** With this process's port. */
  readonly places: readonly HostPort[];
  /** Where others reach this process; undefined when they can't over the network. */
  readonly endpoint: string | undefined;
  readonly #options: NodeTrustOptions;
  #file: TrustFile;
  #members: ReadonlyMap<string, TrustedNode> = new Map();
  #door: TlsDoor | undefined;

  private constructor(options: NodeTrustOptions, file: TrustFile) {
    this.#options = options;
    this.#file = file;
    const { node, listen, offset = 0 } = options;
    this.places = listen.map((place) => parseHostPort(place)).map(({ host, port }) => ({ host, port: port + offset }));
    this.endpoint = this.places.length === 0 ? undefined : formatTlsAddress(node, this.places);
    this.caller = tlsCaller(
      () => Promise.resolve(materialOf(this.#file)),
      (peer) => this.#whyNotCalled(peer),
    );
  }

  /** undefined when the node has no certificates; ACCESS_DENIED when it is to be reached over the network all the same. */
  static async open(options: NodeTrustOptions): Promise<NodeTrust | undefined> {
    const { outside, data, listen } = options;
    const file = await readTrust(outside.files, data);
    if (file !== undefined) return new NodeTrust(options, file);
    if (listen.length === 0) return undefined;
    throw fail("ACCESS_DENIED", {
      happened: `The node in ${data} is to answer at ${listen.join(", ")} but has no certificate (trust.json).`,
      unchanged: "Nothing was started.",
      next:
        "Evict it and join again with an empty data folder and a token (clubar node token); " +
        "the one node that is left of a cluster begins anew with `clubar cluster new-authority`.",
    });
  }

  /** Sockets of this machine and addresses of others. */
  net(local: Net): Net {
    return bothNets(local, this.caller);
  }

  file(): TrustFile {
    return this.#file;
  }

  /** SHA-256 of this node's public key. */
  key(): string {
    return ownKey(this.#file);
  }

  /** Shows a renewed certificate from now on. */
  use(file: TrustFile): void {
    this.#file = file;
    this.#door?.renew(materialOf(file));
  }

  /** Reads the file again, which the other process of this node has renewed. */
  async reload(): Promise<void> {
    const file = await readTrust(this.#options.outside.files, this.#options.data);
    if (file !== undefined && file.node.certificate !== this.#file.node.certificate) this.use(file);
  }

  /** The members from now on; connections of those that are none any more end at once. `isGone` says it of users. */
  follow(members: ReadonlyMap<string, TrustedNode>, isGone: (peer: PeerProof) => boolean = () => false): void {
    const before = this.#members;
    this.#members = members;
    this.#door?.cut((peer) => (peer.kind === "node" ? !isTrustedNode(members, peer) : isGone(peer)));
    // A leader that this node's copy of the database does not know yet was never in the list.
    this.caller.cut((peer) => isTrustedNode(before, peer) && !isTrustedNode(members, peer));
  }

  isMember(peer: PeerProof): boolean {
    return isTrustedNode(this.#members, peer);
  }

  /**
   * Answers calls at all places; undefined when there are none. Only members are answered, and newcomers what is in `forNewcomers`;
   * sockets of this machine, which belong to their owner, are not here.
   */
  async serve(
    instance: () => string | undefined,
    handlers: Handlers,
    options: Pick<TlsDoorOptions, "onHttp" | "onRefused"> & { readonly forNewcomers?: readonly string[] },
  ): Promise<Listener | undefined> {
    if (this.endpoint === undefined) return undefined;
    const { forNewcomers = [], ...others } = options;
    const { clock } = this.#options.outside;
    const door = {
      listen: async (_: string, onConnection: TlsDoorOptions["onConnection"]): Promise<Listener> => {
        const material = materialOf(this.#file);
        const open = await listenTls({
          ...others,
          onConnection,
          places: this.places,
          material,
          wall: () => clock.wall(),
        });
        this.#door = open;
        return { close: () => open.close() };
      },
    };
    const gate: Gate = (method, proof) => {
      const refusal = this.#whyRefused(method, proof, forNewcomers);
      if (refusal !== undefined) others.onRefused(proof?.from ?? "", refusal.happened);
      return refusal;
    };
    return serve(door, this.endpoint, instance, handlers, gate);
  }

  #whyRefused(method: string, proof: PeerProof | undefined, forNewcomers: readonly string[]): Failure | undefined {
    if (proof === undefined) return notANode({ kind: "nobody", name: "", key: "", from: "" });
    if (proof.kind === "nobody" && forNewcomers.includes(method)) return undefined;
    if (proof.kind !== "node") return notANode(proof);
    return this.isMember(proof) ? undefined : notAMember(proof);
  }

  #whyNotCalled(peer: PeerProof): string | undefined {
    const known = this.#members.get(peer.name)?.key;
    return known === undefined || known === peer.key ? undefined : "its key is not the one that the cluster knows";
  }
}

/** A node speaks for itself only. */
export function mustBe(proof: PeerProof | undefined, node: string): void {
  if (proof === undefined || (proof.kind === "node" && proof.name === node)) return;
  throw fail("ACCESS_DENIED", {
    happened: `Node ${proof.name} asked in the name of node ${node}.`,
    unchanged: "Nothing was changed.",
  });
}

function notANode({ kind, name, from }: PeerProof): Failure {
  const who = kind === "user" ? `User ${name}` : "Somebody without a certificate";
  return fail("ACCESS_DENIED", {
    happened: `${who} at ${from} asked what only nodes of the cluster may ask.`,
    unchanged: "Nothing was changed.",
    next: "A new node joins with a token: clubar node token.",
  });
}

function notAMember({ name, from }: PeerProof): Failure {
  return fail("CLUSTER_NODE_NOT_MEMBER", {
    happened: `Node ${name} at ${from} is not a member of this cluster: it was evicted or never joined.`,
    unchanged: "Nothing was changed on either side.",
    next: "To make it a member again, join with an empty data folder: `clubar cluster join`.",
  });
}
