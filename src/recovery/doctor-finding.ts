/** What the doctor says: findings with a sentence and its reason, and commands that a person may paste. */

/** "ok": looked at and right. "note": worth knowing. "warning": works, but should be mended. "problem": something does not work. */
export type Level = "ok" | "note" | "warning" | "problem" | "not checked";

/** A command to paste; a lower rank is better. */
export interface Advice {
  readonly command: string;
  /** What it does, or when to use it. */
  readonly why: string;
  readonly rank: number;
}

/** One thing. */
export interface Finding {
  /** Tells findings apart: "quorum", "group-failed". */
  readonly id: string;
  readonly level: Level;
  /** What is so. */
  readonly sentence: string;
  /** Why that matters, or how it is known; "" when the sentence says all. */
  readonly why: string;
  /** The exit code that it asks for; the first problem's counts. 0 for what is no problem. */
  readonly exit: number;
  readonly advice: readonly Advice[];
}

/** What is not needed: an "ok" has neither advice nor exit code. */
export function ok(id: string, sentence: string): Finding {
  return { id, level: "ok", sentence, why: "", exit: 0, advice: [] };
}

/** Worth knowing. */
export function note(id: string, sentence: string, why = "", advice: readonly Advice[] = []): Finding {
  return { id, level: "note", sentence: whole(sentence), why: whole(why), exit: 0, advice };
}

/** Evidence and other people's messages as a sentence. */
function whole(text: string): string {
  if (text === "") return "";
  const first = `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  const begins = /^[a-z]+ /.test(text) ? first : text;
  return /[.?!)]$/.test(begins) ? begins : `${begins}.`;
}

/** Works, but should be mended: exit code 4, "partly". */
export function warning(id: string, sentence: string, why: string, advice: readonly Advice[] = []): Finding {
  return { id, level: "warning", sentence: whole(sentence), why: whole(why), exit: 4, advice };
}

/** Something does not work; `exit` is the code that the doctor ends with. */
export function problem(
  id: string,
  exit: number,
  sentence: string,
  why: string,
  advice: readonly Advice[] = [],
): Finding {
  return { id, level: "problem", sentence: whole(sentence), why: whole(why), exit, advice };
}

/** Could not be looked at, which is not "ok". */
export function notChecked(id: string, what: string, why: string): Finding {
  return { id, level: "not checked", sentence: `NOT CHECKED: ${what}.`, why: whole(why), exit: 0, advice: [] };
}
