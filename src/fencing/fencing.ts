/** Fencing: making sure of a machine that nobody can ask any more. What the layers above use of it. */
export { agentFolder } from "./agent-run.ts";
export { checkAgent, FenceAgent } from "./fence-agent.ts";
export { type FenceDevice, notCheckedHere } from "./fence-device.ts";
export { checkSecrets, FenceSecrets, type Secrets } from "./secrets.ts";
export { watchdogFacts } from "./watchdog-clock.ts";
export { WatchdogDevice } from "./watchdog-device.ts";
export { WatchdogFeeder } from "./watchdog-feeder.ts";
