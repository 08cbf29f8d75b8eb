/** Fencing as a node's service does it: devices for its leader's loop, what people ask, and the secrets that nodes hand to one another. */
import type { FenceAsked, FenceCalls, FenceLook } from "../api/fence-calls.ts";
import { fail } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { newGuid } from "../base/guid.ts";
import { setFence, titleOfDevice, wantFence } from "../database/commands/fencing.ts";
import { findNode } from "../database/commands/find.ts";
import type { AgentConfig, FenceConfig, WatchdogConfig } from "../database/fencing.ts";
import { secretsIds } from "../database/fencing.ts";
import { nodeState } from "../database/schema.ts";
import type { NodeState } from "../database/state.ts";
import {
  agentFolder,
  checkAgent,
  checkSecrets,
  FenceAgent,
  type FenceDevice,
  FenceSecrets,
  type Secrets,
  WatchdogDevice,
  watchdogFacts,
} from "../fencing/fencing.ts";
import type { Tag } from "../quorum/tag.ts";
import { openAuditLog } from "./audit-log.ts";
import type { ServiceNode } from "./service-node.ts";

/** The methods between nodes. */
export const fenceRpc = { secrets: "fence-secrets", test: "fence-test" } as const;

/** How long a node may take to try a device, in milliseconds; an agent's own limit comes before it. */
const testLimit = 600_000;
const defaultTimeout = 60_000;

/** One object for each service. */
export class NodeFencing implements FenceCalls {
  readonly #service: ServiceNode;
  readonly #secrets: FenceSecrets;
  readonly #folder = process.env["CLUBAR_FENCE_AGENTS"] ?? agentFolder;

  constructor(service: ServiceNode) {
    this.#service = service;
    this.#secrets = new FenceSecrets(service.parts.outside.files, service.data);
  }

  readonly deviceOf = async (node: NodeState, config: FenceConfig): Promise<FenceDevice> => {
    const { parts, timing } = this.#service;
    const { outside } = parts;
    if (config.kind === "watchdog")
      return new WatchdogDevice({ outside, node: node.name, timeout: node.fencing.watchdog, poll: timing.poll });
    return this.#agent(config, (await this.#secrets.find(config.secrets.id)) ?? {});
  };

  readonly audit = (what: string, outcome: "done" | "failed"): void => {
    const { data, node, parts } = this.#service;
    openAuditLog(
      `${data}/log/audit.log`,
      parts.outside.clock,
    )({ who: `node:${node.id}`, from: "leader", what, outcome });
  };

