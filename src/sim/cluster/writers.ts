/**
 * Who wrote what an owner writes, and by which ownership: of every update the sender's own copy at that moment, and what came of it in the
 * newest database.
 */
import {
  resourceKey,
  rootKey,
  runtimeGroupPath,
  runtimeGroupValue,
  runtimeResourcePath,
} from "../../database/schema.ts";
import type { ServiceNode } from "../../daemon/service-node.ts";
import { findKey, findValue, type Key } from "../../tree/key.ts";
import { dwordOf, textOf } from "../../tree/value.ts";
import type { SimCluster, SimGroup } from "./cluster.ts";

/** One that has sent an update. */
interface Writer {
  readonly node: string;
  /** Its copy of the database as it sent it. */
  readonly tree: Key;
}

/** One a cluster. */
export class Writers {
  readonly #cluster: Pick<SimCluster, "groups" | "judge" | "world">;
  readonly #byRequest = new Map<string, Writer>();

  constructor(cluster: Pick<SimCluster, "groups" | "judge" | "world">) {
    this.#cluster = cluster;
  }

  /** Notes from now on what this service sends. */
  listen(node: string, { database }: Pick<ServiceNode, "database">): void {
    const submit = database.submit.bind(database);
    database.submit = (update, patience) => {
      this.#byRequest.set(update.requestId, { node, tree: database.tree() });
      return submit(update, patience);
    };
  }

  /** The newest database went from `before` to `after` by this request. */
  applied(requestId: string, before: Key, after: Key): void {
    const writer = this.#byRequest.get(requestId);
    this.#byRequest.delete(requestId);
    if (writer === undefined) return;
    for (const group of this.#cluster.groups) {
      const what = changed(before, after, group);
      if (what === undefined) continue;
      this.#cluster.judge.see({
        kind: "owner-wrote",
        at: this.#cluster.world.now,
        resource: group.name,
        what,
        node: writer.node,
        generation: generationOf(writer.tree, group),
        recorded: generationOf(before, group),
      });
    }
  }
}

function generationOf(tree: Key, { group }: SimGroup): number {
  return dwordOf(findValue(tree, runtimeGroupPath(group), runtimeGroupValue.ownershipGeneration)) ?? 0;
}

/** What of an owner's is another one now. */
function changed(before: Key, after: Key, { resource }: SimGroup): "state" | "checkpoint" | undefined {
  const sync = `${rootKey.resources}\\${resource}\\${resourceKey.regSync}`;
  if (findKey(before, sync) !== findKey(after, sync)) return "checkpoint";
  return stateOf(before, resource) === stateOf(after, resource) ? undefined : "state";
}

function stateOf(tree: Key, resource: string): string {
  const path = runtimeResourcePath(resource);
  const number = (name: string): number | undefined => dwordOf(findValue(tree, path, name));
  return [number("State"), number("OwnershipGeneration"), textOf(findValue(tree, path, "Node"))].join(" ");
}
