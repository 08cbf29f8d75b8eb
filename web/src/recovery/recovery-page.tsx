import type { VNode } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { RecreationRunView } from "../../../src/api/routes/recovery.ts";
import type { StatusView } from "../../../src/api/status-view.ts";
import { get } from "../api.ts";
import { Notice } from "../notice.tsx";
import { ClusterStep } from "./cluster-step.tsx";
import { DiskTask } from "./disk-task.tsx";
import { PlanStep } from "./plan-step.tsx";
import { RunStep } from "./run-step.tsx";
import { type Scope, ScopeStep, wholeCluster } from "./scope-step.tsx";
import { type Task, TaskStep } from "./task-step.tsx";

const steps = ["Cluster", "Task", "Resources", "Plan", "Result"] as const;
type Step = (typeof steps)[number];

/** The Cluster Recovery Utility as a wizard, in the order of the original. */
export function RecoveryPage({
  status,
  isLive,
  resource,
}: {
  status: StatusView;
  isLive: boolean;
  /** Chosen already where somebody came from. */
  resource: string | undefined;
}): VNode {
  const [step, setStep] = useState<Step>("Cluster");
  const [task, setTask] = useState<Task>("checkpoints");
  const [scope, setScope] = useState<Scope>(
    resource === undefined ? wholeCluster : { ...wholeCluster, all: false, resource },
  );
  const runs = useRuns(() => {
    setTask("checkpoints");
    setStep("Result");
  });
  const heading = useHeadingFocus(step);
  const isMember = status.self.state === "member" || status.self.state === "leader";
  return (
    <>
      <h1>Recovery</h1>
      <Steps now={step} />
      {!isMember && (
        <Notice tone="bad">
          <p>
            <strong>Nothing can be recovered from here now.</strong> Node {status.self.name} is in no cluster with a
            leader. {status.self.because}
          </p>
        </Notice>
      )}
      <section class="step" aria-labelledby="step-title">
        <h2 id="step-title" tabIndex={-1} ref={heading}>
          {questions[step]}
        </h2>
        {step === "Cluster" && <ClusterStep status={status} onNext={() => setStep("Task")} onLast={runs.showLast} />}
        {step === "Task" && (
          <TaskStep
            task={task}
            onTask={setTask}
            onBack={() => setStep("Cluster")}
            onNext={() => setStep("Resources")}
          />
        )}
        {task === "disk" && step !== "Cluster" && step !== "Task" && (
          <DiskTask step={step} status={status} onStep={setStep} />
        )}
        {task === "checkpoints" && step === "Resources" && (
          <ScopeStep
            status={status}
            scope={scope}
            onScope={setScope}
            onBack={() => setStep("Task")}
            onNext={() => setStep("Plan")}
          />
        )}
        {task === "checkpoints" && step === "Plan" && (
          <PlanStep scope={scope} onBack={() => setStep("Resources")} onStarted={runs.follow} />
        )}
        {task === "checkpoints" && step === "Result" && (
          <RunStep id={runs.shown} isLive={isLive} onAgain={() => setStep("Cluster")} />
        )}
      </section>
    </>
  );
}

interface Runs {
  /** The id of the run that is shown. */
  readonly shown: string;
  readonly follow: (id: string) => void;
  /** undefined while none is known. */
  readonly showLast: (() => void) | undefined;
}

/** A run goes on without this page; whoever comes back finds it. */
function useRuns(onShown: () => void): Runs {
  const [shown, setShown] = useState("");
  const [last, setLast] = useState<string>();
  const follow = (id: string): void => {
    setShown(id);
    setLast(id);
    onShown();
  };
  useEffect(() => {
    get<RecreationRunView[]>("/recovery/checkpoints").then(
      (runs) => {
        const going = runs.find(({ state }) => state === "running");
        setLast(runs.at(-1)?.id);
        if (going !== undefined) follow(going.id);
      },
      () => undefined,
    );
  }, []);
  return { shown, follow, showLast: last === undefined ? undefined : () => follow(last) };
}

const questions: Readonly<Record<Step, string>> = {
  Cluster: "Which cluster is to be recovered?",
  Task: "What is to be done?",
  Resources: "For which resources?",
  Plan: "What will be done",
  Result: "What was done",
};

function Steps({ now }: { now: Step }): VNode {
  const at = steps.indexOf(now);
  return (
    <ol class="steps" aria-label="Steps">
      {steps.map((step, index) => (
        <li key={step} class={index < at ? "done" : ""} aria-current={index === at ? "step" : undefined}>
          <span class="number">{index < at ? "✓" : index + 1}</span> {step}
        </li>
      ))}
    </ol>
  );
}

/** Whoever uses the keyboard or a screen reader goes on where the new step begins. */
function useHeadingFocus(step: Step): { current: HTMLHeadingElement | null } {
  const heading = useRef<HTMLHeadingElement>(null);
  const shown = useRef(step);
  useLayoutEffect(() => {
    if (shown.current !== step) heading.current?.focus();
    shown.current = step;
  }, [step]);
  return heading;
}
