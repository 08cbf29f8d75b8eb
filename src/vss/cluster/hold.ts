/** One freeze of a node for all its writers: the first that freezes begins it, the first that thaws ends it. */
import { type Failure, fail } from "../../base/errors.ts";
import { failureOf } from "../../base/failure-of.ts";
import type { WriterCall } from "../writer.ts";
import type { Freeze, NodeDoor } from "./node-door.ts";

/** The documented time from Freeze to Thaw, in milliseconds. */
const longestFreeze = 60_000;

/** Somebody else's freeze ends soon; nothing has to be changed for the next attempt. */
function retryable(error: unknown): Failure {
  const failure = failureOf(error);
  if (failure.name !== "BUSY") return failure;
  return fail("VSS_E_WRITERERROR_RETRYABLE", { happened: failure.happened, next: failure.next, cause: error });
}

type Thawed = Awaited<ReturnType<Freeze["thaw"]>>;

/** Shared by the writers of one node. */
export interface NodeHold {
  freeze(): Promise<void>;
  /** The event fails when the files did not stand to the end. */
  thaw(call: WriterCall): Promise<void>;
  /** Resumes whatever was frozen. Any number of times. */
  abort(): Promise<void>;
}

/** `door` is undefined in a restore, where nothing is frozen. */
export function createHold(door: NodeDoor | undefined): NodeHold {
  let freezing: Promise<Freeze> | undefined;
  let thawing: Promise<Thawed> | undefined;
  const end = async (begun: Promise<Freeze>): Promise<Thawed> => (await begun).thaw();
  return {
    async freeze() {
      if (door === undefined) throw fail("VSS_E_BAD_STATE", { happened: "This writer was made for a restore." });
      freezing ??= door.freeze(longestFreeze).catch((error: unknown) => Promise.reject(retryable(error)));
      thawing = undefined;
      await freezing;
    },
    async thaw(call) {
      if (freezing !== undefined) thawing = end(freezing);
      freezing = undefined;
      const thawed = await thawing;
      if (thawed !== undefined && !thawed.kept) call.setWriterFailure("VSS_E_WRITERERROR_RETRYABLE", thawed.why);
    },
    async abort() {
      const begun = freezing;
      freezing = undefined;
      if (begun !== undefined) await end(begun).catch(() => undefined);
    },
  };
}
