/** What this page knows of the cluster, kept fresh by the node's events. */
import { useEffect, useState } from "preact/hooks";
import type { DecisionView } from "../../src/api/routes/decisions.ts";
import type { StatusView } from "../../src/api/status-view.ts";
import { get, type Problem, problemOf, type Query } from "./api.ts";
import { followEvents } from "./event-stream.ts";

/** How the node is reached. */
export type Connection =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  /** `since`: when it was last heard of, wall milliseconds; undefined when never. */
  | { readonly kind: "lost"; readonly since: number | undefined }
  | { readonly kind: "denied"; readonly problem: Problem };

/** One moment's knowledge. */
export interface Known {
  readonly connection: Connection;
  /** undefined before the first answer; old while the connection is lost. */
  readonly status: StatusView | undefined;
  readonly decisions: readonly DecisionView[];
  /** What `status` is to show of the groups. */
  readonly view: GroupLook;
}

/** Groups that are asked for at a time; a cluster with more has a way to find some of them. */
export const groupsAtOnce = 50;

/** Which groups are looked at. */
export interface GroupLook {
  readonly from: number;
  readonly search: string;
  /** Only those that need a look. */
  readonly attention: boolean;
}

/** Changes that come close together are read together, in milliseconds. */
const pause = 150;

class Live {
  #known: Known = {
    connection: { kind: "connecting" },
    status: undefined,
    decisions: [],
    view: { from: 0, search: "", attention: false },
  };
  readonly #listeners = new Set<() => void>();
  #heard: number | undefined;
  #reading = false;
  #again = false;
  #readingDecisions = false;

  get known(): Known {
    return this.#known;
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(): void {
    void followEvents({
      onEvent: () => void this.refresh(),
      onLost: (problem) => this.#lost(problem),
    });
  }

  /** Looks at other groups. */
  look(view: Partial<GroupLook>): void {
    this.#become({ ...this.#known, view: { ...this.#known.view, ...view } });
    void this.refresh();
  }

  /** Reads everything; while it is being read, once more afterwards. */
  async refresh(): Promise<void> {
    if (this.#reading) {
      this.#again = true;
      return;
    }
    this.#reading = true;
    try {
      do {
        this.#again = false;
        const status = await get<StatusView>("/status", queryOf(this.#known.view), 10_000);
        this.#heard = Date.now();
        this.#become({ ...this.#known, connection: { kind: "live" }, status });
        const { from } = this.#known.view;
        // Groups went away, and with them the place that was looked at.
        if (from > 0 && status.groups.length === 0) this.look({ from: Math.max(0, from - groupsAtOnce) });
        void this.#readDecisions();
        await new Promise((resolve) => setTimeout(resolve, pause));
      } while (this.#again);
    } catch (error) {
      this.#lost(problemOf(error));
    } finally {
      this.#reading = false;
    }
  }

  /** Reading them may have to wait for the quorum, and the status must not. */
  async #readDecisions(): Promise<void> {
    if (this.#readingDecisions) return;
    this.#readingDecisions = true;
    const { tag } = this.#known.status ?? {};
    try {
      const decisions = await get<DecisionView[]>("/decisions");
      this.#become({ ...this.#known, decisions });
    } catch {
      return;
    } finally {
      this.#readingDecisions = false;
    }
    if (this.#known.status?.tag !== tag) void this.#readDecisions();
  }

  #lost(problem: Problem): void {
    const connection: Connection =
      problem.kind === "denied" ? { kind: "denied", problem } : { kind: "lost", since: this.#heard };
    this.#become({ ...this.#known, connection });
  }

  #become(known: Known): void {
    this.#known = known;
    for (const listener of this.#listeners) listener();
  }
}

function queryOf({ from, search, attention }: GroupLook): Query {
  return {
    groups: String(groupsAtOnce),
    from: from === 0 ? undefined : String(from),
    search: search.trim() === "" ? undefined : search.trim(),
    attention: attention ? "true" : undefined,
  };
}

/** The one of this page. */
export const live: Live = new Live();

/** What is known now; the component is drawn again when that changes. */
export function useLive(): Known {
  const [known, setKnown] = useState(live.known);
  useEffect(() => {
    setKnown(live.known);
    return live.listen(() => setKnown(live.known));
  }, []);
  return known;
}
