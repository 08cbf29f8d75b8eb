import type { VNode } from "preact";
import type { AuditView, CheckpointView } from "../../../src/api/routes/checkpoints.ts";
import { href } from "../route.ts";
import { type Look, StateMark } from "../state-mark.tsx";
import { bytesText, dateTime, kindWord } from "../words.ts";

/** Checkpoints by resource, each with what the comparison said. */
export function CheckpointList({
  checkpoints,
  audit,
}: {
  checkpoints: readonly CheckpointView[];
  audit: readonly AuditView[];
}): VNode {
  const resources = [...new Set(checkpoints.map(({ resource }) => resource))];
  return (
    <div class="groups">
      {resources.map((resource) => (
        <section class="group" key={resource} aria-label={`Resource ${resource}`}>
          <div class="group-head">
            <h2>{resource}</h2>
          </div>
          <ul class="rows checkpoints">
            {checkpoints
              .filter((one) => one.resource === resource)
              .map((one) => (
                <Row key={`${one.kind} ${one.path}`} checkpoint={one} audit={audit.find((line) => isOf(line, one))} />
              ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

/** What a comparison's results are called here. */
export const auditWords: Readonly<Record<AuditView["result"], readonly [string, Look]>> = {
  ok: ["same as live", "good"],
  drift: ["differs from live", "busy"],
  lost: ["file lost", "bad"],
  damaged: ["file damaged", "bad"],
  stale: ["other file", "bad"],
  "not checked": ["not compared", "unknown"],
};

function Row({ checkpoint, audit }: { checkpoint: CheckpointView; audit: AuditView | undefined }): VNode {
  const { resource, kind, path, number, size, time } = checkpoint;
  const [word, look] = audit === undefined ? (["not compared yet", "unknown"] as const) : auditWords[audit.result];
  return (
    <li class="row">
      <a class="name path" href={href("checkpoints", resource, kind, path)}>
        {path}
      </a>
      <StateMark state="" look={look} word={word} />
      <span class="soft">
        {kindWord(kind)}, version {number}, {bytesText(size)}, {dateTime(time)}
      </span>
      {audit !== undefined && audit.result !== "ok" && <span class="wide soft">{audit.sentence}</span>}
    </li>
  );
}

function isOf(line: AuditView, checkpoint: CheckpointView): boolean {
  return line.resource === checkpoint.resource && line.kind === checkpoint.kind && line.path === checkpoint.path;
}
