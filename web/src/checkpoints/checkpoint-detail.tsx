import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { CheckpointContentView } from "../../../src/api/routes/checkpoint-content.ts";
import type { CheckpointView } from "../../../src/api/routes/checkpoints.ts";
import type { RecreationReportView } from "../../../src/api/routes/recovery.ts";
import { get, post } from "../api.ts";
import { useAsked } from "../asked.ts";
import { DiffView } from "../diff-view.tsx";
import { Empty, ProblemNotice } from "../notice.tsx";
import { href } from "../route.ts";
import { bytesText, dateTime, kindWord } from "../words.ts";
import { KeyTree } from "./key-tree.tsx";

interface Named {
  readonly resource: string;
  /** As the API names it. */
  readonly kind: string;
  readonly path: string;
  /** Changes when the list of checkpoints may have. */
  readonly version: string;
}

/** One checkpoint: what is live and not in its file, and what its versions hold. */
export function CheckpointDetail(named: Named): VNode {
  const { resource, kind, path } = named;
  return (
    <>
      <p>
        <a href={href("checkpoints")}>All checkpoints</a>
      </p>
      <h1 class="path">{path}</h1>
      <p class="soft">
        A {kindWord(kind)}
        {kind === "registry" ? " below HKEY_LOCAL_MACHINE" : ""} of resource {resource}.
      </p>
      <h2>Different from what is live</h2>
      <Differences {...named} />
      <h2>Content</h2>
      <Content {...named} />
    </>
  );
}

function Differences({ resource, kind, path, version }: Named): VNode {
  const { answer, problem } = useAsked(
    `${resource}\n${kind}\n${path}`,
    () => post<RecreationReportView>("/recovery/checkpoints/plan", { resources: [resource] }, 300_000),
    version,
  );
  const line = answer?.lines.find((one) => one.kind === kind && one.path === path);
  if (problem !== undefined) return <ProblemNotice problem={problem} />;
  if (answer === undefined) return <p class="empty">The owner is asked …</p>;
  if (line === undefined) return <Empty>The resource has no such checkpoint now.</Empty>;
  return (
    <>
      <p>{line.result === "same" ? "Nothing: the current version holds what is live." : line.sentence}</p>
      {line.differences !== undefined && <DiffView diff={line.differences} kind={kind} />}
      {line.result !== "same" && (
        <p>
          <a href={href("recovery", resource)}>Re-create it</a> to make what is live the current version.
        </p>
      )}
    </>
  );
}

function Content({ resource, kind, path, version }: Named): VNode {
  const [chosen, setChosen] = useState<string>();
  const subject = `${resource}\n${kind}\n${path}`;
  const query = { resource, kind, path };
  const history = useAsked(subject, () => get<CheckpointView[]>("/checkpoints/history", query), version);
  const versions = [...(history.answer ?? [])].reverse();
  const content = useAsked(
    `${subject}\n${chosen ?? ""}`,
    () => get<CheckpointContentView>("/checkpoints/content", { ...query, number: chosen }),
    version,
  );
  const { answer, problem } = content;
  return (
    <>
      {versions.length > 0 && (
        <div class="line">
          <label for="version">Version</label>
          <select
            id="version"
            value={chosen ?? ""}
            onChange={({ currentTarget }) => setChosen(currentTarget.value || undefined)}
          >
            {versions.map(({ number, time, size }, at) => (
              <option key={number} value={at === 0 ? "" : String(number)}>
                {number}, {dateTime(time)}, {bytesText(size)}
                {at === 0 ? " (current)" : ""}
              </option>
            ))}
          </select>
        </div>
      )}
      {problem !== undefined && <ProblemNotice problem={problem} title="Its content can't be shown." />}
      {answer === undefined && problem === undefined && <p class="empty">The file is read …</p>}
      {answer !== undefined && answer.tree === null && (
        <Empty>
          The file is there and whole, {bytesText(answer.checkpoint.size)}. What a key container holds is not shown.
        </Empty>
      )}
      {answer !== undefined && answer.tree !== null && <KeyTree tree={answer.tree} />}
    </>
  );
}
