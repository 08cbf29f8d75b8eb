import { fail, type Failure } from "../base/errors.ts";
import { valueType } from "../tree/value.ts";

const cr = 13;
const lf = 10;
const space = 0x20;
const tab = 9;
const comma = 0x2c;
const semicolon = 0x3b;
const backslash = 0x5c;

/** A place in registry text, and the parts of lines that can be read there. */
export class RegScanner {
  readonly #text: string;
  #at = 0;
  /** Where the present statement begins. */
  #statement = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  peek(): string {
    return this.#text.charAt(this.#at);
  }

  skip<T>(count: number, answer: T): T {
    this.#at += count;
    return answer;
  }

  spaces(): void {
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at += 1;
  }

  /** Passes spaces and ends of lines, up to the next statement. */
  blank(): void {
    for (;;) {
      const unit = this.#text.charCodeAt(this.#at);
      if (!isSpace(unit) && unit !== cr && unit !== lf) break;
      this.#at += 1;
    }
    this.#statement = this.#at;
  }

  /** The rest of the line, which is passed with its end. */
  line(): string {
    const text = this.#text;
    let end = this.#at;
    for (; end < text.length; end++) {
      const unit = text.charCodeAt(end);
      if (unit === cr || unit === lf) break;
    }
    const line = text.slice(this.#at, end);
    this.#at = end + (text.startsWith("\r\n", end) ? 2 : 1);
    return line;
  }

  /** A text in quotation marks; it may go over several lines. */
  quoted(what: string): string {
    if (this.peek() !== '"') throw this.wrong(`${what} does not begin with a quotation mark`);
    let text = "";
    let from = this.#at + 1;
    for (let at = from; at < this.#text.length; at++) {
      const unit = this.#text.charAt(at);
      if (unit === '"') {
        this.#at = at + 1;
        return text + this.#text.slice(from, at);
      }
      if (unit !== "\\") continue;
      const next = this.#text.charAt(at + 1);
      if (next !== "\\" && next !== '"') throw this.wrong(`${what} holds a single backslash; it is written twice`);
      text += this.#text.slice(from, at) + next;
      at += 1;
      from = at + 1;
    }
    throw this.wrong(`${what} has no closing quotation mark`);
  }

  /** `dword:` and its number; undefined when something else stands here. */
  dword(): number | undefined {
    const match = /^dword:([0-9a-f]{1,8})(?![0-9a-f])/i.exec(this.#text.slice(this.#at, this.#at + 16));
    if (match === null) return undefined;
    return this.skip(match[0].length, Number.parseInt(match[1] ?? "", 16));
  }

  /** `hex:` or `hex(N):` and its bytes, with commas between, over lines that end with a backslash. */
  hex(): { readonly type: number; readonly data: Uint8Array } {
    const head = /^hex(?:\(([0-9a-f]{1,8})\))?:/i.exec(this.#text.slice(this.#at, this.#at + 16));
    if (head === null) throw this.wrong("a value's data is neither a text, dword: nor hex:");
    this.#at += head[0].length;
    const type = head[1] === undefined ? valueType.binary : Number.parseInt(head[1], 16);
    return { type, data: this.#bytes() };
  }

  #bytes(): Uint8Array {
    const text = this.#text;
    let data = new Uint8Array(32);
    let length = 0;
    let digits = 0;
    let byte = 0;
    const take = (): void => {
      if (digits === 0) return;
      if (length === data.length) data = enlarged(data);
      data[length++] = byte;
      digits = byte = 0;
    };
    for (;;) {
      const unit = text.charCodeAt(this.#at);
      const digit = digitOf(unit);
      if (digit >= 0 && digits < 2) {
        byte = byte * 16 + digit;
        digits += 1;
      } else if (unit === comma) take();
      else if (isSpace(unit)) this.#betweenBytes(digits);
      else if (unit === backslash) {
        take();
        this.#continued();
        continue;
      } else if (isEnd(unit)) {
        take();
        return data.slice(0, length);
      } else throw this.wrong(`"${text.charAt(this.#at)}" is no byte in hexadecimal`);
      this.#at += 1;
    }
  }

  /** A space may stand before and after a byte, not between two. */
  #betweenBytes(digits: number): void {
    if (digits === 0) return;
    let at = this.#at;
    while (isSpace(this.#text.charCodeAt(at))) at += 1;
    const unit = this.#text.charCodeAt(at);
    if (unit !== comma && unit !== backslash && !isEnd(unit))
      throw this.wrong("two bytes stand without a comma between");
  }

  #continued(): void {
    this.#at += 1;
    if (this.line().trim() !== "") throw this.wrong("something stands after the backslash that continues a line");
  }

  /** What is refused, with the number of the line in which the statement begins. */
  wrong(why: string): Failure {
    const line = this.#text.slice(0, this.#statement).split(/\r\n|\r|\n/).length;
    return fail("INVALID_DATA", {
      happened: `The registry text is wrong at line ${line}: ${why}.`,
      unchanged: "Nothing was changed.",
      next: "Correct the line, or export the text again.",
    });
  }
}

function isSpace(unit: number): boolean {
  return unit === space || unit === tab;
}

/** The end of a value's data: of the line, of the text, or a comment. */
function isEnd(unit: number): boolean {
  return unit === cr || unit === lf || unit === semicolon || Number.isNaN(unit);
}

function digitOf(unit: number): number {
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
  const letter = unit | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

function enlarged(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(bytes.length * 2);
  larger.set(bytes);
  return larger;
}
