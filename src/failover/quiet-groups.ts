/** Groups for which there is nothing to do for now: with hundreds on their way, to look at all of them after every event costs most. */
import type { GroupState } from "../database/state.ts";
import type { OwnerAction } from "./owner.ts";

type Wake = Extract<OwnerAction, { kind: "wake" }>;

interface Quiet {
  readonly group: GroupState;
  readonly wakes: readonly Wake[];
}

/** Whoever keeps it takes a group out when something that runs of it changes. */
export class QuietGroups {
  readonly #all = new Map<string, Quiet>();

  /** The steps of a group that is as it was then and whose time has not come; undefined: it is to be looked at. */
  stepsOf(group: GroupState, nowBoot: number): readonly Wake[] | undefined {
    const quiet = this.#all.get(group.id);
    return quiet?.group === group && quiet.wakes.every(({ at }) => nowBoot < at) ? quiet.wakes : undefined;
  }

  /** `actions`: all that there is to do for the group now. */
  looked(group: GroupState, actions: readonly OwnerAction[]): void {
    const wakes = actions.filter((action) => action.kind === "wake");
    if (wakes.length === actions.length) this.#all.set(group.id, { group, wakes });
    else this.#all.delete(group.id);
  }

  /** `group`: its folded id. */
  delete(group: string): void {
    this.#all.delete(group);
  }
}
