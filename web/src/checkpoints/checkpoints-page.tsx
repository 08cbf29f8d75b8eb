import type { VNode } from "preact";
import type { AuditView, CheckpointView } from "../../../src/api/routes/checkpoints.ts";
import type { StatusView } from "../../../src/api/status-view.ts";
import { get } from "../api.ts";
import { useAsked } from "../asked.ts";
import { Empty, ProblemNotice } from "../notice.tsx";
import { CheckpointDetail } from "./checkpoint-detail.tsx";
import { CheckpointList } from "./checkpoint-list.tsx";

/** All checkpoints, or one of them when the address names it: resource, kind, path. */
export function CheckpointsPage({ status, parts }: { status: StatusView; parts: readonly string[] }): VNode {
  const [resource, kind, path] = parts;
  const version = `${status.checkpoints.count} ${status.checkpoints.newest ?? 0}`;
  if (resource !== undefined && kind !== undefined && path !== undefined) {
    return <CheckpointDetail resource={resource} kind={kind} path={path} version={version} />;
  }
  return <Overview version={version} />;
}

function Overview({ version }: { version: string }): VNode {
  const list = useAsked("checkpoints", () => get<CheckpointView[]>("/checkpoints"), version);
  const audit = useAsked("audit", () => get<AuditView[]>("/checkpoints/audit", {}, 300_000), version);
  const { answer, problem } = list;
  return (
    <>
      <div class="title-line">
        <h1>Checkpoints</h1>
        <button type="button" onClick={audit.again} disabled={audit.waiting}>
          {audit.waiting ? "Comparing …" : "Compare with what is live"}
        </button>
      </div>
      <p class="soft">
        Stored copies of the settings and keys that resources need. Each is put in place on the node where its resource
        comes online.
      </p>
      {problem !== undefined && <ProblemNotice problem={problem} />}
      {audit.problem !== undefined && <ProblemNotice problem={audit.problem} />}
      {answer === undefined && problem === undefined && <p class="empty">The list is asked for …</p>}
      {answer?.length === 0 && (
        <Empty>There are no checkpoints yet: clubar checkpoint add RESOURCE --registry SOFTWARE\…</Empty>
      )}
      {answer !== undefined && answer.length > 0 && <CheckpointList checkpoints={answer} audit={audit.answer ?? []} />}
    </>
  );
}
