/** Fencing: making sure of a machine that nobody can ask any more. What the layers above use of it. */
export { agentFolder } from "./agent-run.ts";
export { type AgentAsked, checkAgent, FenceAgent } from "./fence-agent.ts";
export { type FenceDevice, type FenceStatus, notCheckedHere } from "./fence-device.ts";
export { checkSecrets, FenceSecrets, type Secrets } from "./secrets.ts";
export { resetWait, type WatchdogFacts, watchdogFacts } from "./watchdog-clock.ts";
export { WatchdogDevice } from "./watchdog-device.ts";
export { type FeederParts, WatchdogFeeder } from "./watchdog-feeder.ts";
