import type { Outside, ProcessIdentity } from "../base/outside.ts";
import { noError } from "../base/no-error.ts";
import { until } from "./application-kill.ts";

/**
 * What the guard knows. It is a process of its own beside the host and kills it when the host, frozen, does not: the host tells it every
 * new end of the permit; without such a sign of life the guard kills the host and every container that it was told of.
 */
export interface GuardState {
  readonly host: ProcessIdentity;
  /** Boot time in milliseconds; undefined: the host runs nothing and need not show life. */
  readonly deadline: number | undefined;
  /** Inits of running containers, by `PID STARTED`. */
  readonly applications: ReadonlyMap<string, ProcessIdentity>;
}

/** The lines that a host writes to its guard. */
export const guardLine = {
  /** The permit ends then (boot time in milliseconds). Only a later one than before counts. */
  deadline: (boot: number): string => `deadline ${boot}`,
  /** All is killed and proven: until the next deadline there is nothing to guard. */
  rest: "rest",
  /** A container is about to run; a deadline was told before. */
  app: (init: ProcessIdentity): string => `app ${init.pid} ${init.started}`,
  /** It is proven gone. */
  gone: (init: ProcessIdentity): string => `gone ${init.pid} ${init.started}`,
} as const;

/** Takes in a line; one that it does not understand changes nothing. */
export function hear(state: GuardState, line: string): GuardState {
  const [word, first = "", second = ""] = line.trim().split(" ");
  if (word === "rest") return { ...state, deadline: undefined };
  if (word === "deadline") {
    const deadline = Number(first);
    const isLater =
      first !== "" && Number.isFinite(deadline) && (state.deadline === undefined || deadline > state.deadline);
    return isLater ? { ...state, deadline } : state;
  }
  if ((word !== "app" && word !== "gone") || !/^\d+$/.test(first) || !/^\d+$/.test(second)) return state;
  const applications = new Map(state.applications);
  if (word === "app") applications.set(`${first} ${second}`, { pid: Number(first), started: second });
  else applications.delete(`${first} ${second}`);
  return { ...state, applications };
}

/** What the guard does next. */
export type GuardDecision =
  | {
      readonly kind: "wait" /** For at most so many milliseconds; undefined: until a line comes. */;
      readonly ms: number | undefined;
    }
  | { readonly kind: "kill"; readonly because: "deadline" | "input closed" };

/** Whether to kill at boot time `now`; `grace` is what a living host gets beyond its permit to kill and prove by itself. */
export function decide(state: GuardState, now: number, grace: number, inputOpen: boolean): GuardDecision {
  if (!inputOpen) return { kind: "kill", because: "input closed" };
  if (state.deadline === undefined) return { kind: "wait", ms: undefined };
  const left = state.deadline + grace - now;
  return left <= 0 ? { kind: "kill", because: "deadline" } : { kind: "wait", ms: left };
}

/** The guard's ear: `onLine` and `onClose` are called as things come. */
export interface GuardInput {
  onLine(handler: (line: string) => void): void;
  onClose(handler: () => void): void;
}

/** Waits, and kills when it must; resolves when the host and all it told of are gone. */
export async function runGuard(
  outside: Outside,
  host: ProcessIdentity,
  grace: number,
  input: GuardInput,
): Promise<GuardDecision> {
  let state: GuardState = { host, deadline: undefined, applications: new Map() };
  let open = true;
  let listened = false;
  let news = new AbortController();
  const wake = (): void => {
    news.abort(noError);
    news = new AbortController();
  };
  input.onLine((line) => {
    state = hear(state, line);
    wake();
  });
  input.onClose(() => {
    open = false;
    wake();
  });
  for (;;) {
    const decision = decide(state, outside.clock.boot(), grace, open);
    if (decision.kind === "kill" && decision.because === "deadline" && !listened) {
      // After a pause of this process the host's newer lines may wait in the pipe: they are heard before it is killed.
      listened = true;
      await outside.timers.sleep(1);
      continue;
    }
    listened = false;
    if (decision.kind === "kill") {
      await killAll(outside, state);
      return decision;
    }
    await outside.timers.sleep(Math.min(decision.ms ?? longest, longest), news.signal);
  }
}

/** Timers do not count a suspend: looked at again at least so often, in milliseconds. */
const longest = 1_000;

async function killAll(outside: Outside, state: GuardState): Promise<void> {
  const all = [state.host, ...state.applications.values()];
  await Promise.all(all.map((who) => until(outside, async () => !(await outside.processes.signal(who, "SIGKILL")))));
}
