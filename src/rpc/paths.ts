/**
 * Calls to a node that is reached over several networks: one connection over each, kept open, so that the loss of one network costs a call
 * a part of its time. What may arrive twice is sent on another path when the first is late; for the rest a path that answers is looked
 * for first.
 */
import { fail, type Failure } from "../base/errors.ts";
import { failureOf } from "../base/failure-of.ts";
import { noError } from "../base/no-error.ts";
import type { Outside } from "../base/outside.ts";
import { formatTlsAddress, isTlsAddress, parseTlsAddress } from "../base/tls-address.ts";
import { type Caller, dial } from "./call.ts";

/** Answered at once by every service; asks nothing. */
export const pingMethod = "ping";

/**
 * Carried out twice these do what they do once: a copy may overtake its original, or come when that was answered long ago. An update is
 * not among them: its request id is remembered for a while only.
 */
const repeatable: ReadonlySet<string> = new Set([pingMethod, "renew", "proof", "join", "fetch", "status", "disks"]);

/** After this part of a call's time the next path is tried as well. */
const patience = 1 / 4;

/** How long after a connection was lost or refused it is tried again while another one holds, in milliseconds. */
const redialAfter = 500;

/** A path that answered so shortly ago, in milliseconds, is not asked whether it does. */
const fresh = 1000;

type PathsOutside = Pick<Outside, "net" | "timers" | "clock">;

/** Whether a place, by its host, is on a network that is not for the cluster; asked again for each call. */
export type KeptOff = (host: string) => boolean;

/**
 * As `dial`; an address with several places is called over all of them but those that are kept off. Nodes that would be reached nowhere
 * else are called all the same.
 */
export async function dialPaths(
  outside: PathsOutside,
  address: string,
  instance: string | undefined,
  isKeptOff: KeptOff = () => false,
): Promise<Caller> {
  return isTlsAddress(address) ? Paths.open(outside, address, instance, isKeptOff) : dial(outside, address, instance);
}

interface Path {
  readonly address: string;
  readonly host: string;
  caller: Caller | undefined;
  /** Something sent on it was not answered in time; others come first until an answer comes. */
  isLate: boolean;
  /** Boot time of the newest answer. */
  heard: number;
}

interface Answered {
  readonly path: Path;
  readonly body: unknown;
}

class Paths implements Caller {
  readonly #outside: PathsOutside;
  readonly #address: string;
  readonly #instance: string | undefined;
  readonly #paths: readonly Path[];
  readonly #isKeptOff: KeptOff;
  readonly #over = new AbortController();
  readonly #closeHandlers = new Set<() => void>();

