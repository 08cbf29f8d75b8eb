import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { type Problem, problemOf } from "./api.ts";

/** An answer that is waited for, is there, or failed. The last answer stays while it is asked again. */
export interface Asked<T> {
  readonly answer: T | undefined;
  readonly problem: Problem | undefined;
  readonly waiting: boolean;
  readonly again: () => void;
}

/**
 * Asks when the component appears and whenever `subject` or `version` changes; with another subject the last answer goes. undefined
 * `question`: not yet. An answer that comes after a newer question is dropped.
 */
export function useAsked<T>(subject: string, question: (() => Promise<T>) | undefined, version = ""): Asked<T> {
  const [state, setState] = useState<Omit<Asked<T>, "again">>({
    answer: undefined,
    problem: undefined,
    waiting: false,
  });
  const newest = useRef(0);
  const ask = useRef(question);
  ask.current = question;
  const again = useCallback(() => {
    const asked = ask.current;
    newest.current += 1;
    const mine = newest.current;
    if (asked === undefined) return;
    setState((before) => ({ ...before, problem: undefined, waiting: true }));
    asked().then(
      (answer) => {
        if (newest.current === mine) setState({ answer, problem: undefined, waiting: false });
      },
      (error: unknown) => {
        if (newest.current === mine) setState((before) => ({ ...before, problem: problemOf(error), waiting: false }));
      },
    );
  }, []);
  const asked = useRef<string | undefined>(undefined);
  useEffect(() => {
    if (asked.current !== subject) {
      setState({ answer: undefined, problem: undefined, waiting: ask.current !== undefined });
    }
    asked.current = subject;
    again();
  }, [subject, version]);
  return { ...state, again };
}
