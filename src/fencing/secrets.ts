/**
 * Passwords of fence devices: in `fence-secrets.json` of each node's data folder (0600) and nowhere else. The database names an id for
 * them, made anew with each `clubar fence add`; nodes hand the values to one another (`fence-secrets` between nodes). Those of former
 * devices stay: a database that is restored may name them again.
 */
import { writeFileDurably } from "../base/durable.ts";
import { fail } from "../base/errors.ts";
import { Mutex } from "../base/mutex.ts";
import type { Files } from "../base/outside.ts";
import { readIfThere } from "../base/read-if-there.ts";

/** Values by name; secret. */
export type Secrets = Readonly<Record<string, string>>;

/** What this node keeps; one object for each data folder. */
export class FenceSecrets {
  readonly #files: Files;
  readonly #path: string;
  readonly #alone = new Mutex();

  constructor(files: Files, data: string) {
    this.#files = files;
    this.#path = `${data}/fence-secrets.json`;
  }

  /** undefined when they are not here. INVALID_DATA when the file is damaged. */
  async find(id: string): Promise<Secrets | undefined> {
    return (await this.#read()).get(id);
  }

  /** Of these, the ids that are not here. */
  async missing(ids: readonly string[]): Promise<string[]> {
    if (ids.length === 0) return [];
    const known = await this.#read();
    return ids.filter((id) => !known.has(id));
  }

  /** Durable when it resolves. */
  keep(id: string, secrets: Secrets): Promise<void> {
    return this.#alone.run(async () => {
      const known = await this.#read();
      known.set(id, secrets);
      await this.#write(known);
    });
  }

  async #write(known: ReadonlyMap<string, Secrets>): Promise<void> {
    const text = `${JSON.stringify({ format: 1, secrets: Object.fromEntries(known) })}\n`;
    await writeFileDurably(this.#files, this.#path, new TextEncoder().encode(text), 0o600);
  }

  async #read(): Promise<Map<string, Secrets>> {
    const bytes = await readIfThere(this.#files, this.#path);
    if (bytes === undefined) return new Map();
    try {
      const { secrets } = JSON.parse(new TextDecoder().decode(bytes)) as { readonly secrets: unknown };
      return new Map(Object.entries(secrets as object).map(([id, values]) => [id, checkSecrets(values)]));
    } catch (cause) {
      throw fail("INVALID_DATA", {
        happened: `${this.#path} is damaged.`,
        unchanged: "No device was asked.",
        next: "Remove it; other nodes hand the secrets over, or give them again: clubar fence add.",
        cause,
      });
    }
  }
}

/** What a file or another node said. INVALID_DATA. */
export function checkSecrets(values: unknown): Secrets {
  const isRecord = typeof values === "object" && values !== null && !Array.isArray(values);
  if (isRecord && Object.values(values).every((value) => typeof value === "string")) return values as Secrets;
  throw fail("INVALID_DATA", { happened: "These are no secrets of a fence device.", unchanged: "They were not kept." });
}
