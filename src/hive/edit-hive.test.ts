import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { CrashingDisk } from "../../test/hives/crashing-disk.ts";
import { setBaseFields } from "../../test/hives/log-file.ts";
import { sharedHive, sharedHivesAbsent } from "../../test/hives/shared-hives.ts";
import { numbersFrom } from "../../test/fuzz/mutate.ts";
import { Failure } from "../base/errors.ts";
import { edits as someEdits, tree as anyTree } from "../tree/arbitrary.ts";
import { diff } from "../tree/diff.ts";
import { applyEdits, type Edit } from "../tree/edit.ts";
import { buildKey, childCount, emptyKey, findKey, type Key } from "../tree/key.ts";
import { modelOf, plain } from "../tree/model.ts";
import { binary, dword, sz, type Value } from "../tree/value.ts";
import { checkHive } from "./check.ts";
import { commitHive } from "./commit-hive.ts";
import { type HiveCommit, HiveEditor } from "./edit-hive.ts";
import { readHive } from "./read.ts";
import { recoverHive } from "./recover.ts";
import { writeHive } from "./write.ts";

/** What is wrong but for what the content of the trees breaks. */
const wrongWith = (bytes: Uint8Array): unknown[] =>
  checkHive(bytes).filter(({ rule }) => !["security-descriptor", "symlink-target"].includes(rule));

/** The file after a commit. */
function written(file: Uint8Array, commit: HiveCommit | undefined): Uint8Array {
  if (commit === undefined) return file;
  const writes = [commit.begin, ...commit.pages, commit.end];
  const bytes = new Uint8Array(Math.max(file.length, ...writes.map(({ at, bytes: each }) => at + each.length)));
  bytes.set(file);
  for (const { at, bytes: each } of writes) bytes.set(each, at);
  return bytes;
}

const someValue = (): fc.Arbitrary<Value> =>
  fc.tuple(fc.constantFrom("x", "y"), fc.nat({ max: 3 })).map(([name, number]) => dword(name, number));

function nameOf(act: () => void): string {
  try {
    act();
    return "done";
  } catch (error) {
    assert.ok(error instanceof Failure, String(error));
    return error.name;
  }
}

describe("changing a hive in place", () => {
  test("any edits do what they do to a tree, leave no cell behind, and their pages make the file", () => {
    const runs = fc.array(someEdits(8), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(
        anyTree({ randomSecurity: true }),
        runs,
        fc.constantFrom(3 as const, 5 as const),
        (start, all, minor) => {
          let file: Uint8Array = writeHive(start, { time: 1n, minor });
          let tree = readHive(file).root;
          const editor = new HiveEditor(file, { check: false });
          const twin = new HiveEditor(file, { check: false });
          for (const edits of all) {
            let after: Key = tree;
            const expected = nameOf(() => (after = applyEdits(tree, edits, 77n)));
            assert.equal(
              nameOf(() => editor.apply(edits, 77n)),
              expected,
            );
            if (expected !== "done") return;
            tree = after;
            file = written(file, editor.commit(5n));
            twin.apply(edits, 77n);
            assert.deepEqual(Buffer.from(twin.whole(5n)), Buffer.from(file));
            assert.deepEqual(plain(modelOf(readHive(file).root)), plain(modelOf(tree)));
            assert.deepEqual(wrongWith(file), []);
          }
        },
      ),
      { numRuns: 150, endOnFailure: true },
    );
  });

  test("edits of the same few keys, one after the other", () => {
    const path = fc.constantFrom("a", "A", "a\\b", "b");
    const one = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant("set-value" as const), path, value: someValue() }) },
      fc.record({ kind: fc.constant("delete-key" as const), path }),
      fc.record({ kind: fc.constant("create-key" as const), path }),
      fc.record({ kind: fc.constant("delete-value" as const), path, name: fc.constantFrom("x", "y") }),
      fc.record({ kind: fc.constant("put-tree" as const), path, tree: fc.constant(emptyKey("a", 1n)) }),
    );
    fc.assert(
      fc.property(fc.array(fc.array(one, { maxLength: 20 }), { maxLength: 3 }), (all) => {
        const file = writeHive(emptyKey("", 1n), { time: 1n });
        let tree = readHive(file).root;
        const editor = new HiveEditor(file, { check: false });
        for (const edits of all) {
          tree = applyEdits(tree, edits, 9n);
          editor.apply(edits, 9n);
        }
        assert.deepEqual(plain(modelOf(readHive(editor.whole(9n)).root)), plain(modelOf(tree)));
        assert.deepEqual(wrongWith(editor.whole(9n)), []);
      }),
    );
  });

  test("8000 subkeys in and out of one key, big data, and what was freed is used again", () => {
    for (const minor of [3, 5] as const) {
      const file = writeHive(emptyKey("R", 1n), { time: 1n, minor });
      const editor = new HiveEditor(file);
      const names = Array.from({ length: 8000 }, (_, i) => `${Math.imul(i, 2_654_435_761) >>> 0}-key`);
      const add = names.map((name): Edit => ({ kind: "set-value", path: `bench\\${name}`, value: dword("State", 1) }));
      editor.apply(add, 2n);
      const full = written(file, editor.commit(2n));
      assert.equal(childCount(findKey(readHive(full).root, "bench")!), 8000);
      assert.deepEqual(wrongWith(full), []);
      assert.ok(full.length < 2_000_000, `${full.length} bytes`);
      editor.apply(
        names.map((name): Edit => ({ kind: "delete-key", path: `bench\\${name}` })),
        3n,
      );
      const big = { kind: "set-value", path: "bench", value: binary("b", new Uint8Array(400_000).fill(3)) } as const;
      editor.apply([big], 3n);
      const empty = written(full, editor.commit(3n));
      assert.deepEqual(wrongWith(empty), []);
      editor.apply(add, 4n);
      const again = written(empty, editor.commit(4n));
      assert.deepEqual(wrongWith(again), []);
      assert.ok(again.length < full.length + 430_000, "freed cells were not used again");
    }
  });

  test("one value in a large hive writes a few pages", { skip: sharedHivesAbsent }, () => {
    const file = sharedHive("regipy/SYSTEM");
    const editor = new HiveEditor(file, { check: false });
    const value = sz("HostName", "a-new-name-that-is-longer-than-the-old-one");
    const edit: Edit = { kind: "set-value", path: "ControlSet001\\Services\\Tcpip\\Parameters", value };
    editor.apply([edit], 9n);
    const commit = editor.commit(9n);
    const bytes = commit?.pages.reduce((sum, page) => sum + page.bytes.length, 0) ?? 0;
    assert.ok(bytes > 0 && bytes <= 6 * 4096, `${bytes} bytes`);
    const before = readHive(file).root;
    const after = readHive(written(file, commit)).root;
    assert.deepEqual([...diff(applyEdits(before, [edit], 9n), after)], []);
  });

  test("a hive that is dirty, damaged or layered is refused, and so is anything after a failed edit", () => {
    const sound = writeHive(emptyKey("R", 1n), { time: 1n });
    const changed = (fields: readonly (readonly [number, number])[]): Uint8Array => {
      const bytes = sound.slice();
      setBaseFields(bytes, fields);
      return bytes;
    };
    assert.equal(
      nameOf(() => new HiveEditor(changed([[4, 9]]))),
      "INVALID_STATE",
    );
    assert.equal(
      nameOf(() => new HiveEditor(changed([[24, 6]]))),
      "INVALID_STATE",
    );
    const damaged = sound.slice();
    damaged[4096 + 32 + 4 + 20] = 3;
    assert.equal(
      nameOf(() => new HiveEditor(damaged)),
      "INVALID_STATE",
    );
    const editor = new HiveEditor(sound);
    assert.equal(editor.commit(1n), undefined);
    assert.equal(
      nameOf(() => editor.apply([{ kind: "set-security", path: "absent", security: undefined }], 1n)),
      "FILE_NOT_FOUND",
    );
    assert.equal(
      nameOf(() => editor.commit(1n)),
      "INVALID_STATE",
    );
  });
});

