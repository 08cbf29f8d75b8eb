import { buildKey, type Key } from "../../src/tree/key.ts";
import { binary, dword, multiSz, qword, sz } from "../../src/tree/value.ts";

/** Bytes that one key of `syntheticTree` takes in a hive, about. */
export const bytesPerKey = 1158;

/** The same tree again and again under names of their own: a hive of any size from little memory. */
export function repeatedTree(count: number, each: Key): Key {
  const children = Array.from({ length: count }, (_, at) => ({ ...each, name: `Copy${String(at).padStart(5, "0")}` }));
  return buildKey({ name: "ROOT", lastWritten: 1n, children });
}

/** A tree like a very large cluster's: `count` keys with eight values each, 64 in a folder, 64 folders in a group. */
export function syntheticTree(count: number): Key {
  let seed = 12_345;
  const random = (): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed >>> 8;
  };
  const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, "0").slice(-digits);
  const leaf = (at: number): Key => {
    const guid = `${hex(at * 2_654_435, 8)}-${hex(random(), 4)}-4${hex(random(), 3)}-9${hex(random(), 3)}-${hex(random(), 12)}`;
    const reference = (): string => `{${hex(random(), 8)}-1111-2222-3333-${hex(random(), 12)}}`;
    return buildKey({
      name: guid,
      lastWritten: 133_485_408_000_000_000n,
      values: [
        sz("Name", `Virtual Machine Configuration ${at}`),
        sz("Type", "Virtual Machine"),
        dword("PersistentState", 1),
        dword("RestartPeriod", 900_000),
        dword("Flags", random()),
        multiSz("Contains", [reference(), reference(), reference()]),
        binary("Security", Uint8Array.from({ length: 300 }, random)),
        qword("LastChange", BigInt(random())),
      ],
    });
  };
  const folder = (name: string, children: readonly Key[]): Key => buildKey({ name, lastWritten: 1n, children });
  const groups: Key[] = [];
  for (let made = 0; made < count; ) {
    const folders: Key[] = [];
    for (let f = 0; f < 64 && made < count; f++) {
      const leaves: Key[] = [];
      for (let l = 0; l < 64 && made < count; l++) leaves.push(leaf(made++));
      folders.push(folder(`Resources${hex(f, 4)}`, leaves));
    }
    groups.push(folder(`Group${hex(groups.length, 4)}`, folders));
  }
  return folder("ROOT", groups);
}
