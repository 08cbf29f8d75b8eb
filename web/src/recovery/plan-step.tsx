import type { VNode } from "preact";
import type { RecreationReportView, RecreationRunView } from "../../../src/api/routes/recovery.ts";
import { post } from "../api.ts";
import { Empty, Notice } from "../notice.tsx";
import { counted } from "../words.ts";
import { LineList, planned } from "./line-list.tsx";
import { PlannedWork, Warnings } from "./planned-work.tsx";
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
  return (
    <PlannedWork
      of={JSON.stringify(scope)}
      ask={() => post<RecreationReportView>("/recovery/checkpoints/plan", requestOf(scope), 300_000)}
      asking="The owners are asked what would be done …"
      show={(report) => <Plan report={report} />}
      isPossible={({ lines, counts }) => lines.length > counts.failed}
      begin={async () => onStarted((await post<RecreationRunView>("/recovery/checkpoints", requestOf(scope))).id)}
      word="Restore"
      working="Starting …"
      onBack={onBack}
    />
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
      <Warnings warnings={warnings} />
      <LineList lines={lines} words={planned} />
    </>
  );
}
