/** How long Pacemaker needs until a resource runs elsewhere when its node is lost: from the instant of the loss to the agent's start. */
import { setTimeout as sleep } from "node:timers/promises";
import type { BenchOptions, Say } from "../options.ts";
import { StampAgent } from "../stamps.ts";
import { type PeerRow, peerRow } from "./beside.ts";
import { primitive } from "./configuration.ts";
import { PacemakerLab } from "./lab.ts";

interface Victim {
  readonly what: string;
  readonly isCoordinator: boolean;
  readonly lose: (lab: PacemakerLab, node: string) => Promise<void>;
  readonly ours: readonly string[];
}

const kill: Victim["lose"] = (lab, node) => Promise.resolve(lab.killDaemons(node));
const off: Victim["lose"] = (lab, node) => lab.powerOff(node);

const victims: readonly Victim[] = [
  {
    what: "SIGKILL of all daemons of the owner",
    isCoordinator: false,
    lose: kill,
    ours: ["SIGKILL of the owner's service", "SIGKILL of the owner's host and service"],
  },
  {
    what: "SIGKILL of all daemons of the coordinator (it has the resource)",
    isCoordinator: true,
    lose: kill,
    ours: [
      "SIGKILL of the leader's service (it owns the group)",
      "SIGKILL of the leader's host and service (it owns the group)",
    ],
  },
  { what: "power off of the owner", isCoordinator: false, lose: off, ours: ["power off of the owner"] },
  {
    what: "power off of the coordinator (it has the resource)",
    isCoordinator: true,
    lose: off,
    ours: ["power off of the leader (it owns the group)"],
  },
];

/** With a token of a second, and with Corosync's own times: these at most twice, and without the coordinator's daemons killed. */
export async function failoverOfPacemaker({ peerRuns }: BenchOptions, say: Say): Promise<readonly PeerRow[]> {
  const tuned = new Tuning("Pacemaker tuned (token 1000)", 1000, say);
  const own = new Tuning("Pacemaker by default", undefined, say);
  const fewer = victims.filter(({ isCoordinator, lose }) => !isCoordinator || lose === off);
  return [...(await tuned.measured(victims, peerRuns)), ...(await own.measured(fewer, Math.min(peerRuns, 2)))];
}

/** Pacemaker with one length of the token. */
class Tuning {
  readonly #name: string;
  readonly #token: number | undefined;
  readonly #say: Say;

  constructor(name: string, token: number | undefined, say: Say) {
    this.#name = name;
    this.#token = token;
    this.#say = say;
  }

  async measured(which: readonly Victim[], runs: number): Promise<readonly PeerRow[]> {
    const results = new Map<Victim, number[]>();
    const agent = new StampAgent();
    let lab = await this.#open(agent);
    try {
      for (let run = 0; run < runs; run++) {
        for (const victim of which) {
          const begin = `run ${run + 1} of ${runs}, ${this.#name}, ${victim.what}`;
          try {
            const ms = await failOver(lab, agent, victim, run);
            results.set(victim, [...(results.get(victim) ?? []), ms]);
            this.#say(`${begin}: ${ms} ms`);
          } catch (error) {
            this.#say(`${begin}: not counted, made anew: ${error instanceof Error ? error.message : String(error)}`);
            await lab.end();
            lab = await this.#open(agent);
          }
        }
      }
    } finally {
      await lab.end();
      agent.end();
    }
    return [...results].map(([{ what, ours }, all]) => peerRow("failover", [this.#name, what], all, ours));
  }

  async #open(agent: StampAgent): Promise<PacemakerLab> {
    const lab = await PacemakerLab.open(this.#token);
    await lab.add(primitive(agent, "svc"));
    return lab;
  }
}

async function failOver(lab: PacemakerLab, agent: StampAgent, victim: Victim, run: number): Promise<number> {
  const owner = await placed(lab, victim.isCoordinator);
  // Each run meets another moment of the token's round.
  await sleep(370 * (run % 4));
  const begun = Date.now();
  await victim.lose(lab, owner);
  const limit = begun + 60_000;
  for (;;) {
    const start = agent.stamps().find(({ at, action }) => action === "start" && at >= begun);
    if (start !== undefined) {
      await lab.again(owner);
      return start.at - begun;
    }
    if (Date.now() > limit) throw new Error(`${victim.what}: the resource is not back within a minute`);
    await sleep(10);
  }
}

/** The owner, once it is the coordinator or is not, as asked. */
async function placed(lab: PacemakerLab, isCoordinator: boolean): Promise<string> {
  for (let tries = 0; tries < 10; tries++) {
    const { active, dc } = await lab.settled();
    const owner = active.get("svc");
    if (owner !== undefined && dc !== undefined && (owner === dc) === isCoordinator) return owner;
    const target = isCoordinator ? dc : lab.nodes.find((name) => name !== dc);
    if (target === undefined) continue;
    await lab.command(lab.anyNode, "crm_resource", "--move", "-r", "svc", "-N", target);
    await lab.settled();
    await lab.command(lab.anyNode, "crm_resource", "--clear", "-r", "svc");
  }
  throw new Error("the resource does not get where it is wanted");
}
