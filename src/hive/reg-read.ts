/** Registry text as a sequence of statements; what they do to a tree is reg-text.ts. */
import { encodeUtf16 } from "../base/bytes.ts";
import { sameName, splitPath } from "../tree/path.ts";
import { valueType } from "../tree/value.ts";
import { decodeCodePage, decodeRegBytes } from "./reg-encoding.ts";
import { RegExtension } from "./reg-extension.ts";
import { RegScanner } from "./reg-scanner.ts";
import { extensionMark, isTextType, regTitle } from "./reg-write.ts";

/** What one line asks for. `value`, `delete-value` and the attributes are of the key named last. */
export type RegStatement =
  /** Paths are below the prefix; "" is the key of the prefix itself. */
  | { readonly kind: "key" | "delete-key"; readonly path: string }
  | { readonly kind: "value"; readonly name: string; readonly type: number; readonly data: Uint8Array }
  | { readonly kind: "delete-value"; readonly name: string }
  /** Of the key of the prefix: what the tree's root is called where it comes from. */
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "class"; readonly className: string }
  | { readonly kind: "security"; readonly security: Uint8Array | undefined }
  | { readonly kind: "link" }
  /** FILETIME. */
  | { readonly kind: "time"; readonly time: bigint };

/** How registry text is read. */
export interface RegReadOptions {
  /** The key that the tree is; all keys of the text must be it or below it. HKEY_LOCAL_MACHINE unless given; "" takes any. */
  readonly prefix?: string;
  /** Of bytes that are neither UTF-16 nor UTF-8, and of texts in the old dialect. */
  readonly codePage?: string;
}

const aliases: Readonly<Record<string, string>> = {
  HKLM: "HKEY_LOCAL_MACHINE",
  HKCU: "HKEY_CURRENT_USER",
  HKCR: "HKEY_CLASSES_ROOT",
  HKU: "HKEY_USERS",
  HKCC: "HKEY_CURRENT_CONFIG",
};

/** `hklm\x` → `HKEY_LOCAL_MACHINE\x`; other first names stay as they are. */
export function fullRegPath(path: string): string {
  const end = path.indexOf("\\");
  const first = end < 0 ? path : path.slice(0, end);
  const upper = first.toUpperCase();
  const root = aliases[upper] ?? (upper.startsWith("HKEY_") ? upper : first);
  return end < 0 ? root : root + path.slice(end);
}

/** The path below a key, of which both are full; undefined when it is not there. */
function pathBelow(prefix: readonly string[], full: string): string | undefined {
  const names = splitPath(full);
  for (const [at, name] of prefix.entries()) if (!sameName(name, names[at] ?? "")) return undefined;
  return names.slice(prefix.length).join("\\");
}

/** Its statements in order. Throws INVALID_DATA naming the line. */
export function* readStatements(
  bytes: Uint8Array,
  options: RegReadOptions = {},
): Generator<RegStatement, void, undefined> {
  yield* new RegReader(decodeRegBytes(bytes, options.codePage), options).read();
}

class RegReader {
  readonly #scan: RegScanner;
  readonly #extension: RegExtension;
  readonly #prefix: readonly string[];
  readonly #codePage: string;
  #isOld = false;
  /** Values may follow: there was a key, and the last one was not deleted. */
  #hasKey = false;

  constructor(text: string, { prefix = "HKEY_LOCAL_MACHINE", codePage = "windows-1252" }: RegReadOptions) {
    this.#scan = new RegScanner(text);
    this.#extension = new RegExtension(this.#scan);
    this.#prefix = splitPath(fullRegPath(prefix));
    this.#codePage = codePage;
  }

  *read(): Generator<RegStatement, void, undefined> {
    const scan = this.#scan;
    const title = scan.line().trim();
    if (title === regTitle.old) this.#isOld = true;
    else if (title !== regTitle.unicode)
      throw scan.wrong(`it does not begin with "${regTitle.unicode}" or ${regTitle.old}`);
    for (scan.blank(); !scan.isAtEnd; scan.blank()) {
      const unit = scan.peek();
      if (unit === "[") yield this.#key(scan.line());
      else if (unit === ";") yield* this.#comment();
      else yield this.#value();
    }
  }

  *#comment(): Generator<RegStatement, void, undefined> {
    const line = this.#scan.line();
    if (!line.startsWith(extensionMark)) return;
    const found = this.#extension.read(line.slice(extensionMark.length));
    if (found === undefined) return;
    if (found.kind === "key") yield this.#named("key", found.path);
    else {
      if (!this.#hasKey) throw this.#scan.wrong("it stands outside of a key");
      yield found;
    }
  }

  #key(line: string): RegStatement {
    const end = line.lastIndexOf("]");
    if (end < 0 || !isNothing(line.slice(end + 1))) throw this.#scan.wrong("a key's line does not end with ]");
    const isDeletion = line.startsWith("[-");
    return this.#named(isDeletion ? "delete-key" : "key", line.slice(isDeletion ? 2 : 1, end));
  }

  #named(kind: "key" | "delete-key", given: string): RegStatement {
    const full = fullRegPath(given.endsWith("\\") ? given.slice(0, -1) : given);
    if (splitPath(full).includes("")) throw this.#scan.wrong("a key has no name between two backslashes of its path");
    const path = pathBelow(this.#prefix, full);
    if (path === undefined)
      throw this.#scan.wrong(
        `the key ${given} is not below ${this.#prefix.join("\\")}, where the hive is taken to be mounted (--prefix says where)`,
      );
    this.#hasKey = kind === "key";
    return { kind, path };
  }

  #value(): RegStatement {
    const scan = this.#scan;
    if (!this.#hasKey) throw scan.wrong("a value stands outside of a key");
    const name = scan.peek() === "@" ? scan.skip(1, "") : scan.quoted("the name of a value");
    scan.spaces();
    if (scan.peek() !== "=") throw scan.wrong("after the name of a value stands no =");
    scan.skip(1, "");
    scan.spaces();
    const statement: RegStatement =
      scan.peek() === "-" ? scan.skip(1, { kind: "delete-value", name }) : { kind: "value", name, ...this.#data() };
    if (!isNothing(scan.line())) throw scan.wrong("something stands after a value");
    return statement;
  }

  #data(): { readonly type: number; readonly data: Uint8Array } {
    const scan = this.#scan;
    if (scan.peek() === '"') return { type: valueType.sz, data: encodeUtf16(`${scan.quoted("a text")}\0`) };
    const number = scan.dword();
    if (number !== undefined) {
      const data = new Uint8Array(4);
      new DataView(data.buffer).setUint32(0, number, true);
      return { type: valueType.dword, data };
    }
    const { type, data } = scan.hex();
    if (!this.#isOld || !isTextType(type)) return { type, data };
    return { type, data: encodeUtf16(decodeCodePage(data, this.#codePage)) };
  }
}

/** Nothing more than a comment. */
function isNothing(rest: string): boolean {
  return rest === "" || /^[ \t]*(;.*)?$/.test(rest);
}
