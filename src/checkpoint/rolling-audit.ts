/**
 * The leader looks at all current version files again and again, a few at a time, and writes down which are lost, damaged or stale:
 * failover goes by it before a node tries, and people see it in status.
 */
import type { Checkpoint, CheckpointParts, FileState } from "./checkpoint.ts";
import { fileName, noteLost } from "./lost.ts";
import { checkpointedRecords, readRecords } from "./records.ts";
import { provenName, ProvenFiles } from "./stored.ts";

/** What one step reads at most, beyond its first file. */
const filesAtOnce = 16;
const bytesAtOnce = 4 * 1024 * 1024;
/** Milliseconds from the beginning of a round to that of the next: with a step a second, each file of a small cluster is read in it. */
const roundEvery = 15_000;

interface Next {
  readonly resource: string;
  readonly checkpoint: Checkpoint;
}

/** The rounds of one leadership. */
export class RollingAudit {
  readonly #parts: Pick<CheckpointParts, "outside" | "database" | "versions" | "log">;
  /** What a round after the first one costs is reading and a digest. */
  readonly proven: ProvenFiles = new ProvenFiles();
  #queue: Next[] = [];
  #begun = Number.NEGATIVE_INFINITY;

  constructor(parts: Pick<CheckpointParts, "outside" | "database" | "versions" | "log">) {
    this.#parts = parts;
  }

  /** Looks at the next few files; nothing when the round is over and the next one not due. A quorum that can't be read says nothing. */
  async step(): Promise<void> {
    const { database, outside, versions } = this.#parts;
    const now = outside.clock.boot();
    if (this.#queue.length === 0) {
      if (now - this.#begun < roundEvery) return;
      this.#begun = now;
      this.#queue = checkpointedRecords(database.tree()).flatMap(({ id, current }) =>
        current.map((checkpoint) => ({ resource: id, checkpoint })),
      );
      this.proven.keepOnly(this.#queue.map(({ resource, checkpoint }) => provenName(resource, checkpoint)));
    }
    const found = new Map<string, Map<string, FileState>>();
    let bytes = 0;
    for (let count = 0; count < filesAtOnce && bytes < bytesAtOnce; count++) {
      const next = this.#queue.shift();
      if (next === undefined) break;
      const records = readRecords(database.tree(), next.resource);
      if (records === undefined) continue;
      const state = await this.proven.stateOf(versions, records, next.checkpoint);
      bytes += next.checkpoint.size;
      const ofResource = found.get(next.resource) ?? new Map<string, FileState>();
      found.set(next.resource, ofResource.set(fileName(next.checkpoint), state));
    }
    for (const [resource, states] of found) await noteLost(this.#parts, resource, states);
  }
}
