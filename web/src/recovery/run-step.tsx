import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { RecreationRunView } from "../../../src/api/routes/recovery.ts";
import { get, type Problem, problemOf } from "../api.ts";
import { Notice, ProblemNotice } from "../notice.tsx";
import { counted } from "../words.ts";
import { done, LineList } from "./line-list.tsx";

/** Milliseconds between two looks at a run. */
const pause = 300;

/** The last screen: progress, then a result for each checkpoint. The run goes on in the service, whatever happens to this page. */
export function RunStep({ id, isLive, onAgain }: { id: string; isLive: boolean; onAgain: () => void }): VNode {
  const { run, problem } = useRun(id);
  const running = run === undefined || run.state === "running";
  return (
    <div class="run">
      {!isLive && running && (
        <Notice tone="warn">
          <p>
            <strong>No connection.</strong> The work goes on in the service; what became of it is shown as soon as it
            answers.
          </p>
        </Notice>
      )}
      {problem?.kind === "refused" && <ProblemNotice problem={problem} />}
      {run !== undefined && <Progress run={run} />}
      {run !== undefined && run.failure !== null && (
        <Notice tone="bad">
          <p>
            <strong>It broke off.</strong> {run.failure.happened}
          </p>
          <p>{run.failure.next}</p>
        </Notice>
      )}
      {run !== undefined && <LineList lines={run.report?.lines ?? run.lines} words={done} />}
      {(!running || problem?.kind === "refused") && (
        <div class="buttons">
          <button type="button" class="main" onClick={onAgain}>
            Begin again
          </button>
        </div>
      )}
    </div>
  );
}

function Progress({ run }: { run: RecreationRunView }): VNode {
  const { state, total, finished, now, report } = run;
  const doing = state === "running" ? `Working${now === null ? "" : ` on ${now}`}: ` : "";
  return (
    <div class="progress">
      <p role="status" aria-live="polite">
        {report === null
          ? `${doing}${finished} of ${counted(total, "checkpoint")} have a result.`
          : sumOf(report.counts)}
      </p>
      <progress
        max={Math.max(total, 1)}
        value={state === "running" ? finished : Math.max(total, 1)}
        aria-label="Progress"
      />
    </div>
  );
}

function sumOf({ reCreated, same, failed }: { reCreated: number; same: number; failed: number }): string {
  const failures = failed === 0 ? "none failed" : `${failed} failed`;
  return `Done: ${counted(reCreated, "checkpoint")} re-created, ${same} the same already, ${failures}.`;
}

/** Looks at the run until it has ended; an unreachable node is asked again. */
function useRun(id: string): { run: RecreationRunView | undefined; problem: Problem | undefined } {
  const [run, setRun] = useState<RecreationRunView>();
  const [problem, setProblem] = useState<Problem>();
  useEffect(() => {
    const gone = new AbortController();
    void followRun(id, gone.signal, setRun, setProblem);
    return () => gone.abort();
  }, [id]);
  return { run, problem };
}

async function followRun(
  id: string,
  gone: AbortSignal,
  onRun: (run: RecreationRunView) => void,
  onProblem: (problem: Problem | undefined) => void,
): Promise<void> {
  while (!gone.aborted) {
    try {
      const run = await get<RecreationRunView>(`/recovery/checkpoints/${encodeURIComponent(id)}`, {}, 10_000);
      if (gone.aborted) return;
      onRun(run);
      onProblem(undefined);
      if (run.state !== "running") return;
    } catch (error) {
      const problem = problemOf(error);
      if (gone.aborted) return;
      onProblem(problem);
      if (problem.kind !== "unreachable") return;
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
