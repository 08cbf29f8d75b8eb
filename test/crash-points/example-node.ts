/** A node's data folder with registry, keys and ClusDb, and what a set holds of an earlier moment; for tests of its restore. */
import { sha256 } from "../../src/base/digest.ts";
import type { Files } from "../../src/base/outside.ts";
import { writeHive } from "../../src/hive/index.ts";
import { commitNodeRestore, openStaging } from "../../src/restore/restore.ts";
import { readHiveAtRest, writeHiveAtRest } from "../../src/registry/hive-at-rest.ts";
import { buildKey, findValue, type Key } from "../../src/tree/key.ts";
import { multiSz, sz, textOf } from "../../src/tree/value.ts";
import { outsideOf } from "./example-cluster.ts";

export const nodeData = "/n1";
const text = (words: string): Uint8Array => new TextEncoder().encode(words);

/** The hives of a moment: SOFTWARE says `word`, SYSTEM too, and lists one value that no restore may touch. */
export function hivesOf(word: string): ReadonlyMap<string, Key> {
  const value = buildKey({ name: "App", lastWritten: 1n, values: [sz("Word", word), sz("Mine", word)] });
  const lists = buildKey({
    name: "KeysNotToRestore",
    lastWritten: 1n,
    values: [multiSz("App", ["SOFTWARE\\App\\Mine"])],
  });
  const under = (names: readonly string[], child: Key): Key =>
    names.reduceRight((below, name) => buildKey({ name, lastWritten: 1n, children: [below] }), child);
  return new Map([
    ["SOFTWARE", under(["SOFTWARE"], value)],
    ["SYSTEM", under(["SYSTEM", "CurrentControlSet", "Control", "BackupRestore"], lists)],
  ]);
}

/** What a set has of that moment, by the names in a data folder. */
export function filesOf(word: string): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const [name, root] of hivesOf(word))
    files.set(`registry/${name}`, writeHive(root, { time: 1n, fileName: name }));
  files.set("ClusDb", text(`database of ${word}`));
  files.set(`keys/${"a".repeat(64)}.key`, text(`key of ${word}`));
  files.set("node.json", text(`{"word":"${word}"}`));
  return files;
}

/** The live node of a moment. */
export async function makeNode(files: Files, word: string): Promise<void> {
  for (const folder of ["registry", "keys"]) await files.makeFolder(`${nodeData}/${folder}`);
  for (const [name, bytes] of filesOf(word)) {
    if (name.startsWith("registry/")) {
      await writeHiveAtRest(files, `${nodeData}/registry`, name.slice("registry/".length), bytes);
      continue;
    }
    const handle = await files.open(`${nodeData}/${name}`, "create");
    await handle.write(bytes, 0);
    await handle.close();
  }
}

/** Stages what a set has of that moment. */
export async function stage(files: Files, word: string, salt = 1): Promise<string> {
  const staging = await openStaging(outsideOf(files, salt), nodeData);
  try {
    for (const [name, bytes] of filesOf(word)) await staging.put(name, bytes);
    await staging.decide({
      set: { path: "/set", digest: sha256(text(word)), node: { id: "1", name: "n1" }, tag: "1:1:5" },
    });
    return staging.id;
  } finally {
    await staging.close();
  }
}

export function commit(files: Files): ReturnType<typeof commitNodeRestore> {
  return commitNodeRestore(outsideOf(files, 9), nodeData);
}

/** The word that every file of the node says; throws when they disagree, or when a file is missing. `mine` is the value that is kept. */
export async function wordsOf(
  files: Files,
  folder: string = nodeData,
): Promise<{ readonly word: string; readonly mine: string }> {
  const words = new Set<string>();
  const said = async (name: string): Promise<string> => new TextDecoder().decode(await files.read(`${folder}/${name}`));
  words.add((await said("ClusDb")).replace("database of ", ""));
  words.add((await said(`keys/${"a".repeat(64)}.key`)).replace("key of ", ""));
  words.add((JSON.parse(await said("node.json")) as { word: string }).word);
  const software = await readHiveAtRest(files, `${folder}/registry`, "SOFTWARE");
  if (software === undefined) throw new Error("SOFTWARE is missing");
  words.add(textOf(findValue(software, "App", "Word")) ?? "");
  if ((await readHiveAtRest(files, `${folder}/registry`, "SYSTEM")) === undefined) throw new Error("SYSTEM is missing");
  if (words.size !== 1) throw new Error(`The node is a mixture: ${[...words].join(", ")}`);
  return { word: [...words].join(), mine: textOf(findValue(software, "App", "Mine")) ?? "" };
}
