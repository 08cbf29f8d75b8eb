/**
 * JSON that also carries bytes, as `{"$b": base64}`, and bigints, as `{"$n": "decimal"}`. Names that begin with `$` get another `$`, so
 * that every plain value comes back as it was.
 */
import { fromBase64, toBase64 } from "../base/bytes.ts";
import { fail } from "../base/errors.ts";

/**
 * Plain values only: null, booleans, finite numbers, strings, bigints, `Uint8Array`, arrays and plain objects; throws INVALID_DATA on
 * anything else. Properties that are undefined are left out; undefined itself is null.
 */
export function toJson(value: unknown): string {
  return JSON.stringify(encode(value));
}

/** Throws INVALID_DATA on what `toJson` does not write. */
export function fromJson(text: string): unknown {
  try {
    return JSON.parse(text, (_, value: unknown) => revive(value));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw fail("INVALID_DATA", { happened: "A text is not JSON.", cause });
  }
}

function encode(value: unknown): unknown {
  if (value === undefined || value === null || typeof value === "string" || typeof value === "boolean")
    return value ?? null;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (typeof value === "bigint") return { $n: String(value) };
  if (value instanceof Uint8Array) return { $b: toBase64(value) };
  if (Array.isArray(value)) return value.map(encode);
  if (!isPlainObject(value)) throw fail("INVALID_DATA", { happened: `${describe(value)} can't be carried as JSON.` });
  const entries: [string, unknown][] = [];
  for (const [name, part] of Object.entries(value)) {
    if (part !== undefined) entries.push([name.startsWith("$") ? `$${name}` : name, encode(part)]);
  }
  return Object.fromEntries(entries);
}

function revive(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !isPlainObject(value)) return value;
  const names = Object.keys(value);
  if (!names.some((name) => name.startsWith("$"))) return value;
  const [only] = names;
  const part = only === undefined ? undefined : value[only];
  if (names.length === 1 && typeof part === "string") {
    if (only === "$b") return fromBase64(part);
    if (only === "$n" && /^(0|-?[1-9]\d*)$/.test(part)) return BigInt(part);
  }
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [unescape(name), one]));
}

function unescape(name: string): string {
  if (name.startsWith("$") && !name.startsWith("$$"))
    throw fail("INVALID_DATA", { happened: `JSON has the unknown mark ${name}.` });
  return name.startsWith("$") ? name.slice(1) : name;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function describe(value: unknown): string {
  if (typeof value === "object") return `A ${value?.constructor?.name ?? "object"}`;
  return typeof value === "number" ? `The number ${value}` : `A ${typeof value}`;
}
