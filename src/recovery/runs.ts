/** Re-creations that go on in a node's service whether or not somebody follows them. */
import { fail, type Failure } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import type { RecoverySource, RecreationEvent, RecreationReport, RecreationRequest } from "./recovery.ts";
import { recreate } from "./recreate.ts";

/** Finished runs that can still be asked for. */
const keptRuns = 8;

/** One re-creation. */
export interface RecreationRun {
  readonly id: string;
  readonly request: RecreationRequest;
  /** All so far, in order. */
  readonly events: readonly RecreationEvent[];
  /** undefined while it goes on. */
  readonly outcome: { readonly report: RecreationReport } | { readonly failure: Failure } | undefined;
}

interface Run extends RecreationRun {
  readonly events: RecreationEvent[];
  outcome: RecreationRun["outcome"];
  readonly waiting: Set<() => void>;
}

/** The runs of one service, one at a time; they end with the service. */
export class RecreationRuns {
  readonly #runs = new Map<string, Run>();

  /** Starts one; BUSY while another goes on. What goes wrong later is the run's outcome. */
  start(source: RecoverySource, request: RecreationRequest, id: string): RecreationRun {
    const other = [...this.#runs.values()].find(({ outcome }) => outcome === undefined);
    if (other !== undefined) {
      throw fail("BUSY", {
        happened: `Checkpoints are being re-created already (${other.id}).`,
        unchanged: "Nothing was begun.",
        next: "Follow that one, then try again.",
      });
    }
    const run: Run = { id, request, events: [], outcome: undefined, waiting: new Set() };
    this.#runs.set(id, run);
    for (const old of [...this.#runs.keys()].slice(0, -keptRuns)) this.#runs.delete(old);
    const tell = (event: RecreationEvent): void => {
      run.events.push(event);
      this.#wake(run);
    };
    void recreate(source, request, tell)
      .then(
        (report) => ({ report }),
        (error: unknown) => ({ failure: failureOf(error) }),
      )
      .then((outcome) => {
        run.outcome = outcome;
        this.#wake(run);
      });
    return run;
  }

  all(): readonly RecreationRun[] {
    return [...this.#runs.values()];
  }

  /** FILE_NOT_FOUND. */
  get(id: string): RecreationRun {
    return this.#find(id);
  }

  /** The events from number `from` on (0 is the first), as they come, until the run has ended or `signal`. */
  async *follow(
    id: string,
    from: number,
    signal: AbortSignal,
  ): AsyncGenerator<{ number: number; event: RecreationEvent }> {
    const run = this.#find(id);
    for (let number = from; !signal.aborted; ) {
      const event = run.events[number];
      if (event !== undefined) {
        yield { number, event };
        number++;
      } else if (run.outcome !== undefined) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          run.waiting.add(resolve);
          signal.addEventListener("abort", () => resolve(), { once: true });
        });
      }
    }
  }

  #find(id: string): Run {
    const run = this.#runs.get(id);
    if (run !== undefined) return run;
    throw fail("FILE_NOT_FOUND", {
      happened: `This node knows of no re-creation ${id}.`,
      unchanged: "Nothing was changed.",
      next: "It was started on another node, or the service was started again since.",
    });
  }

  #wake(run: Run): void {
    for (const resume of run.waiting) resume();
    run.waiting.clear();
  }
}
