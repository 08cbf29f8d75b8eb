/** Planned moves on Pacemaker, with the agent that clubar's moves are measured with: from the command's start to the last start. */
import { setTimeout as sleep } from "node:timers/promises";
import type { BenchOptions, Say } from "../options.ts";
import { type Stamp, StampAgent } from "../stamps.ts";
import { type PeerRow, peerRow } from "./beside.ts";
import { groupOf, primitive } from "./configuration.ts";
import { PacemakerLab } from "./lab.ts";

const name = "Pacemaker";

/** One resource (four times as often), a group of ten, and a hundred resources off a node. */
export async function movesOfPacemaker({ peerRuns: runs }: BenchOptions, say: Say): Promise<readonly PeerRow[]> {
  const agent = new StampAgent();
  try {
    const lab = await PacemakerLab.open();
    try {
      const hundred = Array.from({ length: 100 }, (_, index) => primitive(agent, `each-${index}`));
      await lab.add(primitive(agent, "one") + groupOf(agent, "ten", 10));
      const one = await moved(lab, agent, "one", 1, 4 * runs);
      const oneRows = rowsOf("1 resource", one);
      const ten = rowsOf("a group of 10", await moved(lab, agent, "ten", 10, runs));
      for (const id of ["one", "ten"])
        await lab.command(lab.anyNode, "crm_resource", "-r", id, "--meta", "-p", "target-role", "-v", "Stopped");
      say("a hundred resources are made");
      await lab.add(hundred.join(""));
      return [...oneRows, ...ten, await drained(lab, agent, runs, say)];
    } finally {
      await lab.end();
    }
  } finally {
    agent.end();
  }
}

interface Moves {
  /** From the start of the command to the last start of a resource. */
  readonly total: number[];
  /** From the first stop to the last start. */
  readonly away: number[];
  /** The command alone. */
  readonly command: number[];
}

async function moved(
  lab: PacemakerLab,
  agent: StampAgent,
  id: string,
  resources: number,
  runs: number,
): Promise<Moves> {
  const moves: Moves = { total: [], away: [], command: [] };
  for (let run = 0; run < runs; run++) {
    const { active } = await lab.settled();
    const owner = active.get(resources === 1 ? id : `${id}-0`);
    const others = lab.nodes.filter((node) => node !== owner);
    const before = agent.stamps().length;
    const begun = Date.now();
    const asked = lab.command("P1", "crm_resource", "--move", "-r", id, "-N", others[run % others.length] ?? "P1");
    const took = asked.then(() => Date.now() - begun);
    const { starts, stops } = await startsAfter(agent, before, resources);
    moves.command.push(await took);
    const last = Math.max(...starts.map(({ at }) => at));
    moves.total.push(last - begun);
    moves.away.push(last - Math.min(...stops.map(({ at }) => at)));
    await lab.command("P1", "crm_resource", "--clear", "-r", id);
  }
  return moves;
}

function rowsOf(what: string, { total, away, command }: Moves): readonly PeerRow[] {
  const [all, outage] = [`${what}: from request to running on the target`, `${what}: first stop to last start`];
  const sorted = [...command].sort((a, b) => a - b);
  const note = `its command takes ${sorted[sorted.length >> 1] ?? 0} ms of it`;
  return [peerRow("moves", [name, all], total, [all], note), peerRow("moves", [name, outage], away, [outage])];
}

/** Standby of the node that all hundred are on. */
async function drained(lab: PacemakerLab, agent: StampAgent, runs: number, say: Say): Promise<PeerRow> {
  const took: number[] = [];
  const standby = (node: string, isOn: boolean): Promise<string> =>
    lab.command("P1", "crm_attribute", "-t", "nodes", "-N", node, "-n", "standby", ...(isOn ? ["-v", "on"] : ["-D"]));
  for (let run = 0; run < runs; run++) {
    const node = lab.nodes[run % lab.nodes.length] ?? "P1";
    const others = lab.nodes.filter((other) => other !== node);
    for (const other of others) await standby(other, true);
    await sleep(500);
    await lab.settled();
    for (const other of others) await standby(other, false);
    await sleep(500);
    await lab.settled();
    const before = agent.stamps().length;
    const begun = Date.now();
    await standby(node, true);
    const { starts } = await startsAfter(agent, before, 100);
    took.push(Math.max(...starts.map(({ at }) => at)) - begun);
    say(`run ${run + 1} of ${runs}, ${name}, 100 resources off a node: ${took.at(-1)} ms`);
    await lab.settled();
    await standby(node, false);
  }
  const what = "100 resources off a node: from request to the last one running";
  return peerRow("moves", [name, what], took, [what]);
}

/** Starts and stops since then, once as many starts as are due have happened. */
async function startsAfter(
  agent: StampAgent,
  before: number,
  due: number,
): Promise<{ readonly starts: readonly Stamp[]; readonly stops: readonly Stamp[] }> {
  const limit = Date.now() + 300_000;
  for (;;) {
    const all = agent.stamps().slice(before);
    const starts = all.filter(({ action }) => action === "start");
    if (starts.length >= due) return { starts, stops: all.filter(({ action }) => action === "stop") };
    if (Date.now() > limit) throw new Error(`${starts.length} of ${due} starts within five minutes`);
    await sleep(5);
  }
}
