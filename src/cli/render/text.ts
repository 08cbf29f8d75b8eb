/** Words and numbers as people read them. */
import type { PlainValue } from "../../api/value-view.ts";
import { oneLine } from "./table.ts";

/** "3 groups", "1 group". */
export function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** "–" for nothing. */
export function orDash(text: string | null | undefined): string {
  return text === null || text === undefined || text === "" ? "–" : text;
}

/** A property's value on one line. */
export function plain(value: PlainValue): string {
  if (value === null) return "–";
  return oneLine(typeof value === "object" ? value.join(";") : String(value));
}

/** `2031-04-02 02:00:07 UTC (3 h ago)`. */
export function timeAndAge(time: number, now: number): string {
  return `${new Date(time).toISOString().slice(0, 19).replace("T", " ")} UTC (${age(now - time)})`;
}

function age(ms: number): string {
  if (ms < 0) return "in the future";
  const steps: readonly (readonly [number, string])[] = [
    [86_400_000, "d"],
    [3_600_000, "h"],
    [60_000, "min"],
    [1000, "s"],
  ];
  const [size, unit] = steps.find(([length]) => ms >= length * 2) ?? [1000, "s"];
  return `${Math.floor(ms / size)} ${unit} ago`;
}

/** `1.5 MiB`. */
export function bytesText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${bytes} B` : `${size.toFixed(1)} ${units[unit]}`;
}
