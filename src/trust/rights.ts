/** What a person may be allowed to do. One right does not imply another. */
import { fail } from "../base/errors.ts";

/** All rights, the weakest first. */
export const allRights = ["read", "operate", "backup", "restore-node", "restore-cluster"] as const;

/** A right by its name in certificates' records, commands and answers. */
export type Right = (typeof allRights)[number];

/** What each lets one do, as the end of a sentence. */
export const rightMeaning: Readonly<Record<Right, string>> = {
  read: "see everything that the API shows",
  operate: "change groups, resources, nodes, settings, registry and keys",
  backup: "take backup sets and freeze a node for one",
  "restore-node": "restart a node's service, which puts a staged restore of the node in place",
  "restore-cluster": "restore the cluster, force its quorum, give join tokens and certificates",
};

/** Names with commas in between, as `read,operate`; `all` for all. INVALID_PARAMETER for an unknown one or none. */
export function parseRights(text: string): readonly Right[] {
  if (text.trim() === "all") return allRights;
  const names = text.split(",").map((name) => name.trim());
  const wrong = names.find((name) => !isRight(name));
  if (wrong === undefined) return allRights.filter((right) => names.includes(right));
  throw fail("INVALID_PARAMETER", {
    happened: `"${wrong}" is no right.`,
    unchanged: "Nothing was changed.",
    next: `Rights are ${allRights.join(", ")}; several with commas in between, or all.`,
  });
}

/** Whether a text names a right. */
export function isRight(text: string): text is Right {
  return (allRights as readonly string[]).includes(text);
}
