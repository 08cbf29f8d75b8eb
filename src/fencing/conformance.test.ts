/** All fence devices pass one suite: an agent of our own, Debian's fence_dummy, and the leader's end of a watchdog. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fenceDeviceConformance, type FenceBench } from "../../test/conformance/fence-device.ts";
import { openOutside } from "../base/outside-node.ts";
import type { AgentConfig } from "../database/fencing.ts";
import { FenceAgent } from "./fence-agent.ts";
import { WatchdogDevice } from "./watchdog-device.ts";

const outside = openOutside();
const programs = join(import.meta.dirname, "../../test/programs");
const password = "correct horse battery staple";

function agentBench(
  folder: string,
  agent: string,
  parameters: (at: string) => Record<string, string>,
  spoil: (at: string) => void,
): FenceBench {
  const at = mkdtempSync(join(tmpdir(), "clubar-fence-"));
  const state = join(at, "state");
  writeFileSync(state, "on");
  const isOurs = agent === "fence_test";
  const config: AgentConfig = {
    kind: "agent",
    agent,
    method: "off",
    timeout: 20_000,
    parameters: new Map(Object.entries(parameters(at))),
    secrets: { id: "1", names: isOurs ? ["passwd"] : [] },
  };
  const make = (): FenceAgent =>
    new FenceAgent({ outside, folder, config, secrets: new Map(isOurs ? [["passwd", password]] : []) });
  return {
    device: make(),
    again: make,
    runs: () => readFileSync(state, "utf8").trim() === "on",
    spoil: () => spoil(at),
    secret: password,
    end: () => rmSync(at, { recursive: true }),
  };
}

fenceDeviceConformance("an agent of our own", () =>
  agentBench(
    programs,
    "fence_test",
    (at) => ({ plug: "n2", state: join(at, "state"), trouble: join(at, "trouble") }),
    (at) => writeFileSync(join(at, "trouble"), "refuse\n"),
  ),
);

fenceDeviceConformance(
  "Debian's fence_dummy",
  () =>
    agentBench(
      "/usr/sbin",
      "fence_dummy",
      (at) => ({ status_file: join(at, "state") }),
      (at) => writeFileSync(join(at, "state"), "neither"),
    ),
  existsSync("/usr/sbin/fence_dummy") ? false : "fence_dummy is not installed (fence-agents)",
);

/** A machine that resets after its last feeding, which comes as late as it can; time passes only while somebody waits. */
function watchdogBench(timeout: number | undefined): FenceBench {
  const permitEndsAt = 5_000;
  let now = permitEndsAt;
  const resetsAt = permitEndsAt + 2 * (timeout ?? Number.POSITIVE_INFINITY);
  const sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
    if (signal?.aborted !== true) now += ms;
  };
  let isSpoilt = false;
  const make = (): WatchdogDevice =>
    new WatchdogDevice({
      outside: { clock: { boot: () => now, wall: () => now }, timers: { sleep } },
      node: "n2",
      get timeout() {
        return isSpoilt ? undefined : timeout;
      },
      poll: 100,
    });
  return {
    device: make(),
    again: make,
    runs: () => now < resetsAt,
    spoil: () => {
      isSpoilt = true;
    },
    secret: password,
    end: () => undefined,
  };
}

fenceDeviceConformance("a watchdog", () => watchdogBench(10_000));
