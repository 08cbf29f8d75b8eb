/** A service's end of the link to its host: membership's `HostLink` and the commands for resources. */
import { noError } from "../base/no-error.ts";
import type { Outside } from "../base/outside.ts";
import type { HostLink } from "../membership/host-link.ts";
import type { Timing } from "../membership/timing.ts";
import type { ResourceSpec } from "../monitor/host-engine.ts";
import type { ResourceEvent } from "../monitor/resource-state.ts";
import type { RegistryUse } from "../monitor/resource-type.ts";
import { type Caller, dial, type Handlers } from "../rpc/call.ts";
import type { MembersMessage, TrustedMessage } from "./host-remote.ts";
import { type Answer, fromHost, type HelloAnswer, type Question, toHost } from "./host-messages.ts";

/** What the host tells and asks while it lives. */
export interface HostEvents {
  resource(event: ResourceEvent): void;
  watch(resource: string, use: RegistryUse): void;
  permit(endsAt: number): void;
  ask(question: Question): Promise<Omit<Answer, "number">>;
}

/** Calls that wait for applications to end have no limit of their own: the host ends them by PendingTimeout. */
const noLimit = 24 * 3600 * 1000;

/** A connection to this life's host; when it closes, the host ends everything. */
export class HostClient implements HostLink {
  readonly endpoint: string;
  readonly ended: Promise<void>;
  readonly hello: HelloAnswer;
  readonly #caller: Caller;
  readonly #timing: Timing;
  readonly #handlers: LinkHandlers;
  /** What the host was told last. */
  #members = JSON.stringify({ endpoints: [], keptOff: [] } satisfies MembersMessage);

  private constructor(endpoint: string, caller: Caller, hello: HelloAnswer, timing: Timing, handlers: LinkHandlers) {
    this.endpoint = endpoint;
    this.#caller = caller;
    this.hello = hello;
    this.#timing = timing;
    this.#handlers = handlers;
    this.ended = new Promise((resolve) => caller.onClose(resolve));
  }

  /**
   * Connects to the host of this node; `advertised` is where hosts of other nodes reach it. Rejects with CLUSTER_NODE_UNREACHABLE while
   * nobody listens.
   */
  static async connect(
    outside: Outside,
    endpoint: string,
    instance: string,
    timing: Timing,
    events: HostEvents,
    advertised: string = endpoint,
  ): Promise<HostClient> {
    const handlers: LinkHandlers = { silence: () => undefined, superseded: () => undefined, refused: () => undefined };
    let answer: (answer: Answer) => void = () => undefined;
    let ping = (): void => undefined;
    const permit = (endsAt: number): void => {
      events.permit(endsAt);
      // Both processes are awake just now; a timer of its own would wake them once more.
      ping();
    };
    const told = tellHandlers({ ...events, permit }, handlers, (given) => answer(given));
    const caller = await dial(outside, endpoint, instance, told);
    answer = (given) => caller.tell("answer", given);
    ping = () => caller.tell(toHost.ping, {});
    const hello = (await caller.call(toHost.hello, {}, timing.call * 10).catch((error: unknown) => {
      caller.close();
      throw error;
    })) as HelloAnswer;
    const client = new HostClient(advertised, caller, hello, timing, handlers);
    void client.#pingForEver(outside);
    return client;
  }

  follow(epoch: number, hostEndpoint: string): void {
    this.#caller.tell(toHost.follow, { epoch, hostEndpoint });
  }

  async lead(epoch: number): Promise<void> {
    await this.#caller.call(toHost.lead, { epoch }, this.#timing.call * 10);
  }

  stopFollowing(): void {
    this.#caller.tell(toHost.stopFollowing, {});
  }

  stopLeading(): void {
    this.#caller.tell(toHost.stopLeading, {});
  }

  async grantFor(length: number): Promise<void> {
    await this.#caller.call(toHost.grantFor, { length }, this.#timing.call * 10);
  }

