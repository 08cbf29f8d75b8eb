import type { VNode } from "preact";
import type { DiskPlanView, DiskReplacementView } from "../../../src/api/routes/recovery.ts";
import { post } from "../api.ts";
import { Notice } from "../notice.tsx";
import type { DiskScope } from "./disk-scope-step.tsx";
import { PlannedWork, Warnings } from "./planned-work.tsx";

/** All nodes stop what they run when the quorum moves; milliseconds. */
const moveLimit = 300_000;

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
  const replace = ({ move }: DiskPlanView): Promise<DiskReplacementView> =>
    post<DiskReplacementView>("/recovery/disk", move === null ? scope : { ...scope, planId: move.id }, moveLimit);
  return (
    <PlannedWork
      of={JSON.stringify(scope)}
      ask={() => post<DiskPlanView>("/recovery/disk/plan", scope, 60_000)}
      asking="The node is asked what would be done …"
      show={(plan) => <DiskPlan plan={plan} />}
      isPossible={({ result, move }) => result === "replace" && (move?.blockers.length ?? 0) === 0}
      begin={async (plan) => onDone(await replace(plan))}
      word="Replace"
      working="Replacing …"
      onBack={onBack}
    />
  );
}

function DiskPlan({ plan }: { plan: DiskPlanView }): VNode {
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
      {plan.move !== null && <Move move={plan.move} />}
      <Warnings warnings={[...plan.warnings, ...(plan.move?.warnings ?? [])]} />
    </>
  );
}

/** The old disk holds the quorum: how that moves, and what forbids it now. */
function Move({ move }: { move: NonNullable<DiskPlanView["move"]> }): VNode {
  return (
    <>
      <h3>The quorum moves with its disk</h3>
      <ul class="will">
        {move.lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      {move.blockers.map(({ sentence, next }) => (
        <Notice key={sentence} tone="bad">
          <p>
            <strong>Not now.</strong> {sentence}
          </p>
          <p>{next}</p>
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
        {done.mountPoint === null || done.quorum !== null
          ? ""
          : ` It is mounted at ${done.mountPoint} when it comes online.`}
      </p>
      {done.lines.map((line) => (
        <p key={line}>{line}</p>
      ))}
      <div class="buttons">
        <button type="button" class="main" onClick={onAgain}>
          Begin again
        </button>
      </div>
    </div>
  );
}