describe("a crash at any write or sync of a commit", () => {
  const value = (n: number): Edit => ({
    kind: "set-value",
    path: `k${n % 7}`,
    value: binary(`v${n}`, new Uint8Array(3000 + n).fill(n)),
  });
  const start = buildKey({
    name: "R",
    lastWritten: 1n,
    children: Array.from({ length: 60 }, (_, i) => emptyKey(`k${i}`, 1n)),
  });

  test("leaves the state before or after it, also with torn and reordered pages", async () => {
    const seen = { before: 0, after: 0 };
    for (let seed = 1; seed <= 12; seed++) {
      for (let step = 0; ; step++) {
        const next = numbersFrom(seed * 1000 + step);
        const disk = new CrashingDisk(writeHive(start, { time: 1n, minor: 3 }), next);
        const editor = new HiveEditor(disk.hive.bytes(), { check: false });
        editor.apply([value(1), value(2)], 2n);
        await commitHive(editor.commit(2n)!, disk.hive, disk.log);
        const before = readHive(disk.hive.bytes()).root;
        const edits: Edit[] = [
          value(3),
          value(4),
          value(11),
          { kind: "delete-key", path: "k9" },
          { kind: "create-key", path: "new\\deep" },
        ];
        editor.apply(edits, 3n);
        const after = applyEdits(before, edits, 3n);
        if (!(await disk.crashesAt(step, () => commitHive(editor.commit(3n)!, disk.hive, disk.log)))) break;
        const { bytes } = recoverHive(disk.hive.durable(), [disk.log.durable()]);
        const found = plain(modelOf(readHive(bytes).root));
        const isBefore = JSON.stringify(found, big) === JSON.stringify(plain(modelOf(before)), big);
        if (!isBefore) assert.deepEqual(found, plain(modelOf(after)), `seed ${seed}, step ${step}`);
        assert.deepEqual(wrongWith(bytes), [], `seed ${seed}, step ${step}`);
        seen[isBefore ? "before" : "after"]++;
      }
    }
    assert.ok(seen.before > 20 && seen.after > 20, JSON.stringify(seen));
  });

  const big = (_: string, each: unknown): unknown => (typeof each === "bigint" ? `${each}` : each);
});
