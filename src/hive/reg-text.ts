/**
 * Registry text (`.reg`, "Windows Registry Editor Version 5.00"; facts regf.md §1.7). It carries keys, values, their types and bytes, and
 * deletions. It can't carry class names, security, last-write times and the order of keys.
 */
import { decodeUtf16, encodeUtf16, fromHex, toHex } from "../base/bytes.ts";
import { fail, type Failure } from "../base/errors.ts";
import type { Edit } from "../tree/edit.ts";
import { childrenOf, type Key, valuesOf } from "../tree/key.ts";
import { joinPath } from "../tree/path.ts";
import { type Value, valueType } from "../tree/value.ts";

const title = "Windows Registry Editor Version 5.00";
const rootName = "HKEY_LOCAL_MACHINE";
const lineEnd = "\r\n";
/** Where long hexadecimal data is broken, as regedit does. */
const longestLine = 80;

/**
 * A key and all below it as registry text: UTF-16LE with a byte order mark, lines end in CR LF. `path` is below HKEY_LOCAL_MACHINE.
 * INVALID_NAME when a name holds a line's end or a NUL, which the format has no way to write.
 */
export function writeRegText(path: string, key: Key): Uint8Array<ArrayBuffer> {
  const lines: string[] = [title, ""];
  writeKey(joinPath(rootName, path), key, lines);
  return encodeUtf16(`\ufeff${lines.join(lineEnd)}${lineEnd}`);
}

function writeKey(path: string, key: Key, lines: string[]): void {
  checkName(path);
  lines.push(`[${path}]`);
  for (const value of valuesOf(key)) lines.push(valueLine(value));
  lines.push("");
  for (const child of childrenOf(key)) writeKey(`${path}\\${child.name}`, child, lines);
}

function checkName(name: string): void {
  if (!/[\r\n\0]/.test(name)) return;
  throw fail("INVALID_NAME", {
    happened: `The name ${JSON.stringify(name)} can't be written as registry text: it holds a line's end or a NUL.`,
    unchanged: "Nothing was written.",
    next: "Save the key as a hive instead (clubar reg save).",
  });
}

function valueLine({ name, type, data }: Value): string {
  checkName(name);
  const head = name === "" ? "@=" : `${quoted(name)}=`;
  const text = type === valueType.sz ? plainText(data) : undefined;
  if (text !== undefined) return `${head}${quoted(text)}`;
  if (type === valueType.dword && data.length === 4) return `${head}dword:${toHex(Uint8Array.from(data).reverse())}`;
  const kind = type === valueType.binary ? "hex:" : `hex(${type.toString(16)}):`;
  return broken(`${head}${kind}`, data);
}

