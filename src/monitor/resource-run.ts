import { fail } from "../base/errors.ts";
import type { Outside } from "../base/outside.ts";
import { limited } from "./call-limit.ts";
import { untilReleased } from "./outlasting.ts";
import { limitOutput } from "./output-limit.ts";
import type { ResourceLife } from "./resource-life.ts";
import { type ResourceEvent, resourceState, type ResourceState } from "./resource-state.ts";
import type { ResourceContext, ResourceType } from "./resource-type.ts";

/** How long `terminate` of a type may take before its containers are killed, in milliseconds. */
const terminateLimit = 5_000;

/** What one run is made of. */
export interface RunParts {
  readonly outside: Outside;
  readonly type: ResourceType;
  readonly context: ResourceContext;
  readonly life: ResourceLife;
  readonly ownershipGeneration: number;
  /** What is wrong with its parameters. */
  readonly problems: readonly string[];
  /** Of a type that does not die with its host. */
  readonly outlasting: Outlasting | undefined;
  readonly onEvent: (event: ResourceEvent) => void;
}

/** The host's memory of a resource that may leave something behind. */
export interface Outlasting {
  /** Durable when it resolves: from now on the next host releases it, if this one does not. */
  begin(): Promise<void>;
  /** Nothing is left. */
  end(): Promise<void>;
  /** A life and a context for one try to release it. */
  next(): { readonly life: ResourceLife; readonly context: ResourceContext };
}

/** One life of a resource as a state machine: 129 → 2 → 130 → 3, or 4 from anywhere. Every call of its type has a time limit. */
export class ResourceRun {
  readonly #parts: RunParts;
  #state: ResourceState = resourceState.offline;
  #because = "";
  #held = false;
  /** Its type may have done something to the machine. */
  #hasBegun = false;
  #down: Promise<void> | undefined;
  #released: Promise<void> | undefined;
  #ready: Promise<void> = none;
  #remembered: Promise<void> | undefined;
  #changes: "none" | "running" | "again" = "none";

  constructor(parts: RunParts) {
    this.#parts = parts;
  }

  get context(): ResourceContext {
    return this.#parts.context;
  }

  get lastEvent(): ResourceEvent {
    const { context, ownershipGeneration } = this.#parts;
    const event = { resource: context.resource.id, ownershipGeneration, state: this.#state, because: this.#because };
    return this.#held ? { ...event, held: true } : event;
  }

  /** Aborted when its life is ended. */
  get ended(): AbortSignal {
    return this.#parts.life.ended;
  }

  /** It is being taken down. */
  get isClosing(): boolean {
    return this.#parts.life.closing;
  }

  /** Over: nothing of it is left. */
  get isDown(): boolean {
    return this.#down === undefined
      ? false
      : this.#state === resourceState.offline || this.#state === resourceState.failed;
  }

  /** Before `live`, or instead of it; `discard` ends it then. Never rejects. */
  makeReady(): Promise<void> {
    const { type, context, outside } = this.#parts;
    this.#ready = outside.files
      .makeFolder(context.folder)
      .then(() => this.#limited("online", (signal) => type.makeReady?.(context, signal) ?? none))
      .then(() => this.#remember())
      .catch((cause: unknown) =>
        context.log.info("not made ready", { resource: context.resource.name, cause: messageOf(cause) }),
      );
    return this.#ready;
  }

  /** It is not to live; resolves when nothing is left of what was made ready but a memory, which names nothing that was begun. */
  discard(): Promise<void> {
    return this.#parts.life.end();
  }

  /** Brings it online, then watches it until its end. Never rejects. */
  async live(): Promise<void> {
    const { type, context, life, outside } = this.#parts;
    this.#set(resourceState.onlinePending, "It was asked to come online.");
    try {
      await this.#ready;
      await outside.files.makeFolder(context.folder);
      void limitOutput(outside, `${context.folder}/output.log`, life.ended);
      this.#refuseProblems();
      if (type.prepare !== undefined)
        await this.#limited("online", (signal) => type.prepare?.(context, signal) ?? none);
      if (life.closing) return;
      this.#hasBegun = true;
      await this.#remember();
      if (life.closing) return;
      await this.#limited("online", (signal) => type.online(context, signal));
    } catch (cause) {
      if (!life.closing) await this.fail(messageOf(cause));
      return;
    }
    if (life.closing) return;
    this.#set(resourceState.online, "It came online.");
    await this.#watch();
  }

  /** Once: it may be durable from when it was made ready. */
  async #remember(): Promise<void> {
    this.#remembered ??= this.#parts.outlasting?.begin() ?? none;
    await this.#remembered.catch((cause: unknown) => {
      this.#remembered = undefined;
      throw cause;
    });
  }

  /** Takes it offline in order; past PendingTimeout it is terminated. Resolves when nothing of it is left. */
  stop(): Promise<void> {
    this.#down ??= this.#stop();
    return this.#down;
  }

