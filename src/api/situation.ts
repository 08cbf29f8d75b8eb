/** The cluster's situation in one sentence: the first thing that people read. */
import type { StatusView } from "./status-view.ts";

/** How bad it is. */
export type Tone = "ok" | "warn" | "bad";

/** One sentence and its tone, out of a status. */
export function situation(status: StatusView): { readonly tone: Tone; readonly sentence: string } {
  const { self, nodes, networks, groups, checkpoints } = status;
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
  const broken = groups.filter(
    (group) => group.wanted && (group.state === "failed" || group.state === "unknown" || group.failed !== null),
  );
  const busy = groups.filter(
    (group) => group.wanted && !broken.includes(group) && group.resources.length > 0 && group.state !== "online",
  );
  const names = (list: readonly { readonly name: string }[]): string => list.map((one) => one.name).join(", ");
  const held = groups.filter((group) => group.held !== null);
  if (broken.length > 0) return { tone: "bad", sentence: `${nodesSay}. Not serving: ${names(broken)}.` };
  if (busy.length > 0) return { tone: "warn", sentence: `${nodesSay}. Not fully online: ${names(busy)}.` };
  if (held.length > 0)
    return {
      tone: "warn",
      sentence: `${nodesSay}. Held offline after a restore: ${names(held)} (clubar group release).`,
    };
  if (checkpoints.lost.length > 0) {
    const whose = [...new Set(checkpoints.lost.map((one) => one.resource))].join(", ");
    return { tone: "warn", sentence: `${nodesSay}. Lost checkpoints: ${whose} (clubar recover checkpoints).` };
  }
  const ill = networks.filter(({ state }) => state === "down" || state === "partitioned");
  if (ill.length > 0) {
    const say = ill.map(({ name, state }) => `${name} is ${state}`).join(", ");
    return { tone: "warn", sentence: `${nodesSay}. All groups are as they should be. ${say} (clubar network list).` };
  }
  if (up.length < nodes.length || self.waits.length > 0)
    return { tone: "warn", sentence: `${nodesSay}. All groups are as they should be.` };
  return { tone: "ok", sentence: `${nodesSay}, all groups are as they should be.` };
}
