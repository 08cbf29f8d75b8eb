/** The content of a checkpoint as people read it: a tree of keys with their values, cut where it gets too long. */
import { toHex } from "../base/bytes.ts";
import { childrenOf, type Key, valuesOf } from "../tree/key.ts";
import { dwordOf, type Value } from "../tree/value.ts";
import { plainValue, typeName } from "./value-view.ts";

/** A key with what is below it. */
export interface KeyView {
  readonly name: string;
  readonly values: readonly ShownValue[];
  readonly keys: readonly KeyView[];
}

/** A value as text; not lossless. */
export interface ShownValue {
  /** "" is the key's default value. */
  readonly name: string;
  /** `REG_SZ` … */
  readonly type: string;
  readonly text: string;
}

/** `more` keys and values of the keys that are here were left out. */
export interface TreeView {
  readonly root: KeyView;
  readonly more: number;
}

const longestText = 500;
/** Longer data is shown as bytes, whatever its type. */
const longestRead = 1 << 16;
const bytesShown = 64;

/** At most `most` keys and values, those nearer to the beginning first. */
export function treeView(root: Key, most = 2000, shown: (value: Value) => ShownValue = shownValue): TreeView {
  let left = most;
  let more = 0;
  const view = (key: Key): KeyView => {
    const values: ShownValue[] = [];
    const keys: KeyView[] = [];
    for (const value of valuesOf(key)) {
      if (left > 0) values.push(shown(value));
      else more += 1;
      left -= 1;
    }
    for (const child of childrenOf(key)) {
      left -= 1;
      if (left >= 0) keys.push(view(child));
      else more += 1;
    }
    return { name: key.name, values, keys };
  };
  const tree = view(root);
  return { root: tree, more };
}

/** One value. */
export function shownValue(value: Value): ShownValue {
  return { name: value.name, type: typeName(value.type), text: short(textOfValue(value)) };
}

/** A value of a directory's tree: modes as people write them, contents as text where they are text. */
export function shownFileValue(value: Value): ShownValue {
  const { name, data } = value;
  if (name === "Mode") return { name, type: "", text: (dwordOf(value) ?? 0).toString(8).padStart(4, "0") };
  const text = name === "Content" ? textOfBytes(data) : undefined;
  return { ...shownValue(value), type: "", ...(text === undefined ? {} : { text: short(text) }) };
}

/** undefined when the bytes are no text. */
function textOfBytes(bytes: Uint8Array): string | undefined {
  if (bytes.length > longestRead) return undefined;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return text.includes("\0") ? undefined : text;
  } catch {
    return undefined;
  }
}

function textOfValue(value: Value): string {
  const { data } = value;
  const plain = data.length > longestRead ? undefined : plainValue(value);
  if (typeof plain === "number") return `0x${plain.toString(16).padStart(8, "0")} (${plain})`;
  if (Array.isArray(plain)) return plain.join(" ⏎ ");
  if (typeof plain === "string" && !plain.startsWith("hex:")) return plain;
  const hex = toHex(data.subarray(0, bytesShown));
  return data.length > bytesShown ? `${hex}… (${data.length} bytes)` : hex;
}

function short(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText)}… (${text.length} characters)` : text;
}
