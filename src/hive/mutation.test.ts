import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ownHive, sharedHive, sharedHivesAbsent } from "../../test/hives/shared-hives.ts";
import { buildKey, emptyKey, type Key } from "../tree/key.ts";
import { binary } from "../tree/value.ts";
import { checkHive } from "./check.ts";
import { baseBlockChecksum } from "./base-block.ts";
import { deletedEntries } from "./deleted.ts";
import { HiveError } from "./hive-error.ts";
import { HiveImage } from "./image.ts";
import { base, nk } from "./layout.ts";
import { readImage } from "./read.ts";
import { salvageHive } from "./salvage.ts";
import { writeHive } from "./write.ts";

/** Numbers from a seed (mulberry32), so that a failure names the mutation that made it. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b_79f5) | 0;
    let n = Math.imul(state ^ (state >>> 15), 1 | state);
    n = (n + Math.imul(n ^ (n >>> 7), 61 | n)) ^ n;
    return ((n ^ (n >>> 14)) >>> 0) % below;
  };
}

const spots = [0, 1, 2, 4, 8, 0x20, 0x7f, 0xff, 0x100, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_fff8, 0xffff_ffff];

/** One to four changes: a bit, a byte, a field set to an awkward number or to another field's, a stretch copied or zeroed. */
function mutate(original: Uint8Array, seed: number): Uint8Array<ArrayBuffer> {
  const next = numbers(seed);
  const bytes = Uint8Array.from(original);
  const view = new DataView(bytes.buffer);
  const field = (): number => next(bytes.length / 4) * 4;
  for (let change = next(4); change >= 0; change--) {
    const kind = next(7);
    // Half of the changes go to the cells' heads and lists, which the front of a hive is full of.
    const at = next(2) === 0 ? next(bytes.length) : 4096 + next(Math.min(4096, bytes.length - 4096));
    if (kind === 0) bytes[at]! ^= 1 << next(8);
    else if (kind === 1) bytes[at] = next(256);
    else if (kind === 2) view.setUint32(at & ~3, spots[next(spots.length)]!, true);
    else if (kind === 3) view.setUint32(at & ~3, view.getUint32(field(), true), true);
    else if (kind === 4) view.setUint16(at & ~1, spots[next(spots.length)]! & 0xffff, true);
    else if (kind === 5) bytes.copyWithin(at, next(bytes.length), next(bytes.length));
    else bytes.fill(0, at, at + next(64));
  }
  // With the right checksum, changes of the base block are met where they do harm.
  if (next(2) === 0) view.setUint32(base.checksum, baseBlockChecksum(view), true);
  return next(16) === 0 ? bytes.slice(0, next(bytes.length)) : bytes;
}

/**
 * Reads; returns what happened and how much work it was. Anything but success and HiveError fails the test, and so does what the
 * reader refuses and the checker finds sound.
 */
function outcome(bytes: Uint8Array, thorough = true): { refused: boolean; steps: number } {
  let image: HiveImage | undefined;
  try {
    image = new HiveImage(bytes);
    readImage(image);
    return { refused: false, steps: image.steps };
  } catch (error) {
    assert.ok(
      !thorough || checkHive(bytes).some(({ severity }) => severity === "error"),
      `the checker found nothing: ${String(error)}`,
    );
    assert.ok(error instanceof HiveError, String(error));
    assert.ok(error.reason !== "" && error.offset >= 0 && error.offset <= bytes.length, error.message);
    return { refused: true, steps: image?.steps ?? 0 };
  }
}

/** What can be saved makes a sound hive. */
function salvages(bytes: Uint8Array, seed: number): void {
  try {
    const written = writeHive(salvageHive(bytes).tree, { time: 1n });
    deletedEntries(bytes);
    const findings = checkHive(written).filter(({ rule }) => !["security-descriptor", "symlink-target"].includes(rule));
    assert.deepEqual(findings, [], `seed ${seed}`);
  } catch (error) {
    assert.ok(error instanceof HiveError, `seed ${seed}: ${String(error)}`);
  }
}

