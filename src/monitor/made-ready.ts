/** What was made ahead of starts that will come soon. */
import type { Outside } from "../base/outside.ts";
import { toJson } from "../rpc/json.ts";
import type { ResourceSpec } from "./host-engine.ts";
import type { ResourceRun } from "./resource-run.ts";

/** How long it is kept, in milliseconds. */
const readyTime = 30_000;

interface Ready {
  readonly run: ResourceRun;
  readonly spec: string;
}

/** By resource, a run that has not begun to live. Nothing of it is told to anybody. */
export class MadeReady {
  readonly #outside: Outside;
  readonly #all = new Map<string, Ready>();

  constructor(outside: Outside) {
    this.#outside = outside;
  }

  /** `make` is called unless there is one for this very spec. */
  add(spec: ResourceSpec, make: () => ResourceRun): void {
    const text = toJson(spec);
    if (this.#all.get(spec.id)?.spec === text) return;
    void this.drop(spec.id);
    const run = make();
    this.#all.set(spec.id, { run, spec: text });
    void run.makeReady();
    void this.#outside.timers.sleep(readyTime, run.ended).then(() => (this.has(run) ? this.drop(spec.id) : undefined));
  }

  /** The one for this very spec, which is the caller's now; one for another is dropped. */
  take(spec: ResourceSpec): ResourceRun | undefined {
    const found = this.#all.get(spec.id);
    if (found?.spec === toJson(spec)) {
      this.#all.delete(spec.id);
      return found.run;
    }
    void this.drop(spec.id);
    return undefined;
  }

  has(run: ResourceRun): boolean {
    return this.#all.get(run.context.resource.id)?.run === run;
  }

  /** Resolves when nothing of it is left. */
  async drop(id: string): Promise<void> {
    const found = this.#all.get(id);
    this.#all.delete(id);
    await found?.run.discard();
  }

  async dropAll(): Promise<void> {
    await Promise.all([...this.#all.keys()].map((id) => this.drop(id)));
  }
}
