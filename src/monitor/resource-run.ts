import { fail } from "../base/errors.ts";
import type { Outside } from "../base/outside.ts";
import { limitOutput } from "./output-limit.ts";
import type { ResourceLife } from "./resource-life.ts";
import { type ResourceEvent, resourceState, type ResourceState } from "./resource-state.ts";
import type { ResourceContext, ResourceType } from "./resource-type.ts";

/** How long `terminate` of a type may take before its containers are killed, in milliseconds. */
const terminateLimit = 5_000;
/** The longest wait between two tries to release what outlives its host, in milliseconds. */
const releasePause = 1_000;

/** What one run is made of. */
export interface RunParts {
  readonly outside: Outside;
  readonly type: ResourceType;
  readonly context: ResourceContext;
  readonly life: ResourceLife;
  readonly ownershipGeneration: number;
  readonly onEvent: (event: ResourceEvent) => void;
}

/** One life of a resource as a state machine: 129 → 2 → 130 → 3, or 4 from anywhere. Every call of its type has a time limit. */
export class ResourceRun {
  readonly #parts: RunParts;
  #state: ResourceState = resourceState.offline;
  #because = "";
  #held = false;
  #down: Promise<void> | undefined;
  #released: Promise<void> | undefined;
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

  /** Brings it online, then watches it until its end. Never rejects. */
  async live(): Promise<void> {
    const { type, context, life, outside } = this.#parts;
    this.#set(resourceState.onlinePending, "It was asked to come online.");
    try {
      await outside.files.makeFolder(context.folder);
      void limitOutput(outside, `${context.folder}/output.log`, life.ended);
      await this.#limited("online", (signal) => type.online(context, signal));
    } catch (cause) {
      if (!life.closing) await this.fail(messageOf(cause));
      return;
    }
    if (life.closing) return;
    this.#set(resourceState.online, "It came online.");
    await this.#watch();
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
    const { type, life } = this.#parts;
    const released = type.diesWithHost ? undefined : this.#untilReleased();
    await Promise.all([life.end(), released]);
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
    } catch (cause) {
      trouble = ` It was terminated: ${messageOf(cause)}`;
      await this.#terminate();
    }
    this.#set(resourceState.offline, `It went offline.${trouble}`);
  }

  async #terminate(): Promise<void> {
    const { life, type } = this.#parts;
    life.closing = true;
    if (!life.ended.aborted) await this.#askToTerminate();
    await Promise.all([life.end(), type.diesWithHost ? undefined : this.#untilReleased()]);
  }

  /** Never gives up: a resource that may still be there is neither offline nor failed, and nobody else may have it. */
  #untilReleased(): Promise<void> {
    this.#released ??= this.#release();
    return this.#released;
  }

  async #release(): Promise<void> {
    const { type, context, outside } = this.#parts;
    for (let pause = 20; ; pause = Math.min(releasePause, pause * 2)) {
      try {
        return await type.terminate(context, new AbortController().signal);
      } catch (cause) {
        const because = `It can't be released: ${messageOf(cause)}`;
        if (because !== this.#because) context.log.warn("not released", { resource: context.resource.name, because });
        this.#set(resourceState.offlinePending, because, true);
      }
      await outside.timers.sleep(pause);
    }
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

  /** @throws RESOURCE_CALL_TIMED_OUT past PendingTimeout, CANCELLED when this life is ended; the call may hang on, without effect */
  async #limited<T>(what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { outside, life, context } = this.#parts;
    const { times } = context.resource;
    const over = new AbortController();
    const stop = (): void => over.abort();
    life.ended.addEventListener("abort", stop);
    if (life.ended.aborted) stop();
    const late = outside.timers.sleep(times.pendingTimeout, over.signal).then(() => {
      const name = context.resource.name;
      throw life.ended.aborted
        ? fail("CANCELLED", { happened: `${what} of ${name} was broken off.` })
        : fail("RESOURCE_CALL_TIMED_OUT", {
            happened: `${what} of ${name} did not end within ${times.pendingTimeout} ms (PendingTimeout).`,
          });
    });
    late.catch(() => undefined);
    const working = work(over.signal);
    working.catch(() => undefined);
    try {
      return await Promise.race([working, late]);
    } finally {
      life.ended.removeEventListener("abort", stop);
      over.abort();
    }
  }

  #set(state: ResourceState, because: string, held = false): void {
    this.#held = held;
    this.#state = state;
    this.#because = because;
    this.#parts.onEvent(this.lastEvent);
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
