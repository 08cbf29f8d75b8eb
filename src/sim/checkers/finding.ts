import type { Violation } from "./events.ts";

/** Collects the violations of one checker. */
export class Findings {
  readonly violations: Violation[] = [];
  readonly #checker: string;

  constructor(checker: string) {
    this.#checker = checker;
  }

  add(at: number, what: string): void {
    this.violations.push({ checker: this.#checker, at, what });
  }
}
