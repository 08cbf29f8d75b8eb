import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { Diagnosis } from "../../../src/recovery/doctor.ts";
import { get } from "../api.ts";
import { useAsked } from "../asked.ts";
import { ProblemNotice } from "../notice.tsx";
import { type Look, StateMark } from "../state-mark.tsx";

/** What the doctor of this node says when somebody asks; it changes nothing. */
export function DoctorPanel(): VNode {
  const [asked, setAsked] = useState(false);
  const { answer, problem, waiting, again } = useAsked(
    asked ? "doctor" : "",
    asked ? () => get<Diagnosis>("/doctor", {}, 120_000) : undefined,
  );
  return (
    <section class="doctor" aria-label="Doctor">
      <button type="button" disabled={waiting} onClick={() => (asked ? again() : setAsked(true))}>
        {waiting ? "Looking …" : "Ask the doctor what is wrong"}
      </button>
      {problem !== undefined && <ProblemNotice problem={problem} />}
      {answer !== undefined && <Findings diagnosis={answer} />}
    </section>
  );
}

type Level = Diagnosis["findings"][number]["level"];

const looks: Readonly<Record<Level, Look>> = {
  ok: "good",
  note: "off",
  warning: "busy",
  problem: "bad",
  "not checked": "unknown",
};

function Findings({ diagnosis }: { diagnosis: Diagnosis }): VNode {
  const { verdict, restore, findings, next } = diagnosis;
  return (
    <div class="sheet" role="status">
      <p>
        <strong>{verdict}</strong> {restore.sentence}
      </p>
      {next.length > 0 && (
        <ol class="next">
          {next.map(({ command, why }) => (
            <li key={command}>
              <code>{command}</code> <span class="soft">{why}</span>
            </li>
          ))}
        </ol>
      )}
      <details>
        <summary>Everything that was looked at</summary>
        <ul class="rows parts">
          {findings.map(({ id, level, sentence, why }) => (
            <li class="row finding" key={`${id} ${sentence}`}>
              <StateMark state={level} look={looks[level]} />
              <span>
                {sentence} <span class="soft">{why}</span>
              </span>
            </li>
          ))}
        </ul>
      </details>
    </div>
  );
}