function mutateAll(title: string, original: Uint8Array, count: number): void {
  test(`${count} mutations of ${title} are read or refused, in work bounded by the size`, () => {
    const refused = { true: 0, false: 0 };
    for (let seed = 1; seed <= count; seed++) {
      const bytes = mutate(original, seed);
      let result: ReturnType<typeof outcome>;
      try {
        result = outcome(bytes, seed % 4 === 0);
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
      if (result.refused && seed % 16 === 0) salvages(bytes, seed);
      assert.ok(result.steps <= bytes.length, `seed ${seed}: ${result.steps} steps for ${bytes.length} bytes`);
      refused[`${result.refused}`]++;
    }
    assert.ok(refused.true > count / 20 && refused.false > count / 20, JSON.stringify(refused));
  });
}

function treeWithEverything(): Key {
  const time = 133_485_408_000_000_000n;
  const children = Array.from({ length: 600 }, (_, i) => emptyKey(`k${i}`, time));
  const values = [
    binary("big", new Uint8Array(40_000).fill(7)),
    binary("", new Uint8Array(100)),
    binary("ж", new Uint8Array(3)),
  ];
  const below = buildKey({
    name: "ж",
    className: "class",
    lastWritten: time,
    values,
    security: new Uint8Array(30).fill(1),
  });
  return buildKey({ name: "ROOT", lastWritten: time, values, children: [...children, below] });
}

describe("mutated hives", () => {
  mutateAll("the hive that hivex wrote", ownHive(), 1000);
  mutateAll("a 1.5 hive with lists of lists and big data", writeHive(treeWithEverything(), { time: 1n }), 1000);
  mutateAll("a 1.3 hive with the same", writeHive(treeWithEverything(), { time: 1n, minor: 3 }), 300);

  describe("of others", { skip: sharedHivesAbsent }, () => {
    if (sharedHivesAbsent !== false) return;
    mutateAll("BCD", sharedHive("regipy/BCD"), 1000);
    mutateAll("SECURITY", sharedHive("regipy/SECURITY"), 1000);
    mutateAll("testhive", sharedHive("nt-hive/testhive"), 500);
    mutateAll("special", sharedHive("hivex/special"), 1000);
  });
});

describe("hives made to hurt", () => {
  const time = 1n;
  const root = buildKey({
    name: "R",
    lastWritten: time,
    children: [buildKey({ name: "a", lastWritten: time, children: [emptyKey("b", time)] })],
  });

  function change(bytes: Uint8Array, edit: (view: DataView) => void): Uint8Array {
    edit(new DataView(bytes.buffer));
    return bytes;
  }

  /** The file offset of the n-th structure with these letters. */
  function find(bytes: Uint8Array, letters: string, n = 0): number {
    for (let at = 4096 + 32 + 4; at < bytes.length; at += 8) {
      if (bytes[at] === letters.charCodeAt(0) && bytes[at + 1] === letters.charCodeAt(1) && n-- === 0) return at;
    }
    throw new Error(`there is no ${letters}`);
  }

  const refusal = (bytes: Uint8Array): HiveError => {
    try {
      readImage(new HiveImage(bytes));
    } catch (error) {
      assert.ok(error instanceof HiveError);
      return error;
    }
    throw new assert.AssertionError({ message: "the hive was read" });
  };

  test("a key that is its own descendant is named by its offset", () => {
    const bytes = writeHive(root, { time });
    const error = refusal(
      change(bytes, (view) => view.setUint32(find(bytes, "lh", 1) + 4, view.getUint32(base.root, true), true)),
    );
    assert.equal(error.offset, 4096 + 0x20);
    assert.match(error.reason, /used twice/);
  });

  test("513 levels are too deep", () => {
    let tree = emptyKey("leaf", time);
    for (let i = 0; i < 511; i++) tree = buildKey({ name: "k", lastWritten: time, children: [tree] });
    const other = buildKey({ name: "z", lastWritten: time, children: [emptyKey("y", time)] });
    const bytes = writeHive(buildKey({ name: "R", lastWritten: time, children: [tree, other] }), { time });
    // Keys are written level by level: R, k, z, k, y, k, k … leaf. The list of z goes to the leaf, and z goes.
    const [top, below, leaf] = [find(bytes, "nk"), find(bytes, "nk", 4), find(bytes, "nk", 514)];
    const error = refusal(
      change(bytes, (view) => {
        view.setUint32(leaf + nk.subkeys, 1, true);
        view.setUint32(leaf + nk.list, find(bytes, "lh", 2) - 4 - 4096, true);
        view.setUint32(below + nk.parent, leaf - 4 - 4096, true);
        view.setUint32(top + nk.subkeys, 1, true);
        view.setUint16(find(bytes, "lh") + 2, 1, true);
      }),
    );
    assert.match(error.reason, /deeper than 512/);
    assert.equal(error.offset, below);
  });

  test("an index root below an index root", () => {
    const children = Array.from({ length: 600 }, (_, i) => emptyKey(`k${i}`, time));
    const bytes = writeHive(buildKey({ name: "R", lastWritten: time, children }), { time });
    const leaf = find(bytes, "lh");
    const error = refusal(change(bytes, (view) => view.setUint16(leaf, 0x6972, true)));
    assert.match(error.reason, /index root points to an index root/);
    assert.equal(error.offset, leaf);
  });

  test("lengths that go past their cell", () => {
    const tree = buildKey({ name: "R", className: "c", lastWritten: time, values: [binary("v", new Uint8Array(50))] });
    const fields = [
      ["nk", 72, 0x70],
      ["nk", 74, 0x7ffe],
      ["nk", 36, 0x4000_0000],
      ["vk", 2, 0x7fff],
      ["vk", 4, 0x7fff_ffff],
      ["vk", 4, 0x8000_0005],
      ["sk", 16, 0xffff_fff0],
    ] as const;
    for (const minor of [3, 5] as const) {
      for (const [letters, field, value] of fields) {
        const bytes = writeHive(tree, { time, minor });
        const at = find(bytes, letters) + field;
        const error = refusal(
          change(bytes, (view) => (value > 0xffff ? view.setUint32(at, value, true) : view.setUint16(at, value, true))),
        );
        assert.ok(error.offset > 4096, error.message);
      }
    }
  });

  test("a db with segments too few, too many, too short or shared", () => {
    const tree = buildKey({ name: "R", lastWritten: time, values: [binary("v", new Uint8Array(40_000).fill(1))] });
    const broken: ((view: DataView, head: number) => void)[] = [
      (view, head) => view.setUint16(head + 2, 2, true),
      (view, head) => view.setUint16(head + 2, 4, true),
      (view, head) => view.setUint16(head + 2, 0xffff, true),
      (view, head) => view.setUint16(head, 0x4141, true),
      (view, head) => {
        const list = 4096 + 4 + view.getUint32(head + 4, true);
        view.setUint32(list, view.getUint32(list + 4, true), true);
      },
      (view, head) => {
        const list = 4096 + 4 + view.getUint32(head + 4, true);
        view.setUint32(list, view.getUint32(list + 8, true), true);
      },
    ];
    for (const damage of broken) {
      const bytes = writeHive(tree, { time });
      const head = find(bytes, "db");
      assert.ok(refusal(change(bytes, (view) => damage(view, head))).reason !== "");
    }
  });
});
