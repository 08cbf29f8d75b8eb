/** Pacemaker with many resources that are told to stay off, as clubar's are: made, settled, changed, simulated, idle. */
import { setTimeout as sleep } from "node:timers/promises";
import type { BenchOptions, Say } from "../options.ts";
import { useOf } from "../node-use.ts";
import { StampAgent } from "../stamps.ts";
import { whatIfRow } from "../what-if.ts";
import { type PeerRow, peerRow } from "./beside.ts";
import { primitive } from "./configuration.ts";
import { PacemakerLab } from "./lab.ts";

const idleMs = 10_000;

/** `peerResources` of them: with 1,000, settling alone takes about five minutes. */
export async function scaleOfPacemaker(
  { peerRuns, peerResources }: BenchOptions,
  say: Say,
): Promise<readonly PeerRow[]> {
  const agent = new StampAgent();
  try {
    const lab = await PacemakerLab.open();
    try {
      return await measured(lab, agent, peerResources, Math.max(peerRuns, 5), say);
    } finally {
      await lab.end();
    }
  } finally {
    agent.end();
  }
}

async function measured(
  lab: PacemakerLab,
  agent: StampAgent,
  resources: number,
  runs: number,
  say: Say,
): Promise<readonly PeerRow[]> {
  const name = `Pacemaker with ${resources.toLocaleString("en")} resources`;
  const peer = (what: string, values: readonly number[], ours: string | readonly string[], unit = "ms"): PeerRow => {
    const made = peerRow("scale", [name, what], values, [ours].flat());
    return { ...made, row: { ...made.row, unit } };
  };
  const all = Array.from({ length: resources }, (_, index) =>
    primitive(agent, `many-${index}`, { "target-role": "Stopped" }),
  );
  let begun = performance.now();
  await lab.modify(all.join(""));
  const created = performance.now() - begun;
  begun = performance.now();
  await sleep(500);
  const { dc = "P1", since } = await lab.settled(1_800_000);
  const settled = since - begun;
  say(`${name}: created in ${created.toFixed(0)} ms, settled after ${(settled / 1000).toFixed(0)} s`);
  const write = (run: number): Promise<unknown> =>
    lab.command(dc, "crm_attribute", "-t", "crm_config", "-n", "bench", "-v", String(run));
  const change = (run: number): Promise<unknown> =>
    lab.modify(primitive(agent, "many-1", { "target-role": "Stopped", description: `update ${run}` }));
  const simulate = (): Promise<unknown> => lab.command(dc, "crm_simulate", "-L", "-S");
  const [writes, changes, simulations] = [
    await times(runs, write),
    await times(runs, change),
    await times(runs, simulate),
  ];
  await lab.settled();
  const uses = await Promise.all(lab.nodes.map((node) => useOf(lab.processes(node), idleMs)));
  const [cpu, memory] = [uses.map((use) => use.cpu), uses.map((use) => use.memory)];
  const ours = "1,000 resources:";
  const byCommand = `${ours} one update by command, its start included`;
  const idle = "idle node with 1,000 resources:";
  return [
    peer("create all with one cibadmin", [created], `${ours} create all through the API`),
    peer("settling after creation", [settled], `${ours} settling after creation`),
    peer("one update of a property (crm_attribute)", writes, [`${ours} one update`, byCommand]),
    peer("one update of a resource (cibadmin)", changes, byCommand),
    peer("what-if (crm_simulate -L -S)", simulations, whatIfRow("1,000 resources")),
    peer("idle, processor", cpu, `${idle} processor`, "% of a core"),
    peer("idle, memory", memory, `${idle} memory`, "MiB"),
  ];
}

async function times(runs: number, work: (run: number) => Promise<unknown>): Promise<readonly number[]> {
  const took: number[] = [];
  for (let run = 0; run < runs; run++) {
    const begun = performance.now();
    await work(run);
    took.push(performance.now() - begun);
  }
  return took;
}
