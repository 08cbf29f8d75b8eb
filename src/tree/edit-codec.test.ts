import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { edits, security, tree } from "./arbitrary.ts";
import { decodeEdits, encodeEdits } from "./edit-codec.ts";
import type { Edit } from "./edit.ts";
import { buildKey, emptyKey, type Key } from "./key.ts";
import { modelOf, plain } from "./model.ts";

function plainEdits(list: readonly Edit[]): unknown {
  return list.map((edit) =>
    edit.kind === "put-tree"
      ? { ...edit, tree: plain(modelOf(edit.tree)) }
      : edit.kind === "create-key"
        ? { className: undefined, ...edit }
        : edit,
  );
}

const all = fc
  .tuple(edits(), fc.option(security, { nil: undefined }), tree({ randomSecurity: true }))
  .map(([list, bytes, whole]): Edit[] => [
    ...list,
    { kind: "set-security", path: "a", security: bytes },
    { kind: "put-tree", path: "\ud800\\b", tree: whole },
  ]);

test("edits come back as they went", () => {
  fc.assert(fc.property(all, (list) => assert.deepEqual(plainEdits(decodeEdits(encodeEdits(list))), plainEdits(list))));
  assert.deepEqual(decodeEdits(encodeEdits([])), []);
});

test("cut, damaged or foreign bytes are refused with a name, never taken half", () => {
  fc.assert(
    fc.property(all, fc.nat(), (list, seed) => {
      const bytes = encodeEdits(list);
      const cut = bytes.subarray(0, seed % bytes.length);
      assert.throws(() => decodeEdits(cut), { name: "CLUSTER_CANT_DESERIALIZE_DATA" });
      assert.throws(() => decodeEdits(Uint8Array.of(...bytes, 0)), { name: "CLUSTER_CANT_DESERIALIZE_DATA" });
    }),
  );
  fc.assert(
    fc.property(all, fc.nat(), fc.nat(255), (list, place, byte) => {
      const bytes = encodeEdits(list);
      bytes[place % bytes.length] = byte;
      try {
        decodeEdits(bytes);
      } catch (error) {
        assert.match((error as Error).name, /^(CLUSTER_CANT_DESERIALIZE_DATA|VERSION_NOT_SUPPORTED)$/);
      }
    }),
    { numRuns: 500 },
  );
  assert.throws(() => decodeEdits(Uint8Array.of(2, 0, 0, 0, 0)), { name: "VERSION_NOT_SUPPORTED" });
});

test("a tree far deeper than the stack, or very wide, passes", () => {
  let key: Key = emptyKey("k", 1n);
  for (let at = 0; at < 50_000; at++) key = buildKey({ name: "k", lastWritten: 1n, children: [key] });
  const wide = buildKey({
    name: "w",
    lastWritten: 1n,
    children: Array.from({ length: 200_000 }, (_, n) => emptyKey(`k${n}`, 1n)),
  });
  const bytes = encodeEdits([
    { kind: "put-tree", path: "k", tree: key },
    { kind: "put-tree", path: "w", tree: wide },
  ]);
  assert.deepEqual(encodeEdits(decodeEdits(bytes)), bytes);
});