  /** The host confirms in the quorum at `place` from now on, and nowhere else. Rejects when it can't open that. */
  async useQuorum(place: string): Promise<void> {
    await this.#caller.call(toHost.useQuorum, { place }, this.#timing.call * 10);
  }

  async admit(node: string, incarnation: string): Promise<void> {
    await this.#caller.call(toHost.admit, { node, incarnation }, this.#timing.call * 10);
  }

  async expire(node: string, incarnation: string): Promise<number | undefined> {
    const answered = await this.#caller.call(toHost.expire, { node, incarnation }, this.#timing.call * 10);
    return typeof answered === "number" ? answered : undefined;
  }

  onSilence(handler: (node: string, incarnation: string) => void): void {
    this.#handlers.silence = handler;
  }

  onRefused(handler: () => void): void {
    this.#handlers.refused = handler;
  }

  onSuperseded(handler: (epoch: number) => void): void {
    this.#handlers.superseded = handler;
  }

  /** Rejects with the host's refusal (no permit, unknown type). */
  async start(spec: ResourceSpec): Promise<void> {
    await this.#caller.call(toHost.start, spec, this.#timing.call * 10);
  }

  makeReady(spec: ResourceSpec): void {
    this.#caller.tell(toHost.makeReady, spec);
  }

  /** Resolves when nothing of the resource is left. */
  async stop(id: string): Promise<void> {
    await this.#caller.call(toHost.stop, { id }, noLimit);
  }

  async terminate(id: string): Promise<void> {
    await this.#caller.call(toHost.terminate, { id }, noLimit);
  }

  registryChanged(id: string): void {
    this.#caller.tell(toHost.registryChanged, { id });
  }

  /** Whom the host tells its proof, and at which of their addresses it calls nobody. */
  members(message: MembersMessage): void {
    const text = JSON.stringify(message);
    if (text === this.#members) return;
    this.#members = text;
    this.#caller.tell(toHost.members, message);
  }

  trusted(message: TrustedMessage): void {
    this.#caller.tell(toHost.trusted, message);
  }

  /** The host stops everything, proves it and ends. */
  async finish(because: string): Promise<void> {
    await this.#caller.call(toHost.finish, { because }, noLimit).catch(() => undefined);
  }

  close(): void {
    this.#caller.close();
  }

  async #pingForEver(outside: Outside): Promise<void> {
    const over = new AbortController();
    this.#caller.onClose(() => over.abort(noError));
    while (!over.signal.aborted) {
      this.#caller.tell(toHost.ping, {});
      await outside.timers.sleep(this.#timing.serviceHung / 4, over.signal);
    }
  }
}

interface LinkHandlers {
  silence: (node: string, incarnation: string) => void;
  superseded: (epoch: number) => void;
  refused: () => void;
}

function tellHandlers(events: HostEvents, link: LinkHandlers, answer: (answer: Answer) => void): Handlers {
  const done = (work: void): Promise<null> => Promise.resolve(work).then(() => null);
  return {
    [fromHost.resource]: (body) => done(events.resource(body as ResourceEvent)),
    [fromHost.watch]: (body) => {
      const { resource, keys, containers } = body as { resource: string } & RegistryUse;
      return done(events.watch(resource, { keys, containers }));
    },
    [fromHost.permit]: (body) => done(events.permit((body as { endsAt: number }).endsAt)),
    [fromHost.refused]: () => done(link.refused()),
    [fromHost.superseded]: (body) => done(link.superseded((body as { epoch: number }).epoch)),
    [fromHost.silence]: (body) => {
      const { node, incarnation } = body as { node: string; incarnation: string };
      return done(link.silence(node, incarnation));
    },
    [fromHost.ask]: async (body) => {
      const question = body as Question;
      answer({ ...(await events.ask(question)), number: question.number });
      return null;
    },
  };
}
