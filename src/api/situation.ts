/** The cluster's situation in one sentence: the first thing that people read. */
import { someText } from "./some.ts";
import type { StatusView } from "./status-view.ts";

/** How bad it is. */
export type Tone = "ok" | "warn" | "bad";

/** One sentence and its tone, out of a status. */
export function situation(status: StatusView): { readonly tone: Tone; readonly sentence: string } {
  const { self, nodes, networks, counts } = status;
  if (self.state !== "member" && self.state !== "leader") {
    const leader = status.leader === null ? "No leader is known." : "";
    const parts = [
      `Node ${self.name} is no member now (${self.state}).`,
      self.because,
      leader,
      "What is shown below may be old.",
    ];
    return { tone: "bad", sentence: parts.filter((part) => part !== "").join(" ") };
  }
  const up = nodes.filter((node) => node.state === "up" || node.state === "paused");
  const nodesSay = `${up.length} of ${nodes.length} nodes up`;
  const { broken, busy, held, lost } = counts;
  if (broken.count > 0) return { tone: "bad", sentence: `${nodesSay}. Not serving: ${someText(broken)}.` };
  if (busy.count > 0) return { tone: "warn", sentence: `${nodesSay}. Not fully online: ${someText(busy)}.` };
  if (held.count > 0)
    return {
      tone: "warn",
      sentence: `${nodesSay}. Held offline after a restore: ${someText(held)} (clubar group release).`,
    };
  if (lost.count > 0)
    return { tone: "warn", sentence: `${nodesSay}. Lost checkpoints: ${someText(lost)} (clubar recover checkpoints).` };
  const ill = networks.filter(({ state }) => state === "down" || state === "partitioned");
  if (ill.length > 0) {
    const say = ill.map(({ name, state }) => `${name} is ${state}`).join(", ");
    return { tone: "warn", sentence: `${nodesSay}. All groups are as they should be. ${say} (clubar network list).` };
  }
  if (up.length < nodes.length || self.waits.length > 0)
    return { tone: "warn", sentence: `${nodesSay}. All groups are as they should be.` };
  return { tone: "ok", sentence: `${nodesSay}, all groups are as they should be.` };
}
