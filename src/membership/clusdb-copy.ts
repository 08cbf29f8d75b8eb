/** A node's own copy of the cluster database as it lies in its data folder: the hive `ClusDb` with the tag and the lineage in its root. */
import { tagValueName } from "../database/apply.ts";
import { readHive, writeHive, writeHiveInSlices, type WriteOptions } from "../hive/index.ts";
import { formatTag, parseTag, type Tag } from "../quorum/tag.ts";
import { applyEdits } from "../tree/edit.ts";
import { fileTime, type Key, valueOf } from "../tree/key.ts";
import { sz, textOf } from "../tree/value.ts";

/** The root value that names the lineage of the copy's generation. Only the file holds it. */
const lineageValue = "Lineage";

/** A copy of the database and what it stands for. */
export interface ClusDbCopy {
  readonly tree: Key;
  readonly tag: Tag;
  /** "" when the file does not say. */
  readonly lineage: string;
}

/** undefined when the hive has no tag: it is no copy that clubar wrote. HiveError when it is no hive. */
export function decodeClusDb(bytes: Uint8Array): ClusDbCopy | undefined {
  const { root } = readHive(bytes);
  const tag = parseTag(textOf(valueOf(root, tagValueName)) ?? "");
  if (tag === undefined) return undefined;
  const lineage = textOf(valueOf(root, lineageValue)) ?? "";
  // As part of the copy it would make this node's database differ from the others'.
  const tree = applyEdits(root, [{ kind: "delete-value", path: "", name: lineageValue }], root.lastWritten);
  return { tree, tag, lineage };
}

/** `wallMs`: wall time in milliseconds of the file. */
export function encodeClusDb(copy: ClusDbCopy, wallMs: number): Uint8Array {
  return writeHive(fileTree(copy, wallMs), optionsAt(wallMs));
}

/** The same bytes, with a pause after every few MiB. */
export function encodeClusDbInSlices(
  copy: ClusDbCopy,
  wallMs: number,
  pause: () => Promise<void>,
): Promise<Uint8Array> {
  return writeHiveInSlices(fileTree(copy, wallMs), optionsAt(wallMs), pause);
}

function fileTree({ tree, tag, lineage }: ClusDbCopy, wallMs: number): Key {
  const values = [sz(tagValueName, formatTag(tag)), sz(lineageValue, lineage)];
  const edits = values.map((value) => ({ kind: "set-value", path: "", value }) as const);
  return applyEdits(tree, edits, fileTime(wallMs));
}

function optionsAt(wallMs: number): WriteOptions {
  return { time: fileTime(wallMs), fileName: "ClusDb" };
}
