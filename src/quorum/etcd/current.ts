/** Transactions under the generation in force: each compares the key that names it. */
import { noCluster } from "../rules.ts";
import { bytesOf, textOf } from "./client.ts";
import type { Compare, EtcdClient, KeyValue, Operation } from "./client.ts";
import { currentKey, generationKeys } from "./place.ts";
import type { GenerationKeys } from "./place.ts";

/** What is to be done in a generation. */
export interface Step {
  readonly compares?: readonly Compare[];
  readonly does: readonly Operation[];
  /** Reads only, for when a comparison fails. */
  readonly otherwise?: readonly Operation[];
}

/** `replaced`: another generation is in force, or none; nothing happened. */
export interface Outcome {
  readonly state: "done" | "refused" | "replaced";
  readonly found: readonly (readonly KeyValue[])[];
  readonly revision: number;
}

/** Takes a step if the generation of `keys` is in force and the step's own comparisons hold. */
export async function within(client: EtcdClient, keys: GenerationKeys, step: Step): Promise<Outcome> {
  const { succeeded, found, revision } = await client.txn({
    compares: [{ key: keys.current, value: bytesOf(keys.name) }, ...(step.compares ?? [])],
    does: step.does,
    otherwise: [{ get: keys.current }, ...(step.otherwise ?? [])],
  });
  if (succeeded) return { state: "done", found, revision };
  const state = textOf(found[0]) === keys.name ? "refused" : "replaced";
  return { state, found: found.slice(1), revision };
}

/** Which generation is in force, as this handle last saw it. */
export class Current {
  readonly client: EtcdClient;
  readonly prefix: string;
  #seen: GenerationKeys | undefined;

  constructor(client: EtcdClient, prefix: string) {
    this.client = client;
    this.prefix = prefix;
  }

  /** Asks etcd; undefined when no cluster was ever created here. */
  async look(): Promise<GenerationKeys | undefined> {
    const { found } = await this.client.txn({ does: [{ get: currentKey(this.prefix) }] });
    const name = textOf(found[0]);
    if (name !== this.#seen?.name) this.#seen = name === undefined ? undefined : generationKeys(this.prefix, name);
    return this.#seen;
  }

  /** The step in whichever generation is in force; fails with QUORUM_DISK_NOT_FOUND when there is none. */
  async run(stepIn: (keys: GenerationKeys) => Step): Promise<Outcome & { readonly keys: GenerationKeys }> {
    const outcome = await this.runIfAny(stepIn);
    if (outcome === undefined) throw noCluster(this.client.place);
    return outcome;
  }

  /** The same; undefined when no generation is in force. */
  async runIfAny(
    stepIn: (keys: GenerationKeys) => Step,
  ): Promise<(Outcome & { readonly keys: GenerationKeys }) | undefined> {
    for (;;) {
      const keys = this.#seen ?? (await this.look());
      if (keys === undefined) return undefined;
      const outcome = await within(this.client, keys, stepIn(keys));
      if (outcome.state !== "replaced") return { ...outcome, keys };
      await this.look();
    }
  }
}
