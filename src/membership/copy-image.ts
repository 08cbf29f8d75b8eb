/** The cluster database as a hive image, and back. */
import { readHive, writeHive, writeHiveInSlices, type WriteOptions } from "../hive/index.ts";
import { applyRecord, tagValueName } from "../database/apply.ts";
import type { Loaded, SnapshotImage } from "../quorum/quorum.ts";
import { formatTag, type Tag } from "../quorum/tag.ts";
import { applyEdits } from "../tree/edit.ts";
import { fileTime, type Key } from "../tree/key.ts";
import { sz } from "../tree/value.ts";

/** `tree` with `tag` in it, as a hive named ClusDb. */
export function imageOf(tree: Key, tag: Tag, wallMs: number): SnapshotImage {
  return { tag, hive: writeHive(tagged(tree, tag, wallMs), optionsAt(wallMs)) };
}

/** The same, with a pause after every few MiB. */
export async function imageInSlices(
  tree: Key,
  tag: Tag,
  wallMs: number,
  pause: () => Promise<void>,
): Promise<SnapshotImage> {
  return { tag, hive: await writeHiveInSlices(tagged(tree, tag, wallMs), optionsAt(wallMs), pause) };
}

function tagged(tree: Key, tag: Tag, wallMs: number): Key {
  const value = sz(tagValueName, formatTag(tag));
  return applyEdits(tree, [{ kind: "set-value", path: "", value }], fileTime(wallMs));
}

function optionsAt(wallMs: number): WriteOptions {
  return { time: fileTime(wallMs), fileName: "ClusDb" };
}

/** The tree of an image; throws HiveError when it is no hive. */
function treeOf(image: SnapshotImage): Key {
  return readHive(image.hive).root;
}

/** The database after everything that was loaded, and the tag of the newest record. */
export function replay(loaded: Loaded): { tree: Key; tag: Tag } {
  let tree = treeOf(loaded.snapshot);
  let tag = loaded.snapshot.tag;
  for (const record of loaded.records) {
    tree = applyRecord(tree, record);
    tag = record.tag;
  }
  return { tree, tag };
}
