/** Beginning a move: the owner is to stop the group and to let it go. */
import { dword, sz } from "../tree/value.ts";
import type { ChangeBuilder } from "./change.ts";
import { type MoveReason, runtimeGroupValue } from "./schema.ts";
import type { GroupState } from "./state.ts";

/**
 * `to`: node id or `anyNode`. Every move has a number of its own: when one is called off and the same is begun again, what its owner said
 * of the first one says nothing of the second.
 */
export function writeMove(change: ChangeBuilder, group: GroupState, to: string, reason: MoveReason): void {
  const { moveTo, moveReason, moves } = runtimeGroupValue;
  change.unchanged(group.runtimePath, moves);
  change.set(group.runtimePath, sz(moveTo, to), sz(moveReason, reason), dword(moves, (group.moves + 1) % 0xffffffff));
}
