import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { DiskReplacementView } from "../../../src/api/routes/recovery.ts";
import { post, type Problem, problemOf } from "../api.ts";
import { useAsked } from "../asked.ts";
import { Notice, ProblemNotice } from "../notice.tsx";
import { Buttons, kept } from "./buttons.tsx";
import type { DiskScope } from "./disk-scope-step.tsx";

type Plan = Omit<DiskReplacementView, "tag">;

/** The fourth screen of the second function: what would be done. Nothing is changed before "Replace". */
export function DiskPlanStep({
  scope,
  onBack,
  onDone,
}: {
  scope: DiskScope;
  onBack: () => void;
  onDone: (done: DiskReplacementView) => void;
}): VNode {
  const { answer, problem, waiting, again } = useAsked(JSON.stringify(scope), () =>
    post<Plan>("/recovery/disk/plan", scope),
  );
  const [refusal, setRefusal] = useState<Problem>();
  const [working, setWorking] = useState(false);
  const replace = async (): Promise<void> => {
    setWorking(true);
    setRefusal(undefined);
    try {
      onDone(await post<DiskReplacementView>("/recovery/disk", scope));
    } catch (error) {
      setRefusal(problemOf(error));
      setWorking(false);
    }
  };
  return (
    <form onSubmit={kept(() => void replace())}>
      {waiting && answer === undefined && <p class="empty">The node is asked what would be done …</p>}
      {problem !== undefined && (
        <>
          <ProblemNotice problem={problem} />
          <button type="button" onClick={again}>
            Ask again
          </button>
        </>
      )}
      {answer !== undefined && <DiskPlan plan={answer} />}
      {refusal !== undefined && <ProblemNotice problem={refusal} />}
      <p class="soft">Nothing was changed so far.</p>
      <Buttons
        next={working ? "Replacing …" : "Replace"}
        onBack={onBack}
        disabled={answer?.result !== "replace" || working}
      />
    </form>
  );
}

function DiskPlan({ plan }: { plan: Plan }): VNode {
  if (plan.result === "already") {
    return (
      <Notice tone="plain">
        <p>
          <strong>Nothing needs to be done.</strong> {plan.new.name} has replaced {plan.old.name} already.
        </p>
      </Notice>
    );
  }
  return (
    <>
      <p>
        In group {plan.group}, {plan.new.name} ({plan.new.state}) replaces {plan.old.name} ({plan.old.state}). It
        happens as a whole or not at all; no data is copied.
      </p>
      <ul class="will">
        {plan.steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ul>
      {plan.warnings.map((warning) => (
        <Notice key={warning} tone="warn">
          <p>
            <strong>Look here first.</strong> {warning}
          </p>
        </Notice>
      ))}
    </>
  );
}

/** The last screen of the second function. */
export function DiskDoneStep({ done, onAgain }: { done: DiskReplacementView; onAgain: () => void }): VNode {
  return (
    <div class="run">
      <p role="status">
        Done: {done.new.name} replaced {done.old.name}, which is now {done.old.becomes}.
        {done.mountPoint === null ? "" : ` It is mounted at ${done.mountPoint} when it comes online.`}
      </p>
      <div class="buttons">
        <button type="button" class="main" onClick={onAgain}>
          Begin again
        </button>
      </div>
    </div>
  );
}
