import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { DiskReplacementView } from "../../../src/api/routes/recovery.ts";
import type { StatusView } from "../../../src/api/status-view.ts";
import { DiskDoneStep, DiskPlanStep } from "./disk-plan-step.tsx";
import { type DiskScope, DiskScopeStep, noDisks } from "./disk-scope-step.tsx";

/** The steps of the second function, from the third screen on. */
export function DiskTask({
  step,
  status,
  onStep,
}: {
  step: "Resources" | "Plan" | "Result";
  status: StatusView;
  onStep: (step: "Cluster" | "Task" | "Resources" | "Plan" | "Result") => void;
}): VNode | null {
  const [scope, setScope] = useState<DiskScope>(noDisks);
  const [done, setDone] = useState<DiskReplacementView>();
  if (step === "Resources") {
    const to = (next: "Task" | "Plan") => (): void => onStep(next);
    return <DiskScopeStep status={status} scope={scope} onScope={setScope} onBack={to("Task")} onNext={to("Plan")} />;
  }
  if (step === "Plan") {
    const show = (replaced: DiskReplacementView): void => {
      setDone(replaced);
      onStep("Result");
    };
    return <DiskPlanStep scope={scope} onBack={() => onStep("Resources")} onDone={show} />;
  }
  return done === undefined ? null : <DiskDoneStep done={done} onAgain={() => onStep("Cluster")} />;
}
