/** What a newer clubar knows and the database of an older one lacks. */
import { findKey, findValue, type Key } from "../../tree/key.ts";
import { dword, dwordOf, sz } from "../../tree/value.ts";
import { type Change, ChangeBuilder } from "../change.ts";
import { builtInResourceTypes } from "../resource-type-tables.ts";
import { resourceTypeValue, rootKey } from "../schema.ts";

/** Those that every new cluster begins with; the others are made when something stands in them. */
const ofEveryCluster = [rootKey.nodes, rootKey.groups, rootKey.resources, rootKey.resourceTypes, rootKey.quorum];

/**
 * Adds the keys and built-in resource types that are missing, in one update; undefined when none is. A type of a third party that has the
 * name of one stays what it is. A built-in type that counts as dying with its host though it does not is corrected; never the other way,
 * because nodes that are not updated yet may still run it in the old way.
 */
export function completeDatabase(tree: Key): Change | undefined {
  const change = new ChangeBuilder(tree);
  const added: string[] = [];
  for (const path of ofEveryCluster) {
    if (findKey(tree, path) !== undefined) continue;
    change.absent(path).createKey(path);
    added.push(`key ${path}`);
  }
  for (const { name, description, diesWithHost } of builtInResourceTypes) {
    const path = `${rootKey.resourceTypes}\\${name}`;
    if (findKey(tree, path) === undefined) {
      change.absent(path).set(path, sz("Description", description));
      change.set(path, dword(resourceTypeValue.diesWithHost, diesWithHost ? 1 : 0));
      added.push(`resource type ${name}`);
      continue;
    }
    const isOwn = findValue(tree, path, resourceTypeValue.dllName) === undefined;
    if (!isOwn || diesWithHost || dwordOf(findValue(tree, path, resourceTypeValue.diesWithHost)) !== 1) continue;
    change.unchanged(path, resourceTypeValue.diesWithHost).set(path, dword(resourceTypeValue.diesWithHost, 0));
    added.push(`that ${name} does not die with its node`);
  }
  return added.length === 0 ? undefined : change.build(`A newer clubar leads: it adds ${added.join(", ")}.`);
}
