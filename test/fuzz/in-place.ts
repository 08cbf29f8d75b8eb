/** Edits of a hive in place, made from bytes, against the same edits of a tree. */
import assert from "node:assert/strict";
import { ownHive, sharedHive, sharedHivesAbsent } from "../hives/shared-hives.ts";
import { madeHives } from "./seeds.ts";
import { expectFailure, type Target } from "./target.ts";
import {
  applyEdits,
  buildKey,
  checkHive,
  diff,
  type Edit,
  emptyKey,
  HiveEditor,
  type Key,
  readHive,
  writeHive,
} from "../../src/hive/index.ts";

const names = ["a", "B", "ä", "Ä", "жук", "a-longer-name", "z", "\ud800", "k1", "K1", "k20", "k300"];
const sizes = [0, 3, 4, 5, 8, 60, 500, 2000];
/** At these cells get bins of their own, and data are cut. */
const largeSizes = [4000, 16_344, 16_345, 40_000];

/** Reads small numbers off bytes; 0 after their end. */
class Choices {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): boolean {
    return this.#at < this.#bytes.length;
  }

  below(bound: number): number {
    return (this.#bytes[this.#at++] ?? 0) % bound;
  }

  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

function editFrom(choices: Choices): Edit {
  const path = Array.from({ length: choices.below(3) }, () => choices.of(names)).join("\\");
  switch (choices.below(8)) {
    case 0:
      return { kind: "create-key", path, className: choices.of([undefined, "c", "class name"]) };
    case 1:
      return { kind: "delete-key", path };
    case 2:
      return { kind: "delete-value", path, name: choices.of(names) };
    case 3:
      return { kind: "set-security", path, security: securityOf(choices.below(4)) };
    case 4:
      return { kind: "put-tree", path, tree: treeFrom(choices) };
    default:
      return { kind: "set-value", path, value: valueFrom(choices) };
  }
}

function valueFrom(choices: Choices): { name: string; type: number; data: Uint8Array } {
  const [name, type, byte] = [choices.of(names), choices.below(12), choices.below(256)];
  const size = choices.of(choices.below(32) === 0 ? largeSizes : sizes);
  return { name, type, data: new Uint8Array(size).fill(byte) };
}

function treeFrom(choices: Choices): Key {
  // Seldom more than one list holds.
  const many = choices.below(64) === 0 ? 2 + choices.below(600) : choices.below(12);
  const children = Array.from({ length: many }, (_, i) => emptyKey(`k${i}`, 3n));
  return buildKey({
    name: "t",
    lastWritten: 2n,
    className: choices.of([undefined, "x"]),
    values: [valueFrom(choices)],
    children,
  });
}

function securityOf(byte: number): Uint8Array | undefined {
  if (byte === 0) return undefined;
  const bytes = new Uint8Array(40 + byte);
  bytes.set([1, 0, 4, 0x80, 20]);
  bytes[39] = byte;
  return bytes;
}

/** Larger ones are taken less often. */
const largeHive = 20_000;

/** Hives to edit, with what is in them: new ones, those with lists of all kinds and free cells, and one of Windows. */
function bases(): { hive: Uint8Array; tree: Key }[] {
  const small = buildKey({ name: "R", lastWritten: 1n, children: [emptyKey("a", 1n), emptyKey("k1", 1n)] });
  const written = ([3, 5] as const).map((minor) => writeHive(small, { time: 1n, minor }));
  const made = madeHives().filter((hive) => hive[24]! < 6 && hive.length < 10_000);
  const others = sharedHivesAbsent === false ? [sharedHive("nt-hive/testhive"), sharedHive("hivex/minimal")] : [];
  const sound = [...written, ...made, ...others, ownHive()].filter((hive) => checkHive(hive).length === 0);
  return sound.map((hive) => ({ hive, tree: readHive(hive).root }));
}

let known: ReturnType<typeof bases> | undefined;

/** Up to four commits; the inputs choose the hive and the edits. */
function run(bytes: Uint8Array): string[] {
  const choices = new Choices(bytes);
  known ??= bases();
  const seldom = choices.below(32) === 0;
  const base = choices.of(known.filter(({ hive }) => seldom || hive.length < largeHive));
  let { tree } = base;
  const editor = new HiveEditor(base.hive, { check: false });
  const happened: string[] = [];
  for (let commit = 0; commit < 4 && choices.left; commit++) {
    const edits = Array.from({ length: 1 + choices.below(6) }, () => editFrom(choices));
    let after = tree;
    const expected = nameOf(() => {
      after = applyEdits(tree, edits, 9n);
    });
    assert.equal(
      nameOf(() => editor.apply(edits, 9n)),
      expected,
    );
    happened.push(expected, ...edits.map(({ kind }) => `${kind} ${commit}`));
    if (expected !== "done") return happened;
    tree = after;
    editor.commit(9n);
    for (const { kind, path } of diff(readHive(editor.bytes).root, tree)) assert.fail(`${kind}: ${path}`);
    const findings = checkHive(editor.bytes);
    if (findings.length > 0) assert.deepEqual(findings, []);
    happened.push(`size ${Math.min(3, editor.bytes.length >>> 14)}`);
  }
  return happened;
}

export const inPlace: Target = {
  corpus: () => [1, 2, 3, 4].map((seed) => Uint8Array.from({ length: 60 }, (_, i) => (i * 97 * seed) >>> 2)),
  run,
};

function nameOf(act: () => void): string {
  try {
    act();
    return "done";
  } catch (error) {
    return expectFailure(error).name;
  }
}
