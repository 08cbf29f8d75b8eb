/** The newest decisions as this node knows them: those that it applied itself, and before them what the quorum's log still holds. */
import type { Decision } from "../database/replica.ts";
import { reasonOfUpdate } from "../database/update-codec.ts";
import type { Quorum } from "../quorum/quorum.ts";
import { compareTags, formatTag } from "../quorum/tag.ts";
import type { LivingDatabase } from "./living-database.ts";

/** Decisions that are told. */
const most = 200;

/** Reads the log only when somebody asks, and again only after this node took over a whole copy. */
export class Decisions {
  readonly #database: LivingDatabase;
  readonly #quorum: Quorum;
  #earlier: Promise<readonly Decision[]> | undefined;

  constructor(database: LivingDatabase, quorum: Quorum) {
    this.#database = database;
    this.#quorum = quorum;
    database.onChange((_tree, _before, tag) => {
      const last = database.replica.decisions().at(-1);
      if (last === undefined || compareTags(last.tag, tag) !== 0) this.#earlier = undefined;
    });
  }

  /** The oldest first. A quorum that can't be read is no failure: then there are only this node's own. */
  async newest(): Promise<readonly Decision[]> {
    this.#earlier ??= this.#logged();
    const earlier = await this.#earlier.catch(() => {
      this.#earlier = undefined;
      return [];
    });
    const known = new Map([...earlier, ...this.#database.replica.decisions()].map((one) => [formatTag(one.tag), one]));
    return [...known.values()].sort((a, b) => compareTags(a.tag, b.tag)).slice(-most);
  }

  async #logged(): Promise<readonly Decision[]> {
    const { records } = await this.#quorum.load();
    return records.slice(-most).map(({ tag, time, body }) => ({ tag, time, because: reasonOfUpdate(body) }));
  }
}
