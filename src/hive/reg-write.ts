/**
 * Key trees as registry text (`.reg`; facts regf.md §1.7). The format carries keys, values, their types and bytes. What it can't carry
 * stands in comments that clubar reads and others pass over: docs/formats/registry-text.md.
 */
import { decodeUtf16, concatBytes } from "../base/bytes.ts";
import { fail } from "../base/errors.ts";
import { sameSecurity } from "../tree/edit.ts";
import { childrenOf, type Key, valuesOf } from "../tree/key.ts";
import { valueType } from "../tree/value.ts";
import { asciiJson } from "./ascii-json.ts";
import { decodeLatin1 } from "./names.ts";
import type { HiveKey, HiveValue, OpenHive } from "./open.ts";
import { encoderOf, type RegEncoder, type RegForm } from "./reg-encoding.ts";
import { RegSink } from "./reg-sink.ts";

/** The first lines of the two dialects. */
export const regTitle = { unicode: "Windows Registry Editor Version 5.00", old: "REGEDIT4" } as const;
/** How a comment for clubar begins. */
export const extensionMark = ";clubar ";
/** The version of these comments. */
export const extensionVersion = "1";

/** How a tree becomes registry text. */
export interface RegTextOptions {
  /** The full name of the key that the tree is; HKEY_LOCAL_MACHINE unless given. "" for a tree whose subkeys are HKEY_…. */
  readonly prefix?: string;
  /** `unicode` unless given. */
  readonly form?: RegForm;
  /** Of `regedit4`; windows-1252 unless given. */
  readonly codePage?: string;
  /**
   * true unless given: class names, security, symbolic links, and names or texts that a line can't hold stand in comments. With false
   * the first three are left out and such names are refused.
   */
  readonly extension?: boolean;
  /** Last-write times, too; false unless given. */
  readonly times?: boolean;
}

/** A key and all below it as registry text. INVALID_NAME without `extension` for a name or value that the form can't hold. */
export function writeRegText(key: Key, options: RegTextOptions = {}): Uint8Array<ArrayBuffer> {
  const chunks: Uint8Array[] = [];
  streamRegText(key, options, (chunk) => chunks.push(chunk));
  return concatBytes(chunks);
}

