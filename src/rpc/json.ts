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
    const value: unknown = JSON.parse(text);
    // Only names with a `$` mean anything else than themselves, and most messages have none.
    return text.includes('"$') || text.includes("\\u0024") ? revived(value) : value;
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
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(value)) {
    const part = value[name];
    if (part !== undefined) setOwn(copy, name.startsWith("$") ? `$${name}` : name, encode(part));
  }
  return copy;
}

/** Parts first, as JSON.parse does with a reviver. */
function revived(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(revived);
  const record = value as Record<string, unknown>;
  for (const name of Object.keys(record)) {
    const part = record[name];
    if (typeof part === "object") setOwn(record, name, revived(part));
  }
  return revive(record);
}

/** `__proto__` is a name like any other. */
function setOwn(record: Record<string, unknown>, name: string, value: unknown): void {
  if (name === "__proto__")
    Object.defineProperty(record, name, { value, writable: true, enumerable: true, configurable: true });
  else record[name] = value;
}

function revive(value: Record<string, unknown>): unknown {
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
