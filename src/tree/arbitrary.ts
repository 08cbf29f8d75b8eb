/** Generators for tests (fast-check): names, values, trees, edits with everything a registry may hold. For tests only. */
import fc from "fast-check";
import { applyEdits, type Edit } from "./edit.ts";
import { buildKey, type Key } from "./key.ts";
import { foldName } from "./path.ts";
import { valueType, type Value } from "./value.ts";

type Arbitrary<T> = fc.Arbitrary<T>;

/** Makes plain objects, so that `deepEqual` with what a reader makes works. */
const plain = { noNullPrototype: true } as const;

/** UTF-16 units that cause trouble: cases, pairs that fold together, lone surrogates, NUL, line ends. */
const unit: Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("a", "A", "b", "B", "c", "z", "0", " ", ".", "{", "%") },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "ä",
      "Ä",
      "ß",
      "ÿ",
      "Ÿ",
      "ı",
      "ſ",
      "µ",
      "σ",
      "ς",
      "Ω",
      "ａ",
      "Ａ",
      "\u1fb3",
      "\u1fbc",
      "\u2c65",
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom("\0", "\r", "\n", "\ud801", "\udc10", "\udc38", "\ufffe", "\uffff", '"', "/", "="),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 0xffff }).map((code) => (code === 0x5c ? "_" : String.fromCharCode(code))),
  },
);

/** A key name: 1 to `longest` units, no `\`. */
export function keyName(longest = 5): Arbitrary<string> {
  return fc.array(unit, { minLength: 1, maxLength: longest }).map((units) => units.join(""));
}

/** A value name: may be empty (the default value), may hold `\`. */
export function valueName(longest = 5): Arbitrary<string> {
  return fc
    .array(fc.oneof({ weight: 9, arbitrary: unit }, fc.constant("\\")), { maxLength: longest })
    .map((units) => units.join(""));
}

/** Data of up to `longest` bytes, small ones mostly. */
export function valueData(longest = 40): Arbitrary<Uint8Array> {
  return fc.oneof(fc.uint8Array({ maxLength: 9 }), fc.uint8Array({ maxLength: longest }));
}

/** Any type number, the known ones mostly. The data need not fit the type: a registry does not check either. */
export const typeNumber: Arbitrary<number> = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...Object.values(valueType)) },
  fc.integer({ min: 0, max: 0xffff_ffff }),
);

export function value(longest = 40): Arbitrary<Value> {
  return fc.record({ name: valueName(), type: typeNumber, data: valueData(longest) }, plain);
}

/** FILETIMEs from 1601 on. */
export const time: Arbitrary<bigint> = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });

/** Not one that Windows would take (no owner), only bytes; `hive` may want its own. */
export const security: Arbitrary<Uint8Array> = fc.uint8Array({ minLength: 20, maxLength: 32 });

const className: Arbitrary<string | undefined> = fc.option(keyName(), { nil: undefined, freq: 6 });

/** How large `tree` may get, and whether keys may have descriptors of random bytes (not by default: hives insist on valid ones). */
export interface TreeShape {
  readonly depth?: number;
  readonly width?: number;
  readonly values?: number;
  readonly dataLength?: number;
  readonly randomSecurity?: boolean;
}

/** A small tree with everything in it. */
export function tree(shape: TreeShape = {}): Arbitrary<Key> {
  const { depth = 3, width = 4, values = 4, dataLength = 40, randomSecurity = false } = shape;
  const children = depth === 0 ? fc.constant([]) : fc.array(tree({ ...shape, depth: depth - 1 }), { maxLength: width });
  return fc
    .record(
      {
        name: keyName(),
        lastWritten: time,
        className,
        security: randomSecurity ? fc.option(security, { nil: undefined }) : fc.constant(undefined),
        symlink: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
        values: fc.array(value(dataLength), { maxLength: values }),
        children,
      },
      plain,
    )
    .map((parts) => buildKey({ ...parts, values: distinct(parts.values), children: distinct(parts.children) }));
}

/** The first of each name. */
function distinct<T extends { readonly name: string }>(things: readonly T[]): T[] {
  const named = new Map<string, T>();
  for (const thing of things) if (!named.has(foldName(thing.name))) named.set(foldName(thing.name), thing);
  return [...named.values()];
}

/** Few names, so that edits meet each other's keys: case variants of five, one and two deep or three. */
const fewNames: Arbitrary<string> = fc.constantFrom("a", "A", "b", "ä", "Ä", "\ud801\udc10", "\ud801\udc38", "Ａ");

export const editPath: Arbitrary<string> = fc
  .array(fewNames, { minLength: 1, maxLength: 4 })
  .map((names) => names.join("\\"));

export function edit(): Arbitrary<Edit> {
  const names = fc.constantFrom("", "v", "V", "w", "ß", "\\");
  const values = fc.record({ name: names, type: typeNumber, data: valueData(8) }, plain);
  const path = fc.oneof({ weight: 9, arbitrary: editPath }, fc.constant(""));
  return fc.oneof(
    fc.record({ kind: fc.constant("create-key" as const), path, className }, plain),
    fc.record({ kind: fc.constant("delete-key" as const), path: editPath }, plain),
    fc.record({ kind: fc.constant("set-value" as const), path, value: values }, plain),
    fc.record({ kind: fc.constant("set-value" as const), path, value: values }, plain),
    fc.record({ kind: fc.constant("delete-value" as const), path, name: names }, plain),
    fc.record({ kind: fc.constant("put-tree" as const), path, tree: tree({ depth: 2, width: 2, values: 2 }) }, plain),
  );
}

/** Edits that meet each other, without those that fail on absent keys. */
export function edits(most = 12): Arbitrary<Edit[]> {
  return fc.array(edit(), { maxLength: most });
}

/** Two trees of which one came from the other by edits, so that they share subtrees. */
export const relatedTrees: Arbitrary<readonly [Key, Key]> = fc
  .tuple(tree(), edits(), edits())
  .map(([root, first, second]) => {
    const before = applyEdits(root, first, 1n);
    return [before, applyEdits(before, second, 2n)] as const;
  });
