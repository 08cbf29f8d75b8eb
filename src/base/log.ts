import type { Clock } from "./outside.ts";
import { toHex } from "./bytes.ts";
import { Failure } from "./errors.ts";

/** What varies about an event, by camelCase name. Values may be of any type: see `createLog`. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Events for people and machines. `event` is a short constant phrase; what varies goes into `fields`. */
export interface Log {
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

/**
 * A log of JSON lines: `time` (ISO, UTC), `level`, `event`, then `bind`, then the event's fields. `write` gets a line without its end.
 * A field may hold anything: errors are told by name and message, bytes as hexadecimal.
 */
export function createLog(write: (line: string) => void, clock: Clock, bind: LogFields = {}): Log {
  const at =
    (level: string) =>
    (event: string, fields: LogFields = {}): void => {
      write(lineOf({ time: new Date(clock.wall()).toISOString(), level, event, ...bind, ...fields }));
    };
  return { info: at("info"), warn: at("warn"), error: at("error") };
}

/** Drops every event: for tests and for library calls of people who gave no log. */
export const silentLog: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

function lineOf(fields: LogFields): string {
  try {
    return JSON.stringify(fields, (_, value: unknown) => plain(value));
  } catch (cause) {
    return JSON.stringify({
      time: fields["time"],
      level: fields["level"],
      event: fields["event"],
      unlogged: String(cause),
    });
  }
}

function plain(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) return toHex(value);
  if (value instanceof Failure)
    return { name: value.name, win32: value.win32, message: value.message, cause: value.cause };
  if (value instanceof Error) return { name: value.name, message: value.message, stack: value.stack };
  return value;
}
