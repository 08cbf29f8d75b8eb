/** What can't become a checkpoint because it is not there. */
import { fail, type Failure } from "../base/errors.ts";
import { readState } from "../database/state.ts";
import type { Key } from "../tree/key.ts";
import type { Source } from "./content.ts";
import { titleOf } from "./names.ts";

const nouns = { registry: "registry key", crypto: "", directory: "file or folder" } as const;
const missing: readonly string[] = ["FILE_NOT_FOUND", "NTE_BAD_KEYSET"];

/** It is looked for where the resource is owned, which need not be where somebody asked. */
export function notToBeAdded(
  { kind, path }: Source,
  resource: { readonly name: string },
  at: { readonly tree: Key; readonly node: string },
  cause: Failure,
): Failure {
  if (!missing.includes(cause.name)) return cause;
  const node = readState(at.tree).nodes.get(at.node)?.name ?? at.node;
  return fail(cause.name, {
    happened: `There is no ${`${nouns[kind]} ${titleOf(kind, path)}`.trim()} on node ${node}, which owns resource "${resource.name}".`,
    unchanged: "No checkpoint was added.",
    next: "Make it on that node first (clubar reg add, clubar key create, or the folder itself), then add the checkpoint.",
    cause,
  });
}
