/**
 * Asks every other node over every network that both are on whether it answers, and reports which interfaces do not. People see by it which
 * network is broken; permits and updates go by what is answered when they are asked for (rpc/paths.ts), not by this.
 */
import { failureOf } from "../base/failure-of.ts";
import type { Log } from "../base/log.ts";
import type { Outside } from "../base/outside.ts";
import { formatTlsAddress, parseHostPort } from "../base/tls-address.ts";
import type { Change } from "../database/change.ts";
import { reportUnreachable } from "../database/commands/network.ts";
import { networkRole, readNetworks } from "../database/networks.ts";
import { reader } from "../database/read-values.ts";
import { nodeState } from "../database/schema.ts";
import { readState } from "../database/state.ts";
import { pingMethod } from "../rpc/paths.ts";
import type { Key } from "../tree/key.ts";
import { trustedNodes } from "../trust/trust.ts";

/** What heartbeats need of their service. */
export interface HeartbeatParts {
  readonly outside: Pick<Outside, "clock" | "timers">;
  readonly log: Log;
  readonly node: string;
  /** Stretches the intervals as it does all times. */
  readonly factor: number;
  readonly tree: () => Key;
  /** The life of this node while it is a member. */
  readonly incarnation: () => string | undefined;
  readonly call: (address: string, method: string, body: unknown, timeoutMs: number) => Promise<unknown>;
  /** Nobody is asked at this address any more. */
  readonly drop: (address: string) => void;
  readonly change: (build: (tree: Key) => Change) => Promise<unknown>;
}

/** Of one service; `run` lasts until the signal. */
export class Heartbeats {
  readonly #parts: HeartbeatParts;
  /** Boot time at which an interface answered last, or was first asked. */
  readonly #heard = new Map<string, number>();
  readonly #asking = new Set<string>();
  #asked: ReadonlySet<string> = new Set();
  #before = 0;

  constructor(parts: HeartbeatParts) {
    this.#parts = parts;
  }

  async run(over: AbortSignal): Promise<void> {
    const { outside, log } = this.#parts;
    while (!over.aborted) {
      const { delay, limit } = this.#times();
      this.#beat(delay, limit);
      await this.#report(limit).catch((error: unknown) =>
        log.info("what does not answer could not be reported yet", { why: failureOf(error).happened }),
      );
      await outside.timers.sleep(delay, over);
    }
  }

  /** `delay` between two beats, `limit` without an answer; in milliseconds. */
  #times(): { readonly delay: number; readonly limit: number } {
    const { tree, factor } = this.#parts;
    const read = reader(tree(), "cluster");
    const delay = read.number("SameSubnetDelay") * factor;
    return { delay, limit: delay * read.number("SameSubnetThreshold") };
  }

  #beat(delay: number, limit: number): void {
    const { outside, call } = this.#parts;
    const now = outside.clock.boot();
    // A service that stood still itself knows nothing of the others.
    if (now - this.#before > limit / 2) this.#heard.clear();
    this.#before = now;
    const targets = targetsOf(this.#parts.tree(), this.#parts.node);
    for (const id of this.#heard.keys()) if (!targets.has(id)) this.#heard.delete(id);
    const asked = new Set(targets.values());
    for (const address of this.#asked) if (!asked.has(address)) this.#parts.drop(address);
    this.#asked = asked;
    for (const [id, address] of targets) {
      if (!this.#heard.has(id)) this.#heard.set(id, now);
      if (this.#asking.has(id)) continue;
      this.#asking.add(id);
      void call(address, pingMethod, {}, Math.max(delay, limit / 2))
        .then(
          () => this.#heard.has(id) && this.#heard.set(id, outside.clock.boot()),
          () => undefined,
        )
        .finally(() => this.#asking.delete(id));
    }
  }

  async #report(limit: number): Promise<void> {
    const { outside, tree, node, incarnation, change, log } = this.#parts;
    const life = incarnation();
    if (life === undefined) return;
    const now = outside.clock.boot();
    const silent = [...this.#heard].filter(([, heard]) => now - heard > limit).map(([id]) => id);
    const report = reportUnreachable(tree(), node, life, silent);
    if (report === undefined) return;
    log.warn("network", { says: report.because });
    await change((newest) => reportUnreachable(newest, node, life, silent) ?? { ...report, conditions: [], edits: [] });
  }
}

/** Addresses of the other nodes' interfaces on this node's networks for the cluster, by interface id; of nodes that are up. */
function targetsOf(tree: Key, self: string): ReadonlyMap<string, string> {
  const { interfaces, networks } = readNetworks(tree);
  const used = new Set(networks.filter(({ role }) => (role & networkRole.cluster) !== 0).map(({ id }) => id));
  const own = new Set(interfaces.filter(({ node }) => node === self).map(({ network }) => network));
  const { nodes } = readState(tree);
  const trusted = trustedNodes(tree);
  const targets = new Map<string, string>();
  for (const { id, node, network, address } of interfaces) {
    const state = nodes.get(node)?.state;
    if (node === self || !own.has(network) || !used.has(network) || state === undefined || state === nodeState.down)
      continue;
    const places = (trusted.get(node)?.addresses ?? []).map((place) => parseHostPort(place));
    const place = places.find(({ host }) => host === address);
    if (place !== undefined) targets.set(id, formatTlsAddress(node, [place]));
  }
  return targets;
}
