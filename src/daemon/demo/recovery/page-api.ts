/** Recovery with the requests of the web page's wizard, for a machine without a browser. */
import type { RecreationReportView, RecreationRunView } from "../../../api/routes/recovery.ts";
import { StepFailed, type Story } from "../story.ts";

/** Asks for the plan, starts the run, and waits for its report; resolves with how it was done. */
export async function recoverByPageRequests(story: Story, address: string): Promise<string> {
  const { origin, hash } = new URL(address);
  const headers = {
    authorization: `Bearer ${hash.replace("#token=", "")}`,
    "content-type": "application/json",
  };
  const ask = async (path: string, body?: unknown): Promise<unknown> => {
    const sent = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const answer = await fetch(`${origin}/api/v1/recovery/checkpoints${path}`, {
      headers,
      ...sent,
    });
    if (!answer.ok)
      throw new StepFailed(`The page's request was answered with ${answer.status}: ${await answer.text()}`);
    return answer.json();
  };
  const plan = (await ask("/plan", { all: true })) as RecreationReportView;
  const { id } = (await ask("", { all: true })) as RecreationRunView;
  const report = await story.until("the run of the page ends", async () => {
    const run = (await ask(`/${id}`)) as RecreationRunView;
    if (run.state === "failed") throw new StepFailed(`The page's recovery failed: ${run.failure?.happened}`);
    return run.state === "done" && run.report;
  });
  if (report?.counts.failed !== 0) throw new StepFailed(`The page's recovery: ${JSON.stringify(report)}`);
  story.line(`The page's wizard: ${plan.counts.reCreated} to re-create; ${report.counts.reCreated} re-created.`);
  return "the requests of the web page";
}
