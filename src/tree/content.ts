/** The digest by which two trees are the same content (docs/formats/content-digest.md). */
import { ByteWriter } from "./byte-writer.ts";
import { childCount, childrenOf, valueCount, type Key } from "./key.ts";
import { writeValue } from "./tree-codec.ts";
import { listByName } from "./values.ts";

const domain = "clubar content digest 1\0";
const chunkSize = 64 * 1024;

/**
 * Names as stored, value types and bytes, class, security and symlink flag of everything in the tree. Not: times, stored order,
 * the name of the tree's own root. `sha256` digests the chunks one after the other.
 */
export function contentDigest(key: Key, sha256: (chunks: Iterable<Uint8Array>) => string): string {
  return sha256(chunksOf(key));
}

function* chunksOf(tree: Key): Generator<Uint8Array, void, undefined> {
  const to = new ByteWriter();
  for (const letter of domain) to.u8(letter.charCodeAt(0));
  to.text("");
  writeOwn(to, tree);
  const open: Iterator<Key>[] = [childrenOf(tree)[Symbol.iterator]()];
  for (let children = open.at(-1); children !== undefined; children = open.at(-1)) {
    const next = children.next();
    if (next.done === true) {
      open.pop();
      continue;
    }
    to.text(next.value.name);
    writeOwn(to, next.value);
    open.push(childrenOf(next.value)[Symbol.iterator]());
    if (to.length >= chunkSize) yield to.take();
  }
  yield to.take();
}

function writeOwn(to: ByteWriter, key: Key): void {
  to.optionalText(key.className);
  to.optionalBytes(key.security);
  to.u8(key.symlink ? 1 : 0);
  to.u32(valueCount(key));
  for (const value of listByName(key.values)) writeValue(to, value);
  to.u32(childCount(key));
}
