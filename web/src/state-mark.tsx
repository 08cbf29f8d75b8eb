import type { VNode } from "preact";
import { stateWord } from "./words.ts";

/** What a state means to whoever looks: each has a shape of its own, so that colour is never needed. */
export type Look = "good" | "busy" | "off" | "bad" | "unknown";

const looks: Readonly<Record<string, Look>> = {
  online: "good",
  up: "good",
  ok: "good",
  OK: "good",
  "re-created": "good",
  same: "off",
  offline: "off",
  "not checked": "unknown",
  "NOT CHECKED": "unknown",
  unknown: "unknown",
  failed: "bad",
  down: "bad",
  partitioned: "bad",
  unreachable: "bad",
  unavailable: "off",
  lost: "bad",
  damaged: "bad",
  DAMAGED: "bad",
};

/** The look of a state; states that pass by are busy. */
export function lookOf(state: string): Look {
  return looks[state] ?? "busy";
}

/** A state as a shape and a word. `word` replaces the state's own. */
export function StateMark({ state, look, word }: { state: string; look?: Look; word?: string }): VNode {
  const seen = look ?? lookOf(state);
  return (
    <span class={`state ${seen}`}>
      <svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true">
        {shapes[seen]}
      </svg>
      <span>{word ?? stateWord(state)}</span>
    </span>
  );
}

const shapes: Readonly<Record<Look, VNode>> = {
  good: <circle cx="8" cy="8" r="6.5" fill="currentColor" />,
  busy: (
    <>
      <circle cx="8" cy="8" r="5.5" fill="none" stroke="currentColor" stroke-width="2" />
      <path d="M8 2.5a5.5 5.5 0 0 0 0 11z" fill="currentColor" />
    </>
  ),
  off: <circle cx="8" cy="8" r="5.5" fill="none" stroke="currentColor" stroke-width="2" />,
  bad: <path d="M3 3l10 10M13 3L3 13" stroke="currentColor" stroke-width="3" stroke-linecap="round" />,
  unknown: <path d="M8 1l7 7-7 7-7-7z" fill="none" stroke="currentColor" stroke-width="2" />,
};
