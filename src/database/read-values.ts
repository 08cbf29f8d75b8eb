/** Values of keys with their defaults, as the cluster database has them. */
import { childOf, childrenOf, type Key, valueOf } from "../tree/key.ts";
import { dwordOf, multiSzOf, textOf } from "../tree/value.ts";
import { commonProperties, type ObjectKind } from "./property-tables.ts";
import { foldId } from "./schema.ts";

/** Typed values of one key; what is absent or of another type is its default. */
export interface Reader {
  number(name: string): number;
  text(name: string): string;
  list(name: string): string[];
}

/** Reads values of `key` with the documented defaults of `kind`. */
export function reader(key: Key, kind: ObjectKind): Reader {
  const spec = (name: string): number | bigint | string | readonly string[] | undefined =>
    commonProperties[kind].find((property) => property.name === name)?.default;
  return {
    number: (name) => dwordOf(valueOf(key, name)) ?? Number(spec(name) ?? 0),
    text: (name) => textOf(valueOf(key, name)) ?? String(spec(name) ?? ""),
    list: (name) => multiSzOf(valueOf(key, name)) ?? [],
  };
}

/** The keys below a child of the root; none when that is absent. */
export function* children(tree: Key, name: string): Iterable<Key> {
  const parent = childOf(tree, name);
  if (parent !== undefined) yield* childrenOf(parent);
}

/** The folded ids in a list. */
export function ids(key: Key, name: string): string[] {
  return (multiSzOf(valueOf(key, name)) ?? []).map(foldId);
}

/** A text that is there and not empty. */
export function optionalText(key: Key | undefined, name: string): string | undefined {
  const text = key === undefined ? undefined : textOf(valueOf(key, name));
  return text === "" ? undefined : text;
}

/** A DWORD that is there. */
export function optionalNumber(key: Key | undefined, name: string): number | undefined {
  return key === undefined ? undefined : dwordOf(valueOf(key, name));
}
