import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { ListedBackup } from "../../../src/backup/read.ts";
import type { VerifyReport } from "../../../src/backup/verify.ts";
import { post } from "../api.ts";
import { useAsked } from "../asked.ts";
import { ProblemNotice } from "../notice.tsx";
import { type Look, StateMark } from "../state-mark.tsx";
import { age, bytesText, counted, dateTime } from "../words.ts";

/** One set; nothing is said to be good before it was verified. */
export function BackupRow({ set, instance }: { set: ListedBackup; instance: string }): VNode {
  const [asked, setAsked] = useState(false);
  const { answer, problem, waiting, again } = useAsked(
    asked ? "verify" : "",
    asked ? () => post<VerifyReport>("/sets/verify", { path: set.path }, 600_000) : undefined,
  );
  const [word, look] = waiting ? (["verifying …", "busy"] as const) : resultOf(set, answer);
  const isForeign = set.instance !== undefined && set.instance !== instance;
  return (
    <li class="line">
      <div class="row">
        <span class="name path">{set.path}</span>
        <StateMark state="" look={look} word={word} />
        <span class="soft">
          {dateTime(set.time)}, {age(set.time)}; {bytesText(set.bytes)}
          {set.tag === undefined ? "" : `; tag ${set.tag}`}
          {set.node === undefined ? "" : `; by ${set.node}`}
        </span>
        <button
          type="button"
          disabled={waiting}
          aria-label={`Verify ${set.path}`}
          onClick={() => (asked ? again() : setAsked(true))}
        >
          Verify
        </button>
      </div>
      {isForeign && (
        <p class="sentence">
          <strong>Of another cluster:</strong> {set.cluster ?? "unnamed"} ({set.instance})
        </p>
      )}
      {set.remark !== undefined && <p class="sentence">{set.remark}</p>}
      {problem !== undefined && <ProblemNotice problem={problem} />}
      {answer !== undefined && <Report report={answer} />}
    </li>
  );
}

function resultOf(set: ListedBackup, report: VerifyReport | undefined): readonly [string, Look] {
  if (!set.complete) return ["never finished", "bad"];
  if (report === undefined) return ["not verified", "unknown"];
  if (!report.ok) return ["damaged", "bad"];
  return report.notChecked === 0 ? ["verified", "good"] : ["partly verified", "busy"];
}

function Report({ report }: { report: VerifyReport }): VNode {
  const open = report.notChecked === 0 ? "everything was checked" : `${report.notChecked} not checked`;
  return (
    <details open={!report.ok}>
      <summary>
        {counted(report.lines.length, "part")}: {report.damaged === 0 ? "none" : report.damaged} damaged, {open}
      </summary>
      <ul class="rows parts">
        {report.lines.map((line) => (
          <li class="row" key={`${line.what} ${line.detail}`}>
            <span class="name path">{line.what}</span>
            <StateMark state={line.result} word={line.result.toLowerCase()} />
            <span class="soft">{line.detail}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
