import { limits } from "./limits.ts";

/**
 * "error": Windows or a strict reader refuses it, hides something or shows something else; "warning": it loads, but no sound writer
 * leaves it
 * so; "note": seen in sound hives too.
 */
export type Severity = "error" | "warning" | "note";

/** One inconsistency of a hive. */
export interface Finding {
  /** Where in the file, in bytes from its start. */
  readonly offset: number;
  /** The cell it belongs to, as cells are named in a hive (bytes from the first bin); undefined: the base block or a bin. */
  readonly cell: number | undefined;
  /** The path of the key it is in; "" is the root, undefined: of no key. */
  readonly path: string | undefined;
  /** A short name of what is broken, the same for all findings of that kind, e.g. `list-order`. */
  readonly rule: string;
  readonly severity: Severity;
  /** What is wrong, without the end of a sentence. */
  readonly text: string;
}

/** Findings as they are made; of each rule at most `limits.findingsPerRule` are kept, and the rest counted. */
export class FindingList {
  readonly #kept: Finding[] = [];
  readonly #counts = new Map<string, number>();

  /** `make` is asked only when the finding is kept. */
  add(rule: string, make: () => Finding): void {
    const count = (this.#counts.get(rule) ?? 0) + 1;
    this.#counts.set(rule, count);
    if (count <= limits.findingsPerRule) this.#kept.push(make());
  }

  /** In the order of their offsets; what was counted only is summed up in one finding behind the last of its rule. */
  all(): Finding[] {
    const last = new Map(this.#kept.map((finding) => [finding.rule, finding]));
    for (const [rule, count] of this.#counts) {
      const finding = last.get(rule);
      if (finding !== undefined && count > limits.findingsPerRule) {
        const text = `${count - limits.findingsPerRule} more findings of the rule ${rule} were counted only`;
        this.#kept.push({ ...finding, cell: undefined, path: undefined, text });
      }
    }
    return this.#kept.toSorted((a, b) => a.offset - b.offset);
  }
}
