import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { RecreationReportView, RecreationRunView } from "../../../src/api/routes/recovery.ts";
import { post, type Problem, problemOf } from "../api.ts";
import { useAsked } from "../asked.ts";
import { Empty, Notice, ProblemNotice } from "../notice.tsx";
import { counted } from "../words.ts";
import { Buttons, kept } from "./buttons.tsx";
import { LineList, planned } from "./line-list.tsx";
import { requestOf } from "./request.ts";
import type { Scope } from "./scope-step.tsx";

/** The fourth screen: what would be done. Nothing is changed before "Restore". */
export function PlanStep({
  scope,
  onBack,
  onStarted,
}: {
  scope: Scope;
  onBack: () => void;
  onStarted: (run: string) => void;
}): VNode {
  const { answer, problem, waiting, again } = useAsked(JSON.stringify(scope), () =>
    post<RecreationReportView>("/recovery/checkpoints/plan", requestOf(scope), 300_000),
  );
  const [refusal, setRefusal] = useState<Problem>();
  const [starting, setStarting] = useState(false);
  const start = async (): Promise<void> => {
    setStarting(true);
    setRefusal(undefined);
    try {
      onStarted((await post<RecreationRunView>("/recovery/checkpoints", requestOf(scope))).id);
    } catch (error) {
      setRefusal(problemOf(error));
      setStarting(false);
    }
  };
  const possible = answer === undefined ? 0 : answer.lines.length - answer.counts.failed;
  return (
    <form onSubmit={kept(() => void start())}>
      {waiting && answer === undefined && <p class="empty">The owners are asked what would be done …</p>}
      {problem !== undefined && (
        <>
          <ProblemNotice problem={problem} />
          <button type="button" onClick={again}>
            Ask again
          </button>
        </>
      )}
      {answer !== undefined && <Plan report={answer} />}
      {refusal !== undefined && <ProblemNotice problem={refusal} />}
      <p class="soft">Nothing was changed so far.</p>
      <Buttons next={starting ? "Starting …" : "Restore"} onBack={onBack} disabled={possible === 0 || starting} />
    </form>
  );
}

function Plan({ report }: { report: RecreationReportView }): VNode {
  const { targets, lines, counts } = report;
  if (lines.length === 0) return <Empty>There are no checkpoints here, so there is nothing to restore.</Empty>;
  const warnings = targets.map(({ warning }) => warning).filter((warning) => warning !== "");
  return (
    <>
      {counts.reCreated + counts.failed === 0 && (
        <Notice tone="plain">
          <p>
            <strong>Nothing needs to be restored.</strong> Every file is whole and holds what is live.
          </p>
        </Notice>
      )}
      <p>
        {counted(counts.reCreated, "checkpoint")} will be re-created, {counts.same} are the same already,{" "}
        {counts.failed === 0 ? "none" : counts.failed} can't be.
      </p>
      {warnings.map((warning) => (
        <Notice key={warning} tone="warn">
          <p>
            <strong>Look here first.</strong> {warning}
          </p>
        </Notice>
      ))}
      <LineList lines={lines} words={planned} />
    </>
  );
}
