import type { Value } from "../tree/value.ts";
import { asciiJson } from "./ascii-json.ts";
import { HiveImage } from "./image.ts";
import type { KeyRecord } from "./walk.ts";
import { walkHive } from "./walk.ts";

/**
 * The canonical listing of a hive, a line a key and a value, tab-separated: depth first, a key's values before its subkeys, both in
 * the order of the file.
 *
 * `K depth name filetime subkeys values class` and `V name type size sha256`; names are JSON texts in ASCII, a missing class is `null`.
 *
 * Hands each line to `write`, `sha256` gives hexadecimal digits. Throws HiveError, after the lines of the keys before the damage.
 */
export function listHive(
  bytes: Uint8Array,
  sha256: (bytes: Uint8Array) => string,
  write: (line: string) => void,
): void {
  const image = new HiveImage(bytes);
  image.scanAll();
  walkHive(image.claiming(), (key) => {
    write(keyLine(key));
    for (const value of key.values) write(valueLine(value, sha256));
  });
}

function keyLine(key: KeyRecord): string {
  const className = key.className === undefined ? "null" : asciiJson(key.className);
  return ["K", key.depth, asciiJson(key.name), key.lastWritten, key.subkeys, key.values.length, className].join("\t");
}

function valueLine(value: Value, sha256: (bytes: Uint8Array) => string): string {
  return ["V", asciiJson(value.name), value.type, value.data.length, sha256(value.data)].join("\t");
}
