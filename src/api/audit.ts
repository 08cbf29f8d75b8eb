/** What the audit log is told of a call that was refused, or that takes something away. */

/** One call. */
export interface AuditEntry {
  /** `user:NAME`, `node:ID`, `local` (the owner of the data folder), `local:NAME` (another user of the machine), `page`, or `nobody`. */
  readonly who: string;
  /** Where from: an address, or the socket. */
  readonly from: string;
  /** What was asked, as `POST /api/v1/restore`. */
  readonly what: string;
  /** What the call was about, where its path does not say it: whom rights were given, and which. */
  readonly about?: string;
  readonly right?: string;
  /** "done", "refused", or "failed" by itself. */
  readonly outcome: "done" | "refused" | "failed";
  /** Name of the error. */
  readonly error?: string;
}

/** Notes one call. */
export type Audit = (entry: AuditEntry) => void;