  private constructor(outside: PathsOutside, address: string, instance: string | undefined, isKeptOff: KeptOff) {
    this.#isKeptOff = isKeptOff;
    this.#outside = outside;
    this.#address = address;
    this.#instance = instance;
    const { node, places } = parseTlsAddress(address);
    this.#paths = places.map((place) => ({
      address: formatTlsAddress(node, [place]),
      host: place.host,
      caller: undefined,
      isLate: false,
      heard: Number.NEGATIVE_INFINITY,
    }));
  }

  /** Resolves with the first connection; rejects as `dial` when there is none. */
  static async open(
    outside: PathsOutside,
    address: string,
    instance: string | undefined,
    isKeptOff: KeptOff,
  ): Promise<Paths> {
    const made = new Paths(outside, address, instance, isKeptOff);
    const attempts = made.#paths.map((path) => (made.#isUsed(path) ? made.#connect(path) : undefined));
    try {
      await Promise.any(attempts.filter((attempt) => attempt !== undefined));
    } catch (cause) {
      const failures = cause instanceof AggregateError ? (cause.errors as unknown[]).map(failureOf) : [];
      throw failures.find(({ name }) => name === "ACCESS_DENIED") ?? failures[0] ?? cause;
    }
    for (const [index, path] of made.#paths.entries()) void made.#keep(path, attempts[index]);
    return made;
  }

  async call(method: string, body: unknown, timeoutMs: number): Promise<unknown> {
    if (repeatable.has(method)) return (await this.#first(method, body, timeoutMs)).body;
    const [best] = this.#inOrder();
    const isFresh = best !== undefined && !best.isLate && this.#outside.clock.boot() - best.heard < fresh;
    const path = isFresh ? best : (await this.#first(pingMethod, {}, timeoutMs)).path;
    return this.#on(path, method, body, timeoutMs);
  }

  tell(method: string, body: unknown): void {
    this.#inOrder()[0]?.caller?.tell(method, body);
  }

  onClose(handler: () => void): void {
    if (this.#over.signal.aborted) handler();
    else this.#closeHandlers.add(handler);
  }

  close(): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort(noError);
    for (const { caller } of this.#paths) caller?.close();
    for (const handler of this.#closeHandlers) handler();
    this.#closeHandlers.clear();
  }

  /** Those that answer, then those that were late; without those that are not connected. */
  #inOrder(): readonly Path[] {
    const open = this.#paths.filter((path) => path.caller !== undefined && this.#isUsed(path));
    return [...open.filter(({ isLate }) => !isLate), ...open.filter(({ isLate }) => isLate)];
  }

  #isUsed({ host }: Path): boolean {
    return !this.#isKeptOff(host) || this.#paths.every((path) => this.#isKeptOff(path.host));
  }

  /** The first answer of any path; what another node refuses is an answer. */
  async #first(method: string, body: unknown, timeoutMs: number): Promise<Answered> {
    const { timers } = this.#outside;
    const first = Promise.withResolvers<Answered>();
    const done = new AbortController();
    const lost: Failure[] = [];
    const ask = async (path: Path): Promise<void> => {
      try {
        // Twice as long: an answer that comes late still says that the path holds.
        first.resolve({ path, body: await this.#on(path, method, body, 2 * timeoutMs) });
      } catch (error) {
        const failure = failureOf(error);
        if (failure.name !== "CLUSTER_NODE_UNREACHABLE") first.reject(failure);
        else lost.push(failure);
      }
    };
    const askInTurn = async (): Promise<void> => {
      const asked: Promise<void>[] = [];
      for (const path of this.#inOrder()) {
        if (done.signal.aborted) return;
        const asking = ask(path);
        asked.push(asking);
        await Promise.race([asking, timers.sleep(timeoutMs * patience, done.signal)]);
        if (!done.signal.aborted) path.isLate = true;
      }
      await Promise.all(asked);
      first.reject(lost[0] ?? unreachable(`The connections to ${this.#address} are closed.`, "It was not asked."));
    };
    void askInTurn();
    void timers.sleep(timeoutMs, done.signal).then(() => {
      const late = `${this.#address} did not answer ${method} within ${timeoutMs} ms.`;
      first.reject(unreachable(late, "It may have done what was asked."));
    });
    try {
      return await first.promise;
    } finally {
      done.abort(noError);
    }
  }

  /** A connection on which nothing came while a call waited its time is given up. */
  async #on(path: Path, method: string, body: unknown, timeoutMs: number): Promise<unknown> {
    const { caller, heard } = path;
    if (caller === undefined) throw unreachable(`The connection to ${path.address} is closed.`, "It was not asked.");
    const answered = (): void => {
      path.heard = this.#outside.clock.boot();
      if (path.caller === caller) path.isLate = false;
    };
    try {
      const answer = await caller.call(method, body, timeoutMs);
      answered();
      return answer;
    } catch (error) {
      if (failureOf(error).name !== "CLUSTER_NODE_UNREACHABLE") answered();
      else if (path.heard === heard) caller.close();
      throw error;
    }
  }

  async #connect(path: Path): Promise<void> {
    const caller = await dial(this.#outside, path.address, this.#instance);
    if (this.#over.signal.aborted) return caller.close();
    path.caller = caller;
    path.isLate = false;
    caller.onClose(() => {
      path.caller = undefined;
    });
  }

  /** Closes it when its network is kept off, used or not. */
  async #untilGone(path: Path, caller: Caller): Promise<void> {
    let isGone = false;
    const gone = new Promise<void>((resolve) => caller.onClose(resolve)).then(() => {
      isGone = true;
    });
    while (!isGone && !this.#over.signal.aborted) {
      await Promise.race([gone, this.#outside.timers.sleep(redialAfter, this.#over.signal)]);
      if (!this.#isUsed(path)) caller.close();
    }
  }

  /** Connects again and again while another path holds; the loss of the last one ends them all. */
  async #keep(path: Path, first: Promise<void> | undefined): Promise<void> {
    let attempt = first;
    while (!this.#over.signal.aborted) {
      await attempt?.catch(() => undefined);
      const { caller } = path;
      if (caller !== undefined) await this.#untilGone(path, caller);
      if (this.#paths.every((one) => one.caller === undefined)) return this.close();
      await this.#outside.timers.sleep(redialAfter, this.#over.signal);
      attempt = this.#over.signal.aborted || !this.#isUsed(path) ? undefined : this.#connect(path);
    }
  }
}

function unreachable(happened: string, unchanged: string): Failure {
  return fail("CLUSTER_NODE_UNREACHABLE", { happened, unchanged, next: "Look whether its service runs." });
}
