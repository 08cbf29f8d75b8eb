import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { pairsThatDiffer } from "./compare-ordered.ts";
import {
  buildOrdered,
  findOrdered,
  itemsOf,
  putOrdered,
  removeOrdered,
  type Chunk,
  type Order,
  type Ordered,
} from "./ordered.ts";

interface Item {
  readonly key: number;
}
const order: Order<number, Item> = { keyOf: (item) => item.key, compare: (a, b) => a - b };

function chunksOf(tree: Ordered<Item>): Set<Chunk<Item>> {
  const found = new Set<Chunk<Item>>();
  const waiting = tree === undefined ? [] : [tree];
  for (let chunk = waiting.pop(); chunk !== undefined; chunk = waiting.pop()) {
    found.add(chunk);
    waiting.push(...chunk.chunks);
  }
  return found;
}

/** Sizes, first items, levels and fullness are what they say. */
function checkShape(tree: Ordered<Item>): void {
  for (const chunk of chunksOf(tree)) {
    const inside = [...itemsOf(chunk)];
    assert.equal(chunk.size, inside.length);
    assert.equal(chunk.first, inside[0]);
    assert.ok(chunk.items.length + chunk.chunks.length <= 32);
    assert.ok(chunk.chunks.every((below) => below.level === chunk.level - 1));
    assert.equal(chunk.level === 0, chunk.chunks.length === 0);
  }
}

function pair(before: Item | undefined, after: Item | undefined): string {
  return `${before?.key}/${after?.key}`;
}

test("puts and removals behave as in a map, and no earlier collection changes", () => {
  const step = fc.tuple(fc.boolean(), fc.nat(300));
  fc.assert(
    fc.property(fc.nat(200), fc.array(step, { maxLength: 400 }), (initial, steps) => {
      const start = Array.from({ length: initial }, (_, at) => ({ key: at * 2 }));
      let tree = buildOrdered(start);
      const first = tree;
      const map = new Map(start.map((item) => [item.key, item]));
      for (const [adds, key] of steps) {
        const item = { key };
        tree = adds ? putOrdered(tree, order, item) : removeOrdered(tree, order, key);
        if (adds) map.set(key, item);
        else map.delete(key);
        assert.equal(findOrdered(tree, order, key), map.get(key));
      }
      assert.deepEqual(
        [...itemsOf(tree)],
        [...map.values()].sort((a, b) => a.key - b.key),
      );
      assert.deepEqual([...itemsOf(first)], start);
      checkShape(tree);
    }),
    { numRuns: 60 },
  );
});

test("comparing finds exactly the keys that differ by identity", () => {
  const keys = fc.array(fc.nat(2000), { maxLength: 60 });
  fc.assert(
    fc.property(fc.nat(1500), keys, keys, (initial, puts, removals) => {
      const a = buildOrdered(Array.from({ length: initial }, (_, key) => ({ key })));
      let b = a;
      for (const key of removals) b = removeOrdered(b, order, key);
      for (const key of puts) b = putOrdered(b, order, { key });
      const left = new Map([...itemsOf(a)].map((item) => [item.key, item]));
      const right = new Map([...itemsOf(b)].map((item) => [item.key, item]));
      const expected = [...new Set([...left.keys(), ...right.keys()])]
        .sort((x, y) => x - y)
        .filter((key) => left.get(key) !== right.get(key))
        .map((key) => pair(left.get(key), right.get(key)));
      assert.deepEqual(
        [...pairsThatDiffer(a, b, order)].map(({ before, after }) => pair(before, after)),
        expected,
      );
      assert.deepEqual([...pairsThatDiffer(b, b, order)], []);
    }),
    { numRuns: 60 },
  );
});

test("a change among 1 000 000 items copies one path, and finding it again looks at little more", () => {
  const million = Array.from({ length: 1_000_000 }, (_, at) => ({ key: at * 2 }));
  const tree = buildOrdered(million);
  const old = chunksOf(tree);
  const changes: Ordered<Item>[] = [
    putOrdered(tree, order, { key: 777_776 }),
    putOrdered(tree, order, { key: 777_777 }),
    putOrdered(tree, order, { key: 9_999_999 }),
    removeOrdered(tree, order, 1_234_566),
  ];
  for (const changed of changes) {
    const copied = [...chunksOf(changed)].filter((chunk) => !old.has(chunk));
    assert.ok(copied.length <= 8, `${copied.length} chunks were copied`);
    let compared = 0;
    const counting: Order<number, Item> = { keyOf: (item) => item.key, compare: (a, b) => (compared++, a - b) };
    assert.equal([...pairsThatDiffer(tree, changed, counting)].length, 1);
    assert.ok(compared <= 1000, `${compared} comparisons`);
  }
});

test("items put in order fill the chunks", () => {
  let tree: Ordered<Item>;
  for (let key = 0; key < 20_000; key++) tree = putOrdered(tree, order, { key });
  checkShape(tree);
  assert.ok(chunksOf(tree).size < 20_000 / 32 + 60);
});