function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&")}"`;
}

/** The text of a REG_SZ when its bytes are exactly that text and one NUL, and a line can hold it. */
function plainText(data: Uint8Array): string | undefined {
  if (data.length % 2 !== 0) return undefined;
  const text = decodeUtf16(data);
  if (!text.endsWith("\0")) return undefined;
  const inner = text.slice(0, -1);
  return /[\r\n\0]/.test(inner) || !inner.isWellFormed() ? undefined : inner;
}

function broken(head: string, data: Uint8Array): string {
  const lines: string[] = [];
  let line = head;
  data.forEach((byte, at) => {
    const piece = `${toHex(Uint8Array.of(byte))}${at === data.length - 1 ? "" : ","}`;
    if (line.length + piece.length >= longestLine && line !== head) {
      lines.push(`${line}\\`);
      line = "  ";
    }
    line += piece;
  });
  return [...lines, line].join(lineEnd);
}

/**
 * The changes that registry text asks for, in its order; paths are below HKEY_LOCAL_MACHINE. UTF-16LE with or without a byte order mark,
 * UTF-8 with or without. INVALID_DATA naming the line; VERSION_NOT_SUPPORTED for REGEDIT4, whose bytes mean a code page.
 */
export function readRegText(bytes: Uint8Array): Edit[] {
  return new RegReader(decodeText(bytes)).read();
}

function decodeText(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return decodeUtf16(bytes.subarray(2));
  if (first !== undefined && first !== 0 && second === 0) return decodeUtf16(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw fail("INVALID_DATA", {
      happened: "The registry text is neither UTF-16LE nor UTF-8.",
      unchanged: "Nothing was changed.",
      next: "Save it as Unicode in the program that wrote it.",
      cause,
    });
  }
}

class RegReader {
  readonly #text: string;
  #at = 0;
  /** Below HKEY_LOCAL_MACHINE; undefined before the first key and after a deleted one. */
  #key: string | undefined;
  readonly #edits: Edit[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  read(): Edit[] {
    this.#title();
    for (this.#blank(); this.#at < this.#text.length; this.#blank()) {
      if (this.#peek() === "[") this.#keyLine();
      else this.#value();
    }
    return this.#edits;
  }

  #title(): void {
    const line = this.#line().trim();
    if (line === title) return;
    if (line === "REGEDIT4") {
      throw fail("VERSION_NOT_SUPPORTED", {
        happened: "The registry text is of the old version REGEDIT4, whose texts depend on a code page.",
        unchanged: "Nothing was changed.",
        next: `Export it anew as "${title}".`,
      });
    }
    throw this.#wrong(`it does not begin with "${title}"`);
  }

  #keyLine(): void {
    const line = this.#line();
    const end = line.lastIndexOf("]");
    if (end < 0 || !isNothing(line.slice(end + 1))) throw this.#wrong("a key's line does not end with ]");
    const isDeletion = line.startsWith("[-");
    const full = line.slice(isDeletion ? 2 : 1, end);
    const match = /^(?:HKEY_LOCAL_MACHINE|HKLM)\\(.+)$/is.exec(full);
    if (match === null) throw this.#wrong(`the key ${full} is not below ${rootName}, and this node has no other`);
    const path = match[1] ?? "";
    this.#edits.push({ kind: isDeletion ? "delete-key" : "create-key", path });
    this.#key = isDeletion ? undefined : path;
  }

  #value(): void {
    const path = this.#key;
    if (path === undefined) throw this.#wrong("a value stands outside of a key");
    const name = this.#peek() === "@" ? this.#skip(1, "") : this.#quoted("the name of a value");
    this.#spaces();
    if (this.#peek() !== "=") throw this.#wrong("after the name of a value stands no =");
    this.#at += 1;
    this.#spaces();
    if (this.#peek() === "-") {
      this.#skip(1, "");
      this.#edits.push({ kind: "delete-value", path, name });
    } else this.#edits.push({ kind: "set-value", path, value: { name, ...this.#data() } });
    if (!isNothing(this.#line())) throw this.#wrong("something stands after a value");
  }

  #data(): { type: number; data: Uint8Array } {
    if (this.#peek() === '"') return { type: valueType.sz, data: encodeUtf16(`${this.#quoted("a text")}\0`) };
    const rest = this.#text.slice(this.#at, this.#at + 32);
    const dword = /^dword:([0-9a-f]{1,8})(?![0-9a-f])/i.exec(rest);
    if (dword !== null) {
      this.#at += dword[0].length;
      return { type: valueType.dword, data: fromHex((dword[1] ?? "").padStart(8, "0")).reverse() };
    }
    const hex = /^hex(?:\(([0-9a-f]{1,8})\))?:/i.exec(rest);
    if (hex === null) throw this.#wrong("a value's data is neither a text, dword: nor hex:");
    this.#at += hex[0].length;
    return { type: hex[1] === undefined ? valueType.binary : Number.parseInt(hex[1], 16), data: this.#hexData() };
  }

  /** Pairs of digits, commas between, over lines that end with a backslash. */
  #hexData(): Uint8Array {
    const digits: string[] = [];
    for (;;) {
      const line = this.#text.slice(this.#at, this.#endOfLine());
      const continued = /^([^;\\]*)\\[ \t]*$/.exec(line);
      const piece = continued?.[1] ?? /^[^;]*/.exec(line)?.[0] ?? "";
      for (const pair of piece.split(",").map((one) => one.trim())) {
        if (pair === "") continue;
        if (!/^[0-9a-f]{1,2}$/i.test(pair)) throw this.#wrong(`"${pair}" is no byte in hexadecimal`);
        digits.push(pair.padStart(2, "0"));
      }
      if (continued === null) {
        this.#at += piece.length;
        return fromHex(digits.join(""));
      }
      this.#line();
    }
  }

  #quoted(what: string): string {
    if (this.#peek() !== '"') throw this.#wrong(`${what} does not begin with a quotation mark`);
    let text = "";
    for (let at = this.#at + 1; at < this.#text.length; at++) {
      const unit = this.#text.charAt(at);
      if (unit === '"') {
        this.#at = at + 1;
        return text;
      }
      if (unit !== "\\") {
        text += unit;
        continue;
      }
      const next = this.#text.charAt(at + 1);
      if (next !== "\\" && next !== '"') throw this.#wrong(`${what} holds a single backslash; it is written twice`);
      text += next;
      at += 1;
    }
    throw this.#wrong(`${what} has no closing quotation mark`);
  }

  #peek(): string {
    return this.#text.charAt(this.#at);
  }

  #skip<T>(count: number, answer: T): T {
    this.#at += count;
    return answer;
  }

  #spaces(): void {
    while (this.#peek() === " " || this.#peek() === "\t") this.#at += 1;
  }

  /** Passes empty lines and comments. */
  #blank(): void {
    for (;;) {
      this.#spaces();
      const unit = this.#peek();
      if (unit === ";") this.#line();
      else if (unit === "\r" || unit === "\n") this.#at += 1;
      else return;
    }
  }

  #endOfLine(): number {
    const found = /[\r\n]/g;
    found.lastIndex = this.#at;
    return found.exec(this.#text)?.index ?? this.#text.length;
  }

  /** The rest of the line, which is passed with its end. */
  #line(): string {
    const end = this.#endOfLine();
    const line = this.#text.slice(this.#at, end);
    this.#at = end + (this.#text.startsWith("\r\n", end) ? 2 : 1);
    return line;
  }

  #wrong(why: string): Failure {
    const line = this.#text.slice(0, Math.min(this.#at, this.#text.length)).split(/\r\n|\r|\n/).length;
    return fail("INVALID_DATA", {
      happened: `The registry text is wrong near line ${line}: ${why}.`,
      unchanged: "Nothing was changed.",
    });
  }
}

/** Nothing more than a comment. */
function isNothing(rest: string): boolean {
  return /^[ \t]*(;.*)?$/.test(rest);
}
