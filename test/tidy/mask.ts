/** Blanks out what is not code, so that rules can search it without meeting words in strings and comments. */

const afterOperand = /[\w$)\]}"'`]$/;
const keywordBefore = /\b(return|typeof|case|in|of|delete|void|throw|new|else|await|yield)$/;

/** The text with strings, comments and regular expressions replaced by spaces; line breaks and columns stay. */
export function maskCode(text: string): string {
  const scanner = new Scanner(text);
  scanner.code(0);
  return scanner.out.join("");
}

class Scanner {
  readonly out: string[] = [];
  readonly #text: string;
  #at = 0;
  #recent = "";

  constructor(text: string) {
    this.#text = text;
  }

  /** Scans code to the end, or to the `}` that closes a template's `${` when `depth` is 1. */
  code(depth: number): void {
    let open = depth;
    while (this.#at < this.#text.length) {
      const two = this.#text.slice(this.#at, this.#at + 2);
      const one = two.charAt(0);
      if (two === "//") this.#blankTo(this.#indexOr("\n", this.#at));
      else if (two === "/*") this.#blankTo(this.#indexOr("*/", this.#at + 2) + 2);
      else if (one === '"' || one === "'") this.#quoted(one);
      else if (one === "`") this.#template();
      else if (one === "/" && this.#startsRegex()) this.#regex();
      else {
        if (depth > 0 && one === "{") open += 1;
        if (depth > 0 && one === "}" && --open === 0) return;
        this.#keep();
      }
    }
  }

  #keep(): void {
    const character = this.#text.charAt(this.#at);
    this.out.push(character);
    if (character.trim() !== "") this.#recent = (this.#recent + character).slice(-12);
    else if (!this.#recent.endsWith(" ")) this.#recent += " ";
    this.#at += 1;
  }

  #blankTo(end: number): void {
    const stop = Math.min(end, this.#text.length);
    this.out.push(this.#text.slice(this.#at, stop).replace(/[^\n]/g, " "));
    this.#at = stop;
  }

  #indexOr(needle: string, from: number): number {
    const index = this.#text.indexOf(needle, from);
    return index === -1 ? this.#text.length : index;
  }

  #quoted(quote: string): void {
    let end = this.#at + 1;
    while (end < this.#text.length && this.#text[end] !== quote && this.#text[end] !== "\n") {
      end += this.#text[end] === "\\" ? 2 : 1;
    }
    this.#blankTo(end + 1);
    this.#recent += '"';
  }

  #template(): void {
    this.#blankTo(this.#at + 1);
    while (this.#at < this.#text.length) {
      if (this.#text[this.#at] === "`") break;
      if (this.#text.startsWith("${", this.#at)) {
        this.#blankTo(this.#at + 2);
        this.#recent = "(";
        this.code(1);
        this.#blankTo(this.#at + 1);
      } else this.#blankTo(this.#at + (this.#text[this.#at] === "\\" ? 2 : 1));
    }
    this.#blankTo(this.#at + 1);
    this.#recent += '"';
  }

  #startsRegex(): boolean {
    const before = this.#recent.trimEnd();
    return keywordBefore.test(before) || !afterOperand.test(before);
  }

  #regex(): void {
    let end = this.#at + 1;
    let inClass = false;
    while (end < this.#text.length && this.#text[end] !== "\n") {
      const character = this.#text[end];
      if (character === "[") inClass = true;
      else if (character === "]") inClass = false;
      else if (character === "/" && !inClass) break;
      end += character === "\\" ? 2 : 1;
    }
    while (/[a-z]/.test(this.#text.charAt(end + 1))) end += 1;
    this.#blankTo(end + 1);
    this.#recent += '"';
  }
}
