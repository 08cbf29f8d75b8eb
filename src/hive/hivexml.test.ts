import { describe, test } from "node:test";
import fc from "fast-check";
import { hivexmlAbsent, hivexmlListing } from "../../test/hives/hivexml.ts";
import { assertSameLines } from "../../test/hives/same-lines.ts";
import { isHiveName, ownHive, sharedFiles, sharedHive, sharedHivesAbsent } from "../../test/hives/shared-hives.ts";
import { toBase64 } from "../base/bytes.ts";
import * as arbitrary from "../tree/arbitrary.ts";
import { buildKey, childrenOf, emptyKey, type Key, valuesOf } from "../tree/key.ts";
import { valueType } from "../tree/value.ts";
import { HiveError } from "./hive-error.ts";
import { readHive } from "./read.ts";
import { writeHive } from "./write.ts";

/** hivexml shows names as C strings and XML: no NUL, lone surrogate or what XML has no place for; and no class names. */
function cleanName(name: string): string {
  return name
    .replace(/\p{Cc}|[\ufffe\uffff]/gu, "_")
    .toWellFormed()
    .replaceAll("\ufffd", "_");
}

/** The same tree with clean names and every value binary, which hivexml shows to the byte. */
function forHivexml(root: Key): Key {
  const convert = (key: Key, below: readonly Key[]): Key => {
    const values = new Map(
      [...valuesOf(key)].map(({ name, data }) => [
        cleanName(name).toUpperCase(),
        { name: cleanName(name), type: valueType.binary, data },
      ]),
    );
    const children = new Map(below.map((child) => [child.name.toUpperCase(), child]));
    return buildKey({
      name: cleanName(key.name),
      lastWritten: key.lastWritten,
      values: [...values.values()],
      children: [...children.values()],
    });
  };
  const visit = (key: Key): Key => convert(key, [...childrenOf(key)].map(visit));
  return visit(root);
}

/** What `hivexmlListing` should say of a tree of binary values. */
function expectedListing(root: Key): string[] {
  const lines: string[] = [];
  const visit = (key: Key, depth: number): void => {
    lines.push(`${depth}\t${JSON.stringify(key.name)}`);
    for (const { name, data } of valuesOf(key))
      lines.push([name, "binary", toBase64(data)].map((field) => JSON.stringify(field)).join("\t"));
    for (const child of childrenOf(key)) visit(child, depth + 1);
  };
  visit(root, 0);
  return lines;
}

describe("hivexml reads what the writer writes", { skip: hivexmlAbsent }, () => {
  const time = 133_485_408_000_000_000n;
  const readsTheSame = (root: Key, minor: 3 | 5): void => {
    assertSameLines(hivexmlListing(writeHive(root, { time, minor })), expectedListing(root));
  };

  test("a hive of hivex's own, types and all", () => {
    for (const minor of [3, 5] as const) {
      assertSameLines(hivexmlListing(writeHive(readHive(ownHive()).root, { time, minor })), hivexmlListing(ownHive()));
    }
  });

  test("any tree", () => {
    fc.assert(
      fc.property(arbitrary.tree(), fc.constantFrom(3 as const, 5 as const), (tree, minor) =>
        readsTheSame(forHivexml(tree), minor),
      ),
      { numRuns: 30, endOnFailure: true },
    );
  });

  test("5 000 subkeys, big data", () => {
    const children = Array.from({ length: 5000 }, (_, i) => emptyKey(`k${i}`, time));
    const values = [5, 16_344, 16_345, 100_000].map((size) => ({
      name: `${size}`,
      type: valueType.binary,
      data: Uint8Array.from({ length: size }, (_, i) => i * 13 + (i >> 7)),
    }));
    const root = buildKey({ name: "ROOT", lastWritten: time, values, children });
    readsTheSame(root, 3);
    readsTheSame(root, 5);
  });

  describe("hives of others, written again", { skip: sharedHivesAbsent }, () => {
    for (const name of sharedHivesAbsent === false ? sharedFiles().filter(isHiveName) : []) {
      const bytes = sharedHive(name);
      if (bytes.length > 4_000_000) continue;
      let root: Key;
      try {
        root = readHive(bytes).root;
      } catch (error) {
        if (error instanceof HiveError) continue;
        throw error;
      }
      test(name, () => readsTheSame(forHivexml(root), 5));
    }
  });
});
