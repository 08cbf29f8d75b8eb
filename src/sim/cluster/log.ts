/** A node's log in the world's trace: what a reader of a failing seed follows. */
import type { Log, LogFields } from "../../base/log.ts";
import type { SimProcess } from "../process.ts";
import type { World } from "../world.ts";

/** Hears every event of one process's log. */
export type LogListener = (event: string, fields: LogFields) => void;

/** Logs into the trace and tells `hear`. */
export function traceLog(world: World, process: SimProcess, hear: LogListener = () => undefined): Log {
  const at =
    (level: string) =>
    (event: string, fields: LogFields = {}): void => {
      if (!process.alive) return;
      world.trace.add(`${process.label} node ${process.node} ${level} ${event}${textOf(fields)}`);
      hear(event, fields);
    };
  return { info: at("says"), warn: at("warns"), error: at("errs") };
}

function textOf(fields: LogFields): string {
  return Object.entries(fields)
    .map(
      ([name, value]) =>
        ` ${name}=${value instanceof Error ? `${value.name}: ${value.message}` : JSON.stringify(value)}`,
    )
    .join("");
}
