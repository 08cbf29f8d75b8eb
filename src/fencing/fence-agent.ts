/** A Debian fence agent as a `FenceDevice`, and what is checked before one becomes a node's device. */
import { fail, type Failure } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import type { Outside } from "../base/outside.ts";
import type { AgentConfig } from "../database/fencing.ts";
import { type AgentMetadata, parseAgentMetadata, troubleWith } from "./agent-metadata.ts";
import { type AgentAnswer, agentCode, agentSays, readMetadata, runAgent } from "./agent-run.ts";
import type { FenceDevice, FenceStatus } from "./fence-device.ts";

/** Looks at a status that can't be told after a successful "off" so many times, so many milliseconds apart. */
const looks = 3;
const betweenLooks = 500;

/** What an agent works with on the node that runs it. */
export interface AgentParts {
  readonly outside: Pick<Outside, "processes" | "files" | "timers">;
  /** Absolute folder of the agents. */
  readonly folder: string;
  readonly config: AgentConfig;
  /** Values by name. */
  readonly secrets: ReadonlyMap<string, string>;
}

/** The device; whether the agent is there shows when it is asked. */
export class FenceAgent implements FenceDevice {
  readonly kind = "agent";
  readonly title: string;
  readonly #parts: AgentParts;
  #metadata: Promise<AgentMetadata> | undefined;
  /** The agent said that it did what was asked. */
  #done = false;

  constructor(parts: AgentParts) {
    this.#parts = parts;
    this.title = parts.config.agent;
  }

  async status(signal: AbortSignal): Promise<FenceStatus> {
    if (!(await this.#offers("status"))) {
      const answer = await this.#run("monitor", signal);
      if (answer.code !== agentCode.ok) throw this.#failed("monitor", answer);
      return { power: "unknown", sentence: `${this.title} answers; it can't tell whether the machine is on.` };
    }
    const answer = await this.#run("status", signal);
    if (answer.code === agentCode.ok) return { power: "on", sentence: `${this.title} says that the machine is on.` };
    if (answer.code === agentCode.off) return { power: "off", sentence: `${this.title} says that the machine is off.` };
    throw this.#failed("status", answer);
  }

  async off(signal: AbortSignal): Promise<void> {
    this.#done = false;
    const { method } = this.#parts.config;
    const answer = await this.#run(method, signal);
    if (answer.code !== agentCode.ok) throw this.#failed(method, answer);
    this.#done = true;
  }

  async confirm(signal: AbortSignal): Promise<string> {
    const { method } = this.#parts.config;
    if (!this.#done) throw this.#uncertain("it was not asked, or did not do it");
    if (method === "reboot") return `${this.title} saw the machine go off and switched it on again.`;
    if (!(await this.#offers("status"))) return `${this.title} says that it switched the machine off.`;
    let trouble = "";
    for (let look = 1; look <= looks && !signal.aborted; look++) {
      const found = await this.status(signal).catch((error: unknown) => failureOf(error));
      if ("power" in found && found.power === "off") return found.sentence;
      trouble = "power" in found ? found.sentence : found.happened;
      if (look < looks) await this.#parts.outside.timers.sleep(betweenLooks, signal);
    }
    throw this.#uncertain(`after it was switched off: ${trouble}`);
  }

  async #offers(action: string): Promise<boolean> {
    return (await this.#read()).actions.includes(action);
  }

  #read(): Promise<AgentMetadata> {
    const { outside, folder, config } = this.#parts;
    this.#metadata ??= metadataOf(outside, folder, config.agent);
    this.#metadata.catch(() => {
      this.#metadata = undefined;
    });
    return this.#metadata;
  }

  async #run(action: "off" | "reboot" | "status" | "monitor", signal: AbortSignal): Promise<AgentAnswer> {
    const { outside, folder, config, secrets } = this.#parts;
    const missing = config.secrets.names.filter((name) => !secrets.has(name));
    if (missing.length > 0) {
      throw fail("FILE_NOT_FOUND", {
        happened: `This node does not have the secret parameters of ${this.title} (${missing.join(", ")}).`,
        unchanged: "The device was not asked.",
        next: "Nodes hand them to one another while one that has them is up; else give them again: clubar fence add.",
      });
    }
    return runAgent(
      outside,
      {
        path: await agentPath(outside, folder, config.agent),
        action,
        parameters: new Map([
          ...config.parameters,
          ...config.secrets.names.map((name) => [name, secrets.get(name) ?? ""] as const),
        ]),
        secrets: [...secrets.values()],
        timeout: config.timeout,
      },
      signal,
    );
  }

