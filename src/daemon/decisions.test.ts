import assert from "node:assert/strict";
import { test } from "node:test";
import { Replica } from "../database/replica.ts";
import { encodeUpdate } from "../database/update-codec.ts";
import type { LogRecord, Quorum } from "../quorum/quorum.ts";
import { emptyKey } from "../tree/key.ts";
import { Decisions } from "./decisions.ts";
import { LivingDatabase } from "./living-database.ts";

const tagOf = (sequence: number): LogRecord["tag"] => ({ generation: 1, epoch: 1, sequence });

function recordOf(sequence: number): LogRecord {
  const body = encodeUpdate({ requestId: `r${sequence}`, conditions: [], edits: [], because: `No ${sequence}.` });
  return { tag: tagOf(sequence), time: sequence, body };
}

test("decisions from before a node took a whole copy come out of the log, which is read once for each copy", async () => {
  const replica = new Replica(emptyKey("", 0n), tagOf(0), "");
  const log: LogRecord[] = [];
  let reads = 0;
  let broken = false;
  const quorum = {
    load: async () => {
      reads += 1;
      if (broken) throw new Error("the quorum does not answer");
      return { records: log };
    },
  } as unknown as Quorum;
  const decisions = new Decisions(new LivingDatabase(replica, "1"), quorum);
  const told = async (): Promise<readonly string[]> => (await decisions.newest()).map(({ because }) => because);

  log.push(recordOf(1), recordOf(2));
  replica.reset(emptyKey("", 0n), tagOf(2), "");
  assert.deepEqual(await told(), ["No 1.", "No 2."]);
  log.push(recordOf(3));
  replica.apply(recordOf(3));
  assert.deepEqual(await told(), ["No 1.", "No 2.", "No 3."]);
  assert.equal(reads, 1);

  log.push(recordOf(4), recordOf(5));
  replica.reset(emptyKey("", 0n), tagOf(5), "");
  broken = true;
  assert.deepEqual(await told(), ["No 3."]);
  broken = false;
  assert.deepEqual(await told(), ["No 1.", "No 2.", "No 3.", "No 4.", "No 5."]);
  for (let sequence = 6; sequence < 300; sequence++) replica.apply(recordOf(sequence));
  assert.deepEqual([(await told()).length, (await told()).at(0), (await told()).at(-1)], [200, "No 100.", "No 299."]);
  assert.equal(reads, 3);
});
