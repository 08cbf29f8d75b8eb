/** Resource types of third parties: a module's path, as WSFC's types have the name of a DLL. */
import { fail } from "../../base/errors.ts";
import type { Key } from "../../tree/key.ts";
import { dword, sz } from "../../tree/value.ts";
import { type Change, ChangeBuilder } from "../change.ts";
import { builtInResourceTypes } from "../resource-type-tables.ts";
import { resourceTypeValue, rootKey } from "../schema.ts";
import { readState } from "../state.ts";
import { checkName, findResourceType } from "./find.ts";

const unchanged = "Nothing was changed.";

/** A type that the cluster does not know yet. */
export interface CreateResourceType {
  readonly name: string;
  /** Absolute path of the module, the same on every node. */
  readonly module: string;
  /** Nothing that the module does is left when its processes are gone (docs/safety.md §2.9). */
  readonly diesWithHost: boolean;
  readonly description?: string;
}

/** Makes a module a resource type. 5010 when there is one of that name, 87. */
export function createResourceType(tree: Key, request: CreateResourceType): Change {
  const state = readState(tree);
  const { name, module, diesWithHost, description = "" } = request;
  const known = new Map([...state.resourceTypes].map(([id, { name: text }]) => [id, { id, name: text }]));
  checkName(known, "resource type", name);
  if (name.includes("\\") || !/^\/(?!.*\/\.\.?(\/|$)).*[^/]$/.test(module)) {
    throw fail("INVALID_PARAMETER", {
      happened: name.includes("\\")
        ? `A backslash can't be in the name of a resource type: ${name}.`
        : `"${module}" is no absolute path of a module.`,
      unchanged,
      next: "Give the path that the module has on every node, such as /opt/app/type.mjs.",
    });
  }
  const path = `${rootKey.resourceTypes}\\${name}`;
  const change = new ChangeBuilder(tree).absent(path);
  change.set(
    path,
    sz("Description", description),
    sz(resourceTypeValue.dllName, module),
    dword(resourceTypeValue.diesWithHost, diesWithHost ? 1 : 0),
  );
  return change.build(`Resource type "${name}" is the module ${module}.`);
}

/** Only of a third party, and only while no resource is of it (5909). 5078. */
export function deleteResourceType(tree: Key, request: { readonly type: string }): Change {
  const state = readState(tree);
  const type = findResourceType(state, request.type);
  if (builtInResourceTypes.some(({ name }) => name === type.name)) {
    throw fail("INVALID_PARAMETER", { happened: `Resource type "${type.name}" is clubar's own.`, unchanged });
  }
  const users = [...state.resources.values()].filter((one) => one.type.toLowerCase() === type.name.toLowerCase());
  if (users.length > 0) {
    throw fail("CLUSTER_RESOURCE_TYPE_BUSY", {
      happened: `${users.map((one) => `"${one.name}"`).join(", ")} is of resource type "${type.name}".`,
      unchanged,
      next: "Delete the resource first.",
    });
  }
  // A resource of the type that is made meanwhile bumps the counter.
  const change = new ChangeBuilder(tree).structure().exists(type.path).deleteKey(type.path);
  return change.build(`Resource type "${type.name}" is removed.`);
}
