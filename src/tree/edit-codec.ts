/** Edits in bytes, for journals and messages: binary, versioned, lossless (docs/formats/edits.md). */
import { fail } from "../base/errors.ts";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import type { Edit } from "./edit.ts";
import { readTree, readValue, writeTree, writeValue } from "./tree-codec.ts";

const version = 1;
const code = {
  "create-key": 1,
  "delete-key": 2,
  "set-value": 3,
  "delete-value": 4,
  "set-security": 5,
  "put-tree": 6,
} as const;

/** Lossless, lone surrogates and `put-tree` included. */
export function encodeEdits(edits: readonly Edit[]): Uint8Array<ArrayBuffer> {
  const to = new ByteWriter();
  to.u8(version);
  to.u32(edits.length);
  for (const edit of edits) writeEdit(to, edit);
  return to.take();
}

function writeEdit(to: ByteWriter, edit: Edit): void {
  to.u8(code[edit.kind]);
  to.text(edit.path);
  switch (edit.kind) {
    case "create-key":
      return to.optionalText(edit.className);
    case "delete-key":
      return;
    case "set-value":
      return writeValue(to, edit.value);
    case "delete-value":
      return to.text(edit.name);
    case "set-security":
      return to.optionalBytes(edit.security);
    case "put-tree":
      return writeTree(to, edit.tree);
  }
}

/** VERSION_NOT_SUPPORTED for a later version; CLUSTER_CANT_DESERIALIZE_DATA for anything `encodeEdits` does not write. */
export function decodeEdits(bytes: Uint8Array): Edit[] {
  const from = new ByteReader(bytes);
  const found = from.u8();
  if (found !== version) {
    throw fail("VERSION_NOT_SUPPORTED", {
      happened: `The edits have the format version ${found}; this clubar reads version ${version}.`,
      unchanged: "Nothing was changed.",
      next: "Update clubar on this node.",
    });
  }
  const edits = Array.from({ length: from.count(5) }, () => readEdit(from));
  from.end();
  return edits;
}

function readEdit(from: ByteReader): Edit {
  const kind = from.u8();
  const path = from.text();
  switch (kind) {
    case code["create-key"]: {
      const className = from.optionalText();
      return className === undefined ? { kind: "create-key", path } : { kind: "create-key", path, className };
    }
    case code["delete-key"]:
      return { kind: "delete-key", path };
    case code["set-value"]:
      return { kind: "set-value", path, value: readValue(from) };
    case code["delete-value"]:
      return { kind: "delete-value", path, name: from.text() };
    case code["set-security"]:
      return { kind: "set-security", path, security: from.optionalBytes() };
    case code["put-tree"]:
      return { kind: "put-tree", path, tree: readTree(from) };
    default:
      throw from.damaged(`there is no edit of kind ${kind}`);
  }
}
