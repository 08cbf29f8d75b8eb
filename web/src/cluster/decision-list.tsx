import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { DecisionView } from "../../../src/api/routes/decisions.ts";
import { Empty } from "../notice.tsx";
import { clockTime, dateTime } from "../words.ts";

const shownAtFirst = 12;

/** What was done and why, the newest first. */
export function DecisionList({ decisions }: { decisions: readonly DecisionView[] }): VNode {
  const [all, setAll] = useState(false);
  if (decisions.length === 0) return <Empty>No decision is known to this node.</Empty>;
  const shown = all ? decisions : decisions.slice(0, shownAtFirst);
  return (
    <>
      <ol class="decisions">
        {shown.map(({ tag, time, because }) => (
          <li key={tag}>
            <time dateTime={new Date(time).toISOString()} title={dateTime(time)}>
              {clockTime(time)}
            </time>
            <span class="sentence">{because}</span>
            <code class="soft">{tag}</code>
          </li>
        ))}
      </ol>
      {decisions.length > shownAtFirst && (
        <button type="button" onClick={() => setAll(!all)} aria-expanded={all}>
          {all ? "Show fewer" : `Show all ${decisions.length}`}
        </button>
      )}
    </>
  );
}
