import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { type Problem, problemOf } from "../api.ts";
import { useAsked } from "../asked.ts";
import { Notice, ProblemNotice } from "../notice.tsx";
import { Buttons, kept } from "./buttons.tsx";

/** What is shown before anything is changed, and the button that begins it: the fourth screen of every function. */
export function PlannedWork<Plan>({
  of,
  ask,
  asking,
  show,
  isPossible,
  begin,
  word,
  working,
  onBack,
}: {
  /** Names what is planned; another one is asked for anew. */
  of: string;
  ask: () => Promise<Plan>;
  /** Said while the plan is asked for. */
  asking: string;
  show: (plan: Plan) => VNode;
  isPossible: (plan: Plan) => boolean;
  begin: (plan: Plan) => Promise<void>;
  /** On the button; and while it goes on. */
  word: string;
  working: string;
  onBack: () => void;
}): VNode {
  const { answer, problem, waiting, again } = useAsked(of, ask);
  const [refusal, setRefusal] = useState<Problem>();
  const [isWorking, setWorking] = useState(false);
  const work = async (): Promise<void> => {
    if (answer === undefined) return;
    setWorking(true);
    setRefusal(undefined);
    try {
      await begin(answer);
    } catch (error) {
      setRefusal(problemOf(error));
      setWorking(false);
    }
  };
  const isReady = answer !== undefined && isPossible(answer);
  return (
    <form onSubmit={kept(() => void work())}>
      {waiting && answer === undefined && <p class="empty">{asking}</p>}
      {problem !== undefined && (
        <>
          <ProblemNotice problem={problem} />
          <button type="button" onClick={again}>
            Ask again
          </button>
        </>
      )}
      {answer !== undefined && show(answer)}
      {refusal !== undefined && <ProblemNotice problem={refusal} />}
      <p class="soft">Nothing was changed so far.</p>
      <Buttons next={isWorking ? working : word} onBack={onBack} disabled={!isReady || isWorking} />
    </form>
  );
}

/** What a person should know before. */
export function Warnings({ warnings }: { warnings: readonly string[] }): VNode {
  return (
    <>
      {warnings.map((warning) => (
        <Notice key={warning} tone="warn">
          <p>
            <strong>Look here first.</strong> {warning}
          </p>
        </Notice>
      ))}
    </>
  );
}
