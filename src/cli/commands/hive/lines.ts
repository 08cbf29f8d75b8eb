import type { Terminal } from "../../terminal.ts";

const chunk = 1 << 16;

/** Lines for standard output in few writes. Use: `for (…) lines.add(…); lines.end()`. */
export class Lines {
  readonly #terminal: Terminal;
  #text = "";

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** A line without its end. */
  add(line: string): void {
    this.#text += `${line}\n`;
    if (this.#text.length >= chunk) this.end();
  }

  /** Writes what is left. */
  end(): void {
    if (this.#text !== "") this.#terminal.out(this.#text);
    this.#text = "";
  }
}
