import type { ComponentChildren, VNode } from "preact";
import type { Problem } from "./api.ts";

/** Something that a person should read before anything else. `tone` is said by its first word too. */
export function Notice({ tone, children }: { tone: "warn" | "bad" | "plain"; children: ComponentChildren }): VNode {
  return (
    <div class={`notice ${tone}`} role={tone === "bad" ? "alert" : "status"}>
      {children}
    </div>
  );
}

/** What went wrong, what was not changed, what to do next. `title`: what could not be done, when that is no change. */
export function ProblemNotice({ problem, title }: { problem: Problem; title?: string }): VNode {
  return (
    <Notice tone="bad">
      <p>
        <strong>{title ?? "That did not work."}</strong> {problem.message}
      </p>
      {title === undefined && problem.unchanged !== "" && <p>{problem.unchanged}</p>}
      {problem.next !== "" && <p>Next: {problem.next}</p>}
    </Notice>
  );
}

/** Nothing is there, and what that means. */
export function Empty({ children }: { children: ComponentChildren }): VNode {
  return <p class="empty">{children}</p>;
}
