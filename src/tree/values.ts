/**
 * The values of a key in stored order: a plain array while they are few, two ordered collections (by place, by name) that share
 * their entries when they are many, so that neither an edit nor a comparison of a key with 10 000 values copies the list.
 */
import { fail } from "../base/errors.ts";
import { pairsThatDiffer, type Pair } from "./compare-ordered.ts";
import { buildOrdered, findOrdered, itemsOf, putOrdered, removeOrdered, type Order, type Ordered } from "./ordered.ts";
import { compareNames, foldName, sameName } from "./path.ts";
import { equalValues, type Value } from "./value.ts";

/** The values of one key. */
export type Values = readonly Value[] | ManyValues;

/** More than fit the array. */
export interface ManyValues {
  readonly byPlace: Ordered<Entry>;
  readonly byName: Ordered<Entry>;
  /** The place of the next new value. */
  readonly nextPlace: number;
}

/** A value and where it stands. */
export interface Entry {
  readonly place: number;
  readonly value: Value;
}

const mostInArray = 32;
const byPlace: Order<number, Entry> = { keyOf: (entry) => entry.place, compare: (a, b) => a - b };
const byName: Order<string, Entry> = { keyOf: (entry) => entry.value.name, compare: compareNames };
/** Of a key without values. */
export const noValues: Values = [];

function isMany(values: Values): values is ManyValues {
  return "byPlace" in values;
}

/** INVALID_PARAMETER when two have the same name. */
export function buildValues(values: readonly Value[]): Values {
  const seen = new Set<string>();
  for (const value of values) {
    const folded = foldName(value.name);
    if (seen.has(folded))
      throw fail("INVALID_PARAMETER", { happened: `A key can't have two values named "${value.name}".` });
    seen.add(folded);
  }
  return values.length === 0 ? noValues : ofDistinct(values);
}

function ofDistinct(values: readonly Value[]): Values {
  if (values.length <= mostInArray) return values.slice();
  const entries = values.map((value, place) => ({ place, value }));
  const named = entries.slice().sort((a, b) => compareNames(a.value.name, b.value.name));
  return { byPlace: buildOrdered(entries), byName: buildOrdered(named), nextPlace: entries.length };
}

/** How many. */
export function countOf(values: Values): number {
  return isMany(values) ? (values.byPlace?.size ?? 0) : values.length;
}

/** In stored order. */
export function* listOf(values: Values): Generator<Value, void, undefined> {
  if (!isMany(values)) yield* values;
  else for (const entry of itemsOf(values.byPlace)) yield entry.value;
}

/** In the order of names. */
export function* listByName(values: Values): Generator<Value, void, undefined> {
  if (!isMany(values)) yield* sorted(values);
  else for (const entry of itemsOf(values.byName)) yield entry.value;
}

function sorted(values: readonly Value[]): readonly Value[] {
  return values.length < 2 ? values : values.slice().sort((a, b) => compareNames(a.name, b.name));
}

/** By a name in any spelling. */
export function lookUp(values: Values, name: string): Value | undefined {
  if (isMany(values)) return findOrdered(values.byName, byName, name)?.value;
  return values.find((value) => sameName(value.name, name));
}

/** A value of the same name keeps its place and the spelling of its name; the same `values` when nothing changes. */
export function withValue(values: Values, value: Value): Values {
  const there = lookUp(values, value.name);
  const stored = there === undefined || there.name === value.name ? value : { ...value, name: there.name };
  if (there !== undefined && equalValues(there, stored)) return values;
  if (isMany(values)) {
    const place = there === undefined ? values.nextPlace : (findOrdered(values.byName, byName, value.name)?.place ?? 0);
    const entry = { place, value: stored };
    return {
      byPlace: putOrdered(values.byPlace, byPlace, entry),
      byName: putOrdered(values.byName, byName, entry),
      nextPlace: Math.max(values.nextPlace, place + 1),
    };
  }
  return ofDistinct(there === undefined ? [...values, stored] : values.map((each) => (each === there ? stored : each)));
}

/** The same `values` when there is none of that name. */
export function withoutValue(values: Values, name: string): Values {
  const there = lookUp(values, name);
  if (there === undefined) return values;
  if (!isMany(values)) return values.filter((value) => value !== there);
  const entry = findOrdered(values.byName, byName, name) as Entry;
  if (countOf(values) - 1 <= mostInArray / 2) return [...listOf(values)].filter((value) => value !== there);
  return {
    byPlace: removeOrdered(values.byPlace, byPlace, entry.place),
    byName: removeOrdered(values.byName, byName, name),
    nextPlace: values.nextPlace,
  };
}

/** The names at which two lists hold values that are not identical, in the order of names; none for lists that are equal all through. */
export function* valuesThatDiffer(a: Values, b: Values): Generator<Pair<Value>, void, undefined> {
  if (a === b || equalInOrder(a, b)) return;
  if (isMany(a) && isMany(b)) {
    for (const pair of pairsThatDiffer(a.byName, b.byName, byName))
      yield { before: pair.before?.value, after: pair.after?.value };
    return;
  }
  const order: Order<string, Value> = { keyOf: (value) => value.name, compare: compareNames };
  yield* pairsThatDiffer(buildOrdered([...listByName(a)]), buildOrdered([...listByName(b)]), order);
}

/** What most keys of two hives are: few values, the same ones in the same order. */
function equalInOrder(a: Values, b: Values): boolean {
  if (isMany(a) || isMany(b) || a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (!equalValues(a[at]!, b[at]!)) return false;
  return true;
}
