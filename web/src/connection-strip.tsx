import type { ComponentChildren, VNode } from "preact";
import { situation, type Tone } from "../../src/api/situation.ts";
import type { Known } from "./live.ts";
import { StateMark } from "./state-mark.tsx";
import { clockTime } from "./words.ts";

/** One line below the navigation: the cluster's situation, or that the node does not answer. It keeps its place whatever it says. */
export function ConnectionStrip({ known }: { known: Known }): VNode {
  const { connection, status } = known;
  if (connection.kind === "lost") {
    const since = connection.since === undefined ? "" : ` since ${clockTime(connection.since)}`;
    return (
      <Strip tone="bad lost">
        <StateMark state="lost" word="No connection" />
        <span>
          This node does not answer{since}. {status === undefined ? "" : "What you see is old. "}It is tried again by
          itself.
        </span>
      </Strip>
    );
  }
  if (status === undefined) return <Strip tone="ok">The node is asked …</Strip>;
  const { self } = status;
  const isMember = self.state === "member" || self.state === "leader";
  const { tone, sentence } = isMember
    ? situation(status)
    : ({
        tone: "bad",
        sentence: `Node ${self.name} is no member of the cluster now (${self.state}). What is shown may be old.`,
      } as const);
  const look = tone === "ok" ? "good" : tone === "warn" ? "busy" : "bad";
  const word = tone === "ok" ? "Well" : tone === "warn" ? "Attention" : "Trouble";
  return (
    <Strip tone={tone}>
      <StateMark state="" look={look} word={word} />
      <span>{sentence}</span>
    </Strip>
  );
}

function Strip({ tone, children }: { tone: Tone | "bad lost"; children: ComponentChildren }): VNode {
  return (
    <section class={`strip ${tone}`} aria-label="Situation">
      <div role="status">{children}</div>
    </section>
  );
}