  async add(asked: FenceAsked): Promise<{ readonly tag: Tag; readonly done: string }> {
    const node = findNode(this.#service.clusterState(), asked.node);
    const config = asked.kind === "agent" ? await this.#newAgent(asked) : newWatchdog(asked);
    let done = "";
    const tag = await this.#service.change((tree) => {
      const change = setFence(tree, { node: node.id, config });
      done = change.because;
      return change;
    });
    if (config.kind === "watchdog") done += ` It is armed when the node's service starts next.`;
    return { tag, done };
  }

  async #newAgent(asked: Extract<FenceAsked, { kind: "agent" }>): Promise<AgentConfig> {
    const { agent, method = "off", timeout = defaultTimeout, secrets } = asked;
    const parameters = new Map(Object.entries(asked.parameters));
    const names = Object.keys(secrets).sort();
    const { outside } = this.#service.parts;
    await checkAgent(outside, this.#folder, { agent, method, timeout, parameters, secretNames: names });
    const id = names.length === 0 ? "" : newGuid(outside.random);
    if (id !== "") await this.#secrets.keep(id, secrets);
    return { kind: "agent", agent, method, timeout, parameters, secrets: { id, names } };
  }

  async want(node: string, who: string): Promise<{ readonly tag: Tag; readonly done: string }> {
    const { random, clock } = this.#service.parts.outside;
    let done = "";
    const tag = await this.#service.change((tree) => {
      const change = wantFence(tree, { node, who, attempt: newGuid(random), wall: clock.wall() });
      done = change.because;
      return change;
    });
    return { tag, done };
  }

  /** On every node that is up, because any of them may lead. */
  async test(wanted: string): Promise<readonly FenceLook[]> {
    const state = this.#service.clusterState();
    const node = findNode(state, wanted);
    if (node.fencing.devices.length === 0)
      throw fail("FILE_NOT_FOUND", {
        happened: `Node ${node.name} has no fence device.`,
        next: "See `clubar fence add --help`.",
      });
    const lookers = [...state.nodes.values()].filter(
      (one) => one.state !== nodeState.down && one.endpoint !== undefined,
    );
    const looks = lookers.map(async (from): Promise<readonly FenceLook[]> => {
      try {
        if (from.id === this.#service.node.id) return await this.testHere(node.id);
        return (await this.#service.callers.call(
          from.endpoint ?? "",
          fenceRpc.test,
          { node: node.id },
          testLimit,
        )) as FenceLook[];
      } catch (error) {
        return [{ from: from.name, device: "", seen: [], trouble: failureOf(error).happened }];
      }
    });
    return (await Promise.all(looks)).flat();
  }

  /** A watchdog is its own node's to look at; the others know what it told them. */
  async testHere(wanted: string): Promise<readonly FenceLook[]> {
    const { node: here } = this.#service;
    const node = findNode(this.#service.clusterState(), wanted);
    const asked = node.fencing.devices.filter(({ kind }) => kind === "watchdog" || node.id !== here.id);
    return Promise.all(
      asked.map(async (config): Promise<FenceLook> => {
        const from = here.name;
        const device = titleOfDevice(config);
        const { seen, trouble } = await this.#look(node, config);
        return { from, device, seen, trouble };
      }),
    );
  }

  async #look(node: NodeState, config: FenceConfig): Promise<Pick<FenceLook, "seen" | "trouble">> {
    const { signal } = new AbortController();
    const seen: string[] = [];
    if (config.kind === "watchdog" && node.id === this.#service.node.id) seen.push(...(await this.#describe(config)));
    try {
      const device = await this.deviceOf(node, config);
      const { power, sentence } = await device.status(signal);
      const state = this.#service.clusterState().nodes.get(node.id)?.state ?? nodeState.unknown;
      const isUp = state !== nodeState.down && state !== nodeState.unknown;
      return { seen: [...seen, sentence], trouble: power === "off" && isUp ? offThoughUp(node, sentence) : "" };
    } catch (error) {
      return { seen, trouble: failureOf(error).happened };
    }
  }

  async #describe({ device }: WatchdogConfig): Promise<string[]> {
    const { identity, timeout, noWayOut } = await watchdogFacts(this.#service.parts.outside.files, device);
    if (timeout === undefined) return [`The kernel says nothing of ${device}.`];
    const stops = /soft|i6300esb|virtio/i.test(identity);
    return [
      `${device} is "${identity}", ${timeout / 1000} s${noWayOut ? ", and can't be disarmed" : ""}.`,
      ...(stops
        ? ["Its clock stands still with the kernel or the virtual machine: it ends nothing that is paused."]
        : []),
    ];
  }

  /** About every second: gets from other nodes what this one lacks. */
  async tidy(): Promise<void> {
    const { database, callers, parts, timing } = this.#service;
    const ids = secretsIds(database.tree());
    if (ids.length === 0) return;
    for (const id of await this.#secrets.missing(ids)) {
      for (const { endpoint, state } of this.#service.clusterState().nodes.values()) {
        if (state === nodeState.down || endpoint === undefined) continue;
        const given = await callers.call(endpoint, fenceRpc.secrets, { id }, timing.call).catch(() => null);
        if (given === null) continue;
        await this.#secrets.keep(id, checkSecrets(given));
        parts.log.info("fence secrets handed over", { id });
        break;
      }
    }
  }

  /** Another node asks; null when they are not here. */
  async answerSecrets(body: unknown): Promise<Secrets | null> {
    return (await this.#secrets.find(String((body as { id?: unknown }).id))) ?? null;
  }

  #agent(config: AgentConfig, secrets: Secrets): FenceAgent {
    const { outside } = this.#service.parts;
    return new FenceAgent({ outside, folder: this.#folder, config, secrets: new Map(Object.entries(secrets)) });
  }
}

/** It would confirm a machine that runs. */
function offThoughUp({ name }: NodeState, sentence: string): string {
  return `${sentence} But node ${name} is up: is that another machine's plug? It would confirm that a machine which runs is off.`;
}

function newWatchdog({ device, timeout = 0 }: Extract<FenceAsked, { kind: "watchdog" }>): WatchdogConfig {
  if (device.startsWith("/")) return { kind: "watchdog", device, timeout };
  throw fail("INVALID_PARAMETER", {
    happened: `"${device}" is no absolute path of a device.`,
    unchanged: "Nothing was changed.",
    next: "Say device=/dev/watchdog0.",
  });
}
