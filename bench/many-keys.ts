/** Key trees of a given size. */
import { buildKey, type Key } from "../src/tree/key.ts";
import { binary, dword } from "../src/tree/value.ts";

/** A tree of `count` keys below one root, a hundred in each folder, each with one number and `bytes` bytes. */
export function manyKeys(name: string, count: number, bytes: number): Key {
  const data = new Uint8Array(bytes).map((_, index) => index * 31);
  const folders: Key[] = [];
  for (let made = 0; made < count; ) {
    const children: Key[] = [];
    for (let child = 0; child < 100 && made < count - 1; child++, made++) {
      const values = [dword("Number", made), ...(bytes === 0 ? [] : [binary("Data", data)])];
      children.push(buildKey({ name: `Key ${made}`, lastWritten: 1n, values }));
    }
    folders.push(buildKey({ name: `Folder ${made++}`, lastWritten: 1n, children }));
  }
  return buildKey({ name, lastWritten: 1n, children: folders });
}
