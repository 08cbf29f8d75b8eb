/**
 * An application that starts finds for each of its settings the newest acknowledged value or one written later (whose
 * answer is still out), never an older one and never one that nobody wrote.
 */
import type { Checker, ClusterEvent } from "./events.ts";
import { Findings } from "./finding.ts";

/** Watches settings that applications find. */
export function acknowledgedSettingAfterFailover(): Checker {
  const name = "acknowledged-setting-after-failover";
  const found = new Findings(name);
  const written = new Map<string, number>();
  const acknowledged = new Map<string, number>();
  return {
    name,
    violations: found.violations,
    finish: () => undefined,
    see: (event: ClusterEvent) => {
      if (event.kind === "restored") {
        acknowledged.clear();
        for (const { resource, setting, value } of event.settings) acknowledged.set(`${resource} ${setting}`, value);
      }
      if (event.kind !== "setting-written" && event.kind !== "setting-acknowledged" && event.kind !== "setting-found")
        return;
      const key = `${event.resource} ${event.setting}`;
      if (event.kind === "setting-written") raise(written, key, event.value);
      if (event.kind === "setting-acknowledged") raise(acknowledged, key, event.value);
      if (event.kind !== "setting-found") return;
      const least = acknowledged.get(key) ?? 0;
      const most = written.get(key) ?? 0;
      if (event.value < least)
        found.add(event.at, `${key} on ${event.node} is ${event.value}; ${least} was acknowledged.`);
      if (event.value > most) found.add(event.at, `${key} on ${event.node} is ${event.value}, which nobody wrote.`);
    },
  };
}

function raise(values: Map<string, number>, key: string, value: number): void {
  values.set(key, Math.max(value, values.get(key) ?? 0));
}