/** The same, handed out in chunks that end at line ends; so its memory does not grow with the tree. */
export function streamRegText(key: Key, options: RegTextOptions, write: RegOutput): void {
  const writer = new RegWriter(options, write);
  const waiting: { readonly key: Key; readonly depth: number }[] = [{ key, depth: 0 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { key: present, depth } = next;
    writer.key(present, depth);
    for (const { name, type, data } of valuesOf(present)) writer.value(name, type, data, 0, data.length);
    const first = waiting.length;
    for (const child of childrenOf(present)) waiting.push({ key: child, depth: depth + 1 });
    reverseFrom(waiting, first);
  }
  writer.finish();
}

/**
 * A hive, or what is at and below one of its keys, without a tree being made of it: keys and values in the order of the file. Throws
 * HiveError at the first damage, after some chunks perhaps.
 */
export function streamHiveText(hive: OpenHive, options: RegTextOptions, write: RegOutput, from?: HiveKey): void {
  const writer = new RegWriter(options, write);
  const { bytes } = hive;
  const value = (one: HiveValue): void => {
    const at = one.dataOffset;
    if (at !== undefined) writer.value(one.name, one.type, bytes, at, one.size);
    else writer.value(one.name, one.type, one.data, 0, one.size);
  };
  hive.walk({ key: (key, depth) => writer.key(key, depth), value }, from);
  writer.finish();
}

/** Takes a chunk of text; its bytes are its own. */
export type RegOutput = (chunk: Uint8Array<ArrayBuffer>) => void;

/** What of a key is written before its values. */
type Attributes = Pick<Key, "name" | "className" | "security" | "symlink" | "lastWritten">;

/** A key on the way from the root to the present one. */
interface Above {
  readonly path: string;
  readonly security: Uint8Array | undefined;
  /** It or a key above it has a name that a line can't hold: all of it stands in comments. */
  readonly hidden: boolean;
}

class RegWriter {
  readonly #options: RegTextOptions;
  readonly #encoder: RegEncoder;
  readonly #sink: RegSink;
  readonly #isOld: boolean;
  readonly #extension: boolean;
  readonly #above: Above[] = [];
  #hidden = false;
  #isMarked = false;
  /** Their numbers: by identity, which answers nearly always, and by content. */
  readonly #securities = new Map<Uint8Array | string, number>();
  #distinct = 0;

  constructor(options: RegTextOptions, write: RegOutput) {
    const { form = "unicode", codePage, extension = true } = options;
    this.#options = options;
    this.#isOld = form === "regedit4";
    this.#extension = extension;
    this.#encoder = encoderOf(form, codePage);
    this.#sink = new RegSink(this.#encoder, write);
    if (form === "unicode") this.#sink.text("\ufeff");
    this.#line(this.#isOld ? regTitle.old : regTitle.unicode);
  }

  /** A key, 0 levels below the prefix or some; before its values and subkeys. */
  key(key: Attributes, depth: number): void {
    const above = depth === 0 ? undefined : this.#above[depth - 1];
    const path = this.#path(key.name, above);
    const hidden = above === undefined ? !this.#holds(path) : above.hidden || !this.#holds(key.name);
    const security = this.#extension ? key.security : undefined;
    this.#above.length = depth;
    this.#above.push({ path, security, hidden });
    this.#hidden = hidden;
    // Without a prefix, the subkeys of the root are the HKEY_… of the text.
    if (path === "") return;
    const sink = this.#sink;
    sink.end();
    if (hidden) this.#comment(path, `key ${asciiJson(path)}`);
    else {
      sink.text("[");
      sink.text(path);
      sink.text("]");
      sink.end();
    }
    if (!this.#extension) return;
    if (above === undefined && path !== key.name && !path.endsWith(`\\${key.name}`))
      this.#comment(path, `name ${asciiJson(key.name)}`);
    this.#attributes(key);
    if (!sameSecurity(security, above?.security)) this.#security(key.name, security);
  }

  #path(name: string, above: Above | undefined): string {
    if (above === undefined) return this.#options.prefix ?? "HKEY_LOCAL_MACHINE";
    return above.path === "" ? name : `${above.path}\\${name}`;
  }

  /** After the last value. */
  finish(): void {
    this.#sink.end();
    this.#sink.flush();
  }

  #attributes(key: Attributes): void {
    if (key.className !== undefined) this.#comment(key.name, `class ${asciiJson(key.className)}`);
    if (key.symlink) this.#comment(key.name, "link");
    if (this.#options.times === true) this.#comment(key.name, `time ${key.lastWritten}`);
  }

  /** The first use of a descriptor numbers it. */
  #security(name: string, security: Uint8Array | undefined): void {
    if (security === undefined) {
      this.#comment(name, "security none");
      return;
    }
    let known = this.#securities.get(security);
    if (known === undefined) {
      const content = decodeLatin1(security, 0, security.length);
      known = this.#securities.get(content);
      if (known !== undefined) this.#securities.set(security, known);
      else this.#securities.set(content, this.#distinct).set(security, this.#distinct);
    }
    const number = known ?? this.#distinct++;
    this.#comment(name, `security ${number}`, () => {
      if (known !== undefined) return;
      this.#sink.text("=hex:");
      this.#sink.hex(security, 0, security.length, true);
    });
  }

  /** A value of the key written last; its `size` bytes begin at `from`. */
  value(name: string, type: number, bytes: Uint8Array, from: number, size: number): void {
    const sink = this.#sink;
    const shown = this.#hidden || !this.#holds(name) ? undefined : this.#shownAs(type, bytes, from, size);
    if (shown === undefined) {
      this.#comment(name, `value ${asciiJson(name)} hex(${type.toString(16)}):`, () =>
        sink.hex(bytes, from, size, true),
      );
      return;
    }
    if (name === "") sink.text("@=");
    else {
      sink.quoted(name);
      sink.text("=");
    }
    if (shown === "text") sink.quotedUnits(bytes, from, size / 2 - 1);
    else if (type === valueType.dword && size === 4) {
      const number =
        bytes[from]! + bytes[from + 1]! * 0x100 + bytes[from + 2]! * 0x1_0000 + bytes[from + 3]! * 0x100_0000;
      sink.text("dword:");
      sink.text(number.toString(16).padStart(8, "0"));
    } else {
      sink.text(type === valueType.binary ? "hex:" : `hex(${type.toString(16)}):`);
      if (shown === "bytes") sink.hex(bytes, from, size);
      else sink.hex(shown, 0, shown.length);
    }
    sink.end();
  }

  /** "text", "bytes", or other bytes to write in hexadecimal; undefined when the dialect has no way to write them. */
  #shownAs(type: number, bytes: Uint8Array, from: number, size: number): "text" | "bytes" | Uint8Array | undefined {
    if (type === valueType.sz && this.#isPlainText(bytes, from, size)) return "text";
    if (!this.#isOld || !isTextType(type)) return "bytes";
    // In the old dialect these bytes are of the code page.
    const text = decodeUtf16(bytes.subarray(from, from + size));
    if (size % 2 !== 0 || !this.#encoder.holds(text)) return undefined;
    return this.#encoder.encode(
      Uint16Array.from(text, (unit) => unit.charCodeAt(0)),
      text.length,
    );
  }

  /** The bytes are exactly a text and one NUL, and a line can hold it. */
  #isPlainText(bytes: Uint8Array, from: number, size: number): boolean {
    const end = from + size - 2;
    if (size < 2 || size % 2 !== 0 || bytes[end] !== 0 || bytes[end + 1] !== 0) return false;
    let isAscii = true;
    for (let at = from; at < end; at += 2) {
      const low = bytes[at]!;
      if (bytes[at + 1] !== 0) isAscii = false;
      else if (low === 0 || low === 10 || low === 13) return false;
      else if (low > 0x7f) isAscii = false;
    }
    if (isAscii) return true;
    const text = decodeUtf16(bytes.subarray(from, end));
    return text.isWellFormed() && this.#encoder.holds(text);
  }

  /** What most names are, printable ASCII, every form holds. */
  #holds(name: string): boolean {
    for (let at = 0; at < name.length; at++) {
      const unit = name.charCodeAt(at);
      if (unit < 0x20 || unit > 0x7e) return !/[\r\n\0]/.test(name) && this.#encoder.holds(name);
    }
    return true;
  }

  /** A line for clubar alone, all in ASCII; `name` is what could not be written without it. */
  #comment(name: string, text: string, more?: () => void): void {
    if (!this.#extension) throw cannotHold(name);
    if (!this.#isMarked) this.#line(`${extensionMark}${extensionVersion}`);
    this.#isMarked = true;
    this.#sink.text(extensionMark);
    this.#sink.text(text);
    more?.();
    this.#sink.end();
  }

  #line(text: string): void {
    this.#sink.text(text);
    this.#sink.end();
  }
}

/** Types whose bytes the old dialect has in its code page. */
export function isTextType(type: number): boolean {
  return type === valueType.sz || type === valueType.expandSz || type === valueType.multiSz;
}

function reverseFrom<T>(items: T[], first: number): void {
  for (let low = first, high = items.length - 1; low < high; low++, high--) {
    [items[low], items[high]] = [items[high]!, items[low]!];
  }
}

function cannotHold(name: string): Error {
  return fail("INVALID_NAME", {
    happened: `${JSON.stringify(name)}, or its data, can't be written as plain registry text of this form.`,
    unchanged: "Nothing was written.",
    next: "Allow clubar's comments in the text, take another form, or save the key as a hive instead.",
  });
}