  /** Terminates it: the type is asked, shortly, then everything is killed. */
  terminate(because: string): Promise<void> {
    const before = this.#down;
    this.#down = this.#terminate().then(async () => {
      await before;
      if (this.#state !== resourceState.offline) this.#set(resourceState.offline, because);
    });
    return this.#down;
  }

  /**
   * Kills everything now, whatever else goes on. A type that does not die with its host is terminated at the same time, however long that
   * takes: this resolves only when nothing is left, for a proof follows.
   */
  async killNow(because: string): Promise<void> {
    await this.#parts.life.end();
    await this.#untilReleased();
    this.#down ??= Promise.resolve();
    if (this.#state !== resourceState.failed) this.#set(resourceState.offline, because);
  }

  /** Terminates it as failed. What outlives its host counts as failed only when nothing of it is left; what depends on it stops before. */
  fail(because: string): Promise<void> {
    if (this.#down === undefined && !this.#parts.type.diesWithHost) this.#set(resourceState.offlinePending, because);
    this.#down ??= this.#terminate().then(() => this.#set(resourceState.failed, because));
    return this.#down;
  }

  /** Something that it watches has changed. Calls never overlap; those that come meanwhile become one. */
  async registryChanged(): Promise<void> {
    const { type, context, life } = this.#parts;
    if (type.onRegistryChange === undefined || this.#state !== resourceState.online || life.closing) return;
    if (this.#changes !== "none") {
      this.#changes = "again";
      return;
    }
    do {
      this.#changes = "running";
      try {
        await this.#limited(
          "onRegistryChange",
          (signal) => type.onRegistryChange?.(context, signal) ?? Promise.resolve(),
        );
      } catch (cause) {
        if (!life.closing) this.#set(resourceState.online, messageOf(cause));
      }
    } while ((this.#changes as string) === "again" && !life.closing);
    this.#changes = "none";
  }

  async #stop(): Promise<void> {
    const { type, context, life } = this.#parts;
    const wasOnline = this.#state === resourceState.online;
    life.closing = true;
    this.#set(resourceState.offlinePending, "It was asked to go offline.");
    if (!wasOnline) {
      await this.#terminate();
      this.#set(resourceState.offline, "It was terminated before it was online.");
      return;
    }
    let trouble = "";
    try {
      await this.#limited("offline", (signal) => type.offline(context, signal));
      await life.end();
      await this.#parts.outlasting?.end();
    } catch (cause) {
      trouble = ` It was terminated: ${messageOf(cause)}`;
      await this.#terminate();
    }
    this.#set(resourceState.offline, `It went offline.${trouble}`);
  }

  async #terminate(): Promise<void> {
    const { life, type } = this.#parts;
    life.closing = true;
    if (!life.ended.aborted && type.diesWithHost) await this.#askToTerminate();
    await life.end();
    await this.#untilReleased();
  }

  /** Never gives up: a resource that may still be there is neither offline nor failed, and nobody else may have it. */
  #untilReleased(): Promise<void> {
    const { outlasting, outside, type, context } = this.#parts;
    if (outlasting === undefined || !this.#hasBegun) return none;
    const held = (because: string): void => {
      if (because !== this.#because) context.log.warn("not released", { resource: context.resource.name, because });
      this.#set(resourceState.offlinePending, because, true);
    };
    const next = (): ReturnType<Outlasting["next"]> => outlasting.next();
    this.#released ??= untilReleased({ outside, type, next, held }).then(() => outlasting.end());
    return this.#released;
  }

  #refuseProblems(): void {
    const { problems, context, type } = this.#parts;
    if (problems.length === 0) return;
    const known = type.parameters.map((row) => row.name).join(", ");
    throw fail("INVALID_PARAMETER", {
      happened: `${context.resource.name}: ${problems.join(" ")} Parameters of ${type.name}: ${known}.`,
      unchanged: "It was not brought online.",
      next: `Correct them: clubar resource param "${context.resource.name}" NAME=VALUE, or --unset NAME.`,
    });
  }

  async #askToTerminate(): Promise<void> {
    const { type, context, outside } = this.#parts;
    const over = new AbortController();
    const limit = Math.min(terminateLimit, context.resource.times.pendingTimeout);
    const asked = type.terminate(context, over.signal).catch((cause: unknown) => {
      context.log.warn("terminate failed", { resource: context.resource.name, cause: messageOf(cause) });
    });
    await Promise.race([asked, outside.timers.sleep(limit, over.signal)]);
    over.abort();
  }

  async #watch(): Promise<void> {
    const { type, context, life, outside } = this.#parts;
    const { times } = context.resource;
    const look = (what: "looksAlive" | "isAlive"): Promise<boolean> =>
      this.#limited(what, (signal) => type[what](context, signal));
    let isAliveAt = outside.clock.boot() + times.isAlivePollInterval;
    for (;;) {
      await outside.timers.sleep(times.looksAlivePollInterval, life.ended);
      if (life.closing) return;
      try {
        const due = outside.clock.boot() >= isAliveAt;
        if (due) isAliveAt = outside.clock.boot() + times.isAlivePollInterval;
        const alive = due ? await look("isAlive") : (await look("looksAlive")) || (await look("isAlive"));
        if (alive || life.closing) continue;
        return await this.fail("It is not alive any more (IsAlive said no).");
      } catch (cause) {
        if (life.closing) return;
        return this.fail(messageOf(cause));
      }
    }
  }

  #limited<T>(what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { outside, life, context } = this.#parts;
    const { name, times } = context.resource;
    const isPending = what === "online" || what === "offline";
    const [ms, property] = isPending
      ? [times.pendingTimeout, "PendingTimeout"]
      : [times.deadlockTimeout, "DeadlockTimeout"];
    return limited(outside, { what, resource: name, ms, property }, life.ended, work);
  }

  #set(state: ResourceState, because: string, held = false): void {
    this.#held = held;
    this.#state = state;
    this.#because = because;
    this.#parts.onEvent(this.lastEvent);
  }
}

const none = Promise.resolve();

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
