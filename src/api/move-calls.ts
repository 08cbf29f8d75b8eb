/** The move of the quorum that a node can carry out. */
import { fail } from "../base/errors.ts";
import type { MoveQuorumCalls, NodeService } from "./node-service.ts";

/** CALL_NOT_IMPLEMENTED where it can't. */
export function moveCalls({ moveQuorum }: NodeService): MoveQuorumCalls {
  if (moveQuorum !== undefined) return moveQuorum;
  throw fail("CALL_NOT_IMPLEMENTED", {
    happened: "This node's quorum is of a kind that can't be moved.",
    unchanged: "Nothing was changed.",
  });
}
