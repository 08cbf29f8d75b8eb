/** One caller for each address, made when first needed and made anew after it broke. */
import type { Outside } from "../base/outside.ts";
import type { Caller } from "../rpc/call.ts";
import { dialPaths, type KeptOff } from "../rpc/paths.ts";

/** Shared connections of one process; closed with it. */
export class CallerPool {
  readonly #outside: Pick<Outside, "net" | "timers" | "clock">;
  readonly #instance: () => string | undefined;
  readonly #isKeptOff: KeptOff | undefined;
  readonly #callers = new Map<string, Promise<Caller>>();

  constructor(
    outside: Pick<Outside, "net" | "timers" | "clock">,
    instance: () => string | undefined,
    isKeptOff?: KeptOff,
  ) {
    this.#isKeptOff = isKeptOff;
    this.#outside = outside;
    this.#instance = instance;
  }

  /** As `Caller.call`; rejects with CLUSTER_NODE_UNREACHABLE when nobody listens. */
  async call(address: string, method: string, body: unknown, timeoutMs: number): Promise<unknown> {
    return (await this.#callerOf(address)).call(method, body, timeoutMs);
  }

  /** Closes the connection to an address that is called no more. */
  drop(address: string): void {
    const caller = this.#callers.get(address);
    this.#callers.delete(address);
    void caller?.then((open) => open.close()).catch(() => undefined);
  }

  close(): void {
    for (const caller of this.#callers.values()) void caller.then((open) => open.close()).catch(() => undefined);
    this.#callers.clear();
  }

  #callerOf(address: string): Promise<Caller> {
    const known = this.#callers.get(address);
    if (known !== undefined) return known;
    const dialed = dialPaths(this.#outside, address, this.#instance(), this.#isKeptOff);
    this.#callers.set(address, dialed);
    const forget = (): void => {
      if (this.#callers.get(address) === dialed) this.#callers.delete(address);
    };
    dialed.then((caller) => caller.onClose(forget), forget);
    return dialed;
  }
}
