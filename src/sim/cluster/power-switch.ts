/**
 * A simulated power switch that all machines hang on, and the fence agent that speaks to it. It works, refuses, hangs, is slow or late, and
 * its answers get lost; it never says "off" of a machine that is on (docs/safety.md §2.12.4 rests on that).
 */
import type { Outside } from "../../base/outside.ts";
import type { Program } from "../processes.ts";
import type { RandomStream } from "../random.ts";
import type { World } from "../world.ts";
import { agentTimeout } from "./fencing-ground.ts";

const metadata = `<?xml version="1.0" ?>
<resource-agent name="fence_sim" shortdesc="A simulated power switch">
<parameters>
  <parameter name="action" unique="0" required="1"><content type="string" default="reboot" /></parameter>
  <parameter name="plug" unique="0" required="1"><content type="string" /></parameter>
</parameters>
<actions>
  <action name="on" automatic="0"/><action name="off" /><action name="reboot" /><action name="status" /><action name="monitor" />
</actions>
</resource-agent>`;

/** Exit codes of fencing.py; 137 is what `timeout` ends with when it had to kill. */
const code = { ok: 0, failed: 1, off: 2, lost: 4, untold: 8, killed: 137 } as const;

/** All in milliseconds. */
const times = { works: [50, 900], slow: [100, 2500], late: [100, 4000], dark: [100, 1500] } as const;

const ways = ["works", "works", "works", "works", "slow", "refuses", "answer lost", "hangs", "hangs, late"] as const;

/** One a world. */
export class PowerSwitch {
  readonly #world: World;
  readonly #random: RandomStream;
  #isCalm = false;

  constructor(world: World) {
    this.#world = world;
    this.#random = world.random.stream("power switch");
  }

  /** From now on it does what it is asked. */
  heal(): void {
    this.#isCalm = true;
  }

  /** The agent, as `timeout` runs it. */
  readonly agent: Program = async (outside, args, _environment, stdio) => {
    if (args.includes("metadata")) {
      for (const line of metadata.split("\n")) stdio.print(line);
      return code.ok;
    }
    const given = new Map<string, string>();
    const asked = Promise.withResolvers<void>();
    stdio.onLine((line) => void given.set(line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)));
    stdio.onEnd(() => asked.resolve());
    await asked.promise;
    const machine = given.get("plug") ?? "";
    const action = given.get("action");
    if (action === "status") return this.#status(outside, machine);
    if (action === "off" || action === "reboot") return this.#switch(outside, machine, action);
    return code.ok;
  };

  async #status({ timers }: Outside, machine: string): Promise<number> {
    await timers.sleep(this.#draw(times.works));
    const way = this.#isCalm ? "works" : this.#random.pick(["works", "works", "works", "works", "untold", "hangs"]);
    if (way === "hangs") return this.#hang(timers);
    if (way === "untold") return code.untold;
    return this.#world.machine(machine).powered ? code.ok : code.off;
  }

  async #switch({ timers }: Outside, machine: string, action: "off" | "reboot"): Promise<number> {
    const way = this.#isCalm ? "works" : this.#random.pick(ways);
    this.#world.trace.add(`power switch: ${action} of ${machine}, which ${way}`);
    const takes = this.#draw(times.works);
    switch (way) {
      case "refuses":
        await timers.sleep(takes);
        return code.failed;
      case "hangs":
        return this.#hang(timers);
      case "hangs, late":
        this.#after(agentTimeout + this.#draw(times.late), machine, action);
        return this.#hang(timers);
      case "slow":
        // Of "reboot" the answer itself says that the machine was off.
        this.#after(this.#draw(times.slow), machine, action);
        await timers.sleep(action === "off" ? this.#draw(times.works) : times.slow[1] + 10);
        return code.ok;
      default:
        this.#after(takes, machine, action);
        await timers.sleep(takes + 1);
        return way === "answer lost" ? code.lost : code.ok;
    }
  }

  async #hang(timers: Outside["timers"]): Promise<number> {
    await timers.sleep(agentTimeout);
    return code.killed;
  }

  /** Whatever becomes of the agent meanwhile: the switch was told. */
  #after(ms: number, machine: string, action: "off" | "reboot"): void {
    const { scheduler } = this.#world;
    scheduler.after(ms, () => {
      this.#world.powerOff(machine);
      if (action === "reboot") scheduler.after(this.#draw(times.dark), () => this.#world.powerOn(machine));
    });
  }

  #draw([least, most]: readonly [number, number]): number {
    return this.#random.between(least, most);
  }
}
