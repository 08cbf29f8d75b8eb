/** What happened in a world, one line an event. The hash covers every line, the text only the newest ones. */
export class Trace {
  /** Lines so far. */
  count = 0;
  readonly #now: () => number;
  readonly #keep: number;
  #lines: string[] = [];
  #low = 0x811c9dc5;
  #high = 0x9dc5811c;

  /** `keep`: how many lines stay readable. */
  constructor(now: () => number, keep: number) {
    this.#now = now;
    this.#keep = keep;
  }

  add(what: string): void {
    const line = `${this.#now().toFixed(3)} ${what}`;
    this.count++;
    for (let i = 0; i < line.length; i++) {
      const unit = line.charCodeAt(i);
      this.#low = Math.imul(this.#low ^ unit, 0x01000193);
      this.#high = Math.imul(this.#high ^ unit, 0x85ebca6b) + i;
    }
    if (this.#keep === 0) return;
    this.#lines.push(line);
    if (this.#lines.length > this.#keep * 2) this.#lines = this.#lines.slice(-this.#keep);
  }

  /** Same seed, same code: same 16 hex digits. */
  hash(): string {
    return [this.#high, this.#low].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
  }

  lines(): readonly string[] {
    return this.#keep === 0 ? [] : this.#lines.slice(-this.#keep);
  }
}
