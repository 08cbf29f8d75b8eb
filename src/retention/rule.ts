/** Which kept things may go: of each subject the newest stay, whatever is young stays, and what something still needs stays. Pure. */

/** What is kept on a node, or in its quorum. */
export type KeptKind = "loser" | "aside" | "diverged" | "saved" | "safety" | "generation" | "leftover";

/** One of them. */
export interface Kept {
  readonly kind: KeptKind;
  /** What it is one of several of: "registry SOFTWARE\Web of <resource id>"; "" for all of the kind. */
  readonly subject: string;
  /** Absolute path of the file or folder. */
  readonly path: string;
  /** Wall time in milliseconds from which its age counts. */
  readonly time: number;
  /** Bytes. */
  readonly size: number;
  /** Who needs it, as the end of a sentence; undefined for nobody. */
  readonly neededBy: string | undefined;
}

/** How much stays. */
export interface RetentionRule {
  /** Of each subject, at least 1. */
  readonly keep: number;
  /** Younger than this stays anyway, at least 1. */
  readonly days: number;
}

/** What becomes of a thing, and why it stays. */
export interface Judged extends Kept {
  /** undefined: it goes. */
  readonly stays: string | undefined;
}

const day = 86_400_000;

/** In the order given. `now`: wall time in milliseconds. What no reader looks at any more always goes. */
export function judgeKept(kept: readonly Kept[], { keep, days }: RetentionRule, now: number): readonly Judged[] {
  const rank = new Map<Kept, number>();
  const seen = new Map<string, number>();
  for (const one of kept.toSorted((a, b) => b.time - a.time)) {
    const subject = `${one.kind} ${one.subject}`;
    const count = seen.get(subject) ?? 0;
    rank.set(one, count);
    seen.set(subject, count + 1);
  }
  return kept.map((one) => ({ ...one, stays: whyItStays(one, rank.get(one) ?? 0) }));

  function whyItStays({ kind, time, neededBy }: Kept, newer: number): string | undefined {
    if (kind === "leftover") return undefined;
    if (neededBy !== undefined) return neededBy;
    if (newer < Math.max(1, keep)) return newer === 0 ? "it is the newest" : `it is among the newest ${keep}`;
    // A clock that was set back makes things look as if they came from the future: those are young.
    return now - time < Math.max(1, days) * day ? `it is younger than ${days} days` : undefined;
  }
}
