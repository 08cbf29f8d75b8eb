/** Names in sentences. */
import type { ClusterState } from "../database/state.ts";

/** `"web"`. */
export function quoted(object: { readonly name: string }): string {
  return `"${object.name}"`;
}

/** A node's name; `node 7` for one that is no member. */
export function nodeName(state: ClusterState, id: string): string {
  return state.nodes.get(id)?.name ?? `node ${id}`;
}

/** "3 failovers", "1 failover". */
export function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
