/** What people ask of the cluster as a whole, and of resource types. */
import { fail } from "../../base/errors.ts";
import type { Key } from "../../tree/key.ts";
import { sz } from "../../tree/value.ts";
import { type Change, ChangeBuilder } from "../change.ts";
import { commonProperties } from "../property-tables.ts";
import { findResourceType } from "./find.ts";
import { rootValue } from "../schema.ts";
import { readState } from "../state.ts";
import { type PropertyInputs, setProperties } from "./properties.ts";

/** 87 for a name that is empty or longer than 63 characters or has others than letters, digits, `-`, `_` and `.`. */
export function renameCluster(tree: Key, request: { readonly name: string }): Change {
  if (!/^[\p{L}\p{N}]([\p{L}\p{N}._-]{0,62})$/u.test(request.name)) {
    throw fail("INVALID_PARAMETER", {
      happened: `"${request.name}" can't be a cluster's name: 1 to 63 letters, digits, "-", "_" and ".".`,
      unchanged: "Nothing was changed.",
    });
  }
  const { cluster } = readState(tree);
  const change = new ChangeBuilder(tree)
    .unchanged("", rootValue.clusterName)
    .set("", sz(rootValue.clusterName, request.name));
  return change.build(`Cluster "${cluster.name}" is renamed to "${request.name}".`);
}

/** Common properties of the cluster. */
export function setClusterProperties(tree: Key, request: { readonly properties: PropertyInputs }): Change {
  const change = new ChangeBuilder(tree);
  setProperties(change, "", commonProperties.cluster, request.properties, true);
  return change.build(`Properties of the cluster are set: ${Object.keys(request.properties).join(", ")}.`);
}

/** Common properties of a resource type. 5078. */
export function setResourceTypeProperties(
  tree: Key,
  request: { readonly type: string; readonly properties: PropertyInputs },
): Change {
  const type = findResourceType(readState(tree), request.type);
  const change = new ChangeBuilder(tree).exists(type.path);
  setProperties(change, type.path, commonProperties.resourceType, request.properties, true);
  return change.build(
    `Properties of resource type "${type.name}" are set: ${Object.keys(request.properties).join(", ")}.`,
  );
}