  #failed(action: string, answer: AgentAnswer): Failure {
    return fail("IO_DEVICE", {
      happened: `${this.title}: "${action}" ${agentSays(answer)}.`,
      unchanged: "The machine counts as running.",
      next: "Try the device: clubar fence test.",
    });
  }

  #uncertain(why: string): Failure {
    return fail("IO_DEVICE", {
      happened: `${this.title} does not confirm that the machine is off: ${why}`.replace(/\.?$/, "."),
      unchanged: "The machine counts as running.",
    });
  }
}

/** What a person asks for. */
export interface AgentAsked {
  readonly agent: string;
  readonly method: "off" | "reboot";
  readonly timeout: number;
  readonly parameters: ReadonlyMap<string, string>;
  readonly secretNames: readonly string[];
}

/** The caller's, or what would show secrets. */
const reserved = ["action", "verbose", "verbose_level", "debug", "debug_file", "quiet", "help", "version"];
const secretName = /passw|secret|token|community|privpass|priv_pass/i;

/** @throws INVALID_PARAMETER, FILE_NOT_FOUND: what can't be a device */
export async function checkAgent(outside: AgentParts["outside"], folder: string, asked: AgentAsked): Promise<void> {
  const { agent, method, parameters, secretNames } = asked;
  const metadata = await metadataOf(outside, folder, agent);
  if (metadata.isFabric) {
    throw wrong(
      `${agent} cuts a machine from its storage and lets it run on, so programs and addresses would go on there.`,
    );
  }
  if (!metadata.actions.includes(method)) throw wrong(`${agent} does not offer "${method}".`);
  const given = [...parameters.keys(), ...secretNames];
  const own = given.filter((name) => reserved.includes(name));
  if (own.length > 0) throw wrong(`${own.join(", ")} can't be given: clubar says it itself, or it would show secrets.`);
  const open = [...parameters.keys()].filter((name) => secretName.test(name) && !name.endsWith("_script"));
  if (open.length > 0)
    throw wrong(`${open.join(", ")} would be seen by others here; give secrets with --secrets FILE.`);
  if (parameters.get("method") === "cycle") throw wrong("method=cycle never shows that the machine was off.");
  const lines = [...parameters].filter(([name, value]) => /[\n\r=]/.test(name) || /[\n\r]/.test(value));
  if (lines.length > 0) throw wrong("A parameter is one line.");
  const troubles = troubleWith(metadata, given);
  if (troubles.length > 0) throw wrong(`${troubles.join("; ")}.`, `See the parameters: ${agent} -o metadata.`);
}

/** @throws INVALID_PARAMETER for a name that is none, FILE_NOT_FOUND when it is not installed here, INVALID_DATA */
export async function metadataOf(
  outside: Pick<Outside, "processes" | "files">,
  folder: string,
  agent: string,
): Promise<AgentMetadata> {
  return parseAgentMetadata(await readMetadata(outside, await agentPath(outside, folder, agent)), agent);
}

async function agentPath({ files }: Pick<Outside, "files">, folder: string, agent: string): Promise<string> {
  if (!/^fence_[a-z0-9_]+$/.test(agent)) throw wrong(`"${agent}" is no fence agent; their names begin with fence_.`);
  const path = `${folder}/${agent}`;
  if ((await files.stat(path)) !== undefined) return path;
  throw fail("FILE_NOT_FOUND", {
    happened: `${path} is not here.`,
    unchanged: "Nothing was changed.",
    next: "Install it on every node: apt-get install fence-agents.",
  });
}

function wrong(happened: string, next = ""): Failure {
  return fail("INVALID_PARAMETER", { happened, unchanged: "Nothing was changed.", next });
}
