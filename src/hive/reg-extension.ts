import { fromHex } from "../base/bytes.ts";
import { fail } from "../base/errors.ts";
import type { RegStatement } from "./reg-read.ts";
import type { RegScanner } from "./reg-scanner.ts";
import { extensionVersion } from "./reg-write.ts";

/** What a comment for clubar asks for; here the path is as it stands. */
type Found = Exclude<RegStatement, { readonly kind: "delete-key" | "delete-value" }>;

/** Reads the comments that carry what registry text can't (docs/formats/registry-text.md). */
export class RegExtension {
  readonly #scan: RegScanner;
  readonly #securities = new Map<string, Uint8Array>();
  #isMarked = false;

  constructor(scan: RegScanner) {
    this.#scan = scan;
  }

  /** What stands after the mark; undefined when it says nothing, or before the version is known: then it is somebody's comment. */
  read(text: string): Found | undefined {
    if (!this.#isMarked) {
      this.#version(text);
      return undefined;
    }
    const [, word = "", rest = ""] = /^(\w+) ?(.*)$/.exec(text) ?? [];
    switch (word) {
      case "key":
        return { kind: "key", path: this.#string(rest) };
      case "value":
        return this.#value(rest);
      case "name":
        return { kind: "name", name: this.#string(rest) };
      case "class":
        return { kind: "class", className: this.#string(rest) };
      case "link":
        return { kind: "link" };
      case "time":
        return { kind: "time", time: this.#time(rest) };
      case "security":
        return { kind: "security", security: this.#security(rest) };
      default:
        throw this.#scan.wrong(`clubar's comment "${word}" is not known`);
    }
  }

  #version(text: string): void {
    if (!/^\d+$/.test(text)) return;
    if (text !== extensionVersion) {
      throw fail("VERSION_NOT_SUPPORTED", {
        happened: `The registry text holds comments of clubar in version ${text}; this clubar reads ${extensionVersion}.`,
        unchanged: "Nothing was changed.",
        next: "Use a newer clubar, or take the lines that begin with ;clubar out: then what they carry is lost.",
      });
    }
    this.#isMarked = true;
  }

  #string(text: string): string {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      value = undefined;
    }
    if (typeof value === "string") return value;
    throw this.#scan.wrong("a comment of clubar holds no JSON text");
  }

  #time(text: string): bigint {
    const time = /^\d{1,20}$/.test(text) ? BigInt(text) : -1n;
    if (time >= 0n && time < 1n << 64n) return time;
    throw this.#scan.wrong("a time is no FILETIME");
  }

  #value(text: string): Found {
    const match = /^(".*") hex\(([0-9a-f]{1,8})\):([0-9a-f,]*)$/.exec(text);
    if (match === null) throw this.#scan.wrong("a value in a comment of clubar is incomplete");
    const [, name = "", type = "", data = ""] = match;
    return { kind: "value", name: this.#string(name), type: Number.parseInt(type, 16), data: this.#hex(data) };
  }

  #security(text: string): Uint8Array | undefined {
    if (text === "none") return undefined;
    const [, number = "", data] = /^(\d{1,9})(?:=hex:([0-9a-f,]*))?$/.exec(text) ?? [];
    if (data !== undefined) this.#securities.set(number, this.#hex(data));
    const security = this.#securities.get(number);
    if (security === undefined) throw this.#scan.wrong("a security descriptor is not known");
    return security;
  }

  #hex(text: string): Uint8Array {
    if (text !== "" && !/^[0-9a-f]{2}(,[0-9a-f]{2})*$/.test(text))
      throw this.#scan.wrong("data are not in hexadecimal");
    return fromHex(text.replaceAll(",", ""));
  }
}
