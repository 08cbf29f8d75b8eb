/** Numbers, times and names of states as people read them. */

/** `3 nodes`, `1 node`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** `2026-11-21 13:05:09` in the reader's time zone. */
export function dateTime(wallMs: number): string {
  const date = new Date(wallMs);
  const two = (number: number): string => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clockTime(wallMs)}`;
}

/** `13:05:09`. */
export function clockTime(wallMs: number): string {
  const date = new Date(wallMs);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, "0")).join(":");
}

/** `3 minutes ago`. */
export function age(wallMs: number, now: number = Date.now()): string {
  const seconds = Math.max(0, Math.round((now - wallMs) / 1000));
  if (seconds < 60) return "just now";
  const units = [
    ["day", 86_400],
    ["hour", 3600],
    ["minute", 60],
  ] as const;
  const [noun, length] = units.find(([, each]) => seconds >= each) ?? ["minute", 60];
  return `${counted(Math.floor(seconds / length), noun)} ago`;
}

/** `1.2 MiB`. */
export function bytesText(bytes: number): string {
  if (bytes < 1024) return counted(bytes, "byte");
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let size = bytes / 1024;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${units[unit] ?? ""}`;
}

/** What a kind of checkpoint stores. */
export function kindWord(kind: string): string {
  return { registry: "registry key", crypto: "key container", directory: "folder or file" }[kind] ?? kind;
}

const stateWords: Readonly<Record<string, string>> = {
  onlinePending: "coming online",
  offlinePending: "going offline",
  partialOnline: "partly online",
  pending: "changing",
  initializing: "starting",
};

/** A state as a word. */
export function stateWord(state: string): string {
  return stateWords[state] ?? state;
}

/** `24` for 255.255.255.0 and `64` for ffff:ffff:ffff:ffff::, which no column would hold; a mask with holes as it is. */
export function prefixText(mask: string): string {
  const isNew = mask.includes(":");
  const parts = isNew ? mask.replace(/::.*$/, "").split(":") : mask.split(".");
  const bits = parts
    .map((part) =>
      Number.parseInt(part || "0", isNew ? 16 : 10)
        .toString(2)
        .padStart(isNew ? 16 : 8, "0"),
    )
    .join("");
  return /^1*0*$/.test(bits) ? String(bits.lastIndexOf("1") + 1) : mask;
}
