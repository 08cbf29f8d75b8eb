/**
 * "error": Windows or a strict reader refuses it or shows something else; "warning": loads, but no sound writer leaves it so;
 * "note": seen in sound hives.
 */
export type Severity = "error" | "warning" | "note";

/** One inconsistency of a hive. */
export interface Finding {
  /** Where in the file, in bytes from its start. */
  readonly offset: number;
  /** The cell it belongs to, as cells are named in a hive (bytes from the first bin); undefined: the base block, a bin or a log. */
  readonly cell: number | undefined;
  /** A short name of what is broken, the same for all findings of that kind, e.g. `list-order`. */
  readonly rule: string;
  readonly severity: Severity;
  /** A sentence for people. */
  readonly text: string;
}
