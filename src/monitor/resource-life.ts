import { fail } from "../base/errors.ts";
import type { Outside, ProcessEnd } from "../base/outside.ts";
import { type Application, startApplication } from "./application.ts";
import type { ApplicationRecord } from "./application-record.ts";
import { inMachine, probeContainment } from "./containment.ts";
import type { StartSpec } from "./resource-type.ts";

/** What a life of a resource needs from the host. */
export interface LifeHooks {
  /** Whether the host holds the permit, at this moment. */
  mayRun(): boolean;
  /** Before a program starts: the guard must know of it first. */
  applicationStarts(record: ApplicationRecord): Promise<void>;
  /** After it is proven gone. */
  applicationGone(record: ApplicationRecord): void;
  /** A watched program ended by itself. */
  watchedEnded(because: string): void;
}

/**
 * One life of a resource on this host, from a start command to the proof that nothing of it is left. Calls of its type that hang or come
 * late keep a context of this life; once it is ended they can start nothing more.
 */
export class ResourceLife {
  readonly #outside: Outside;
  readonly #resource: string;
  readonly #dataFolder: string;
  readonly #log: string;
  readonly #hooks: LifeHooks;
  readonly #end = new AbortController();
  readonly #applications = new Set<Application>();
  readonly #starting = new Set<Promise<unknown>>();
  #latest: Application | undefined;
  #gone: Promise<void> | undefined;
  /** It is being taken down: the end of a program is no failure any more. */
  closing = false;

  constructor(outside: Outside, resource: string, dataFolder: string, log: string, hooks: LifeHooks) {
    this.#outside = outside;
    this.#resource = resource;
    this.#dataFolder = dataFolder;
    this.#log = log;
    this.#hooks = hooks;
  }

  /** Aborted when this life is ended. */
  get ended(): AbortSignal {
    return this.#end.signal;
  }

  application(): Application | undefined {
    return this.#latest !== undefined && this.#applications.has(this.#latest) ? this.#latest : undefined;
  }

  /** @throws INVALID_STATE when this life is over or the host holds no permit; nothing was started */
  async start(spec: StartSpec): Promise<Application> {
    this.#mustLive();
    const starting = this.#start(spec);
    this.#starting.add(starting);
    try {
      return await starting;
    } finally {
      this.#starting.delete(starting);
    }
  }

  /** Kills everything of this life at once; resolves when it is proven gone and can't come again. */
  end(): Promise<void> {
    this.closing = true;
    this.#end.abort();
    this.#gone ??= this.#killAll();
    return this.#gone;
  }

  async #killAll(): Promise<void> {
    const kill = (): Promise<unknown> =>
      Promise.all([...this.#applications].map((each) => each.kill().then(() => this.#forget(each))));
    await Promise.all([kill(), ...[...this.#starting].map((each) => each.catch(() => undefined))]);
    await kill();
  }

  async #start(spec: StartSpec): Promise<Application> {
    let known: ApplicationRecord | undefined;
    const beforeStart = async (record: ApplicationRecord): Promise<void> => {
      this.#mustLive();
      known = record;
      await this.#hooks.applicationStarts(record);
      this.#mustLive();
    };
    const { program, environment, folder } = spec;
    const [resource, log, dataFolder] = [this.#resource, this.#log, this.#dataFolder];
    const contained = spec.machine === true ? inMachine(await probeContainment(this.#outside)) : undefined;
    const application = await startApplication(
      this.#outside,
      { resource, program, environment, folder, log, dataFolder, mayBegin: () => this.#mustLive(), beforeStart },
      contained,
    ).catch((cause: unknown) => {
      if (known !== undefined) this.#hooks.applicationGone(known);
      throw cause;
    });
    this.#applications.add(application);
    this.#latest = application;
    void application.ended.then((end) => {
      this.#forget(application);
      if (spec.watched && !this.closing) void this.#tellEnd(spec, end);
    });
    if (!this.#lives()) {
      await application.kill();
      this.#mustLive();
    }
    return application;
  }

  async #tellEnd({ program, endedMeans }: StartSpec, end: ProcessEnd): Promise<void> {
    const how = "code" in end ? `with code ${end.code}` : `by ${end.signal}`;
    const told = typeof endedMeans === "function" ? await endedMeans(end).catch(() => undefined) : endedMeans;
    if (!this.closing) this.#hooks.watchedEnded(told ?? `${program[0] ?? "Its container"} ended ${how}.`);
  }

  /** It is proven gone; told once. */
  #forget(application: Application): void {
    if (this.#applications.delete(application)) this.#hooks.applicationGone(application.record);
  }

  #lives(): boolean {
    return !this.#end.signal.aborted && this.#hooks.mayRun();
  }

  #mustLive(): void {
    if (this.#lives()) return;
    throw fail("INVALID_STATE", {
      happened: `${this.#resource} may start nothing now: it is being terminated, or this host holds no permit.`,
      unchanged: "Nothing was started.",
    });
  }
}
