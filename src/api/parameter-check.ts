/** Modules and parameters are looked at where the programs are before anything of them is stored. */
import { type ErrorName, fail } from "../base/errors.ts";
import type { Change } from "../database/change.ts";
import { type PropertyInputs } from "../database/commands/properties.ts";
import { closestFirst } from "../database/commands/spelling.ts";
import { resourceKey, resourceTypeValue } from "../database/schema.ts";
import { readState } from "../database/state.ts";
import { applyEdits } from "../tree/edit.ts";
import { findKey, findValue, type Key, valuesOf } from "../tree/key.ts";
import { foldName } from "../tree/path.ts";
import { textOf } from "../tree/value.ts";
import type { ParameterProblem } from "../monitor/parameters.ts";
import type { NodeService, NodeType } from "./node-service.ts";

const unchanged = "Nothing was changed.";

/**
 * Looks at the parameters that a resource would have after `build`. INVALID_PARAMETER for one of `given` that is wrong, FILE_NOT_FOUND when
 * no node has the agent or module that could tell; with `force` both are only said. The sentences are for the answer.
 */
export async function checkParameters(
  service: NodeService,
  resource: string,
  build: (tree: Key) => Change,
  { given, force }: { readonly given: PropertyInputs | undefined; readonly force: boolean },
): Promise<string> {
  if (service.types === undefined || given === undefined) return "";
  const tree = service.database.tree();
  const after = applyEdits(tree, build(tree).edits, 0n);
  const made = readState(after).resources.get(resource);
  if (made === undefined) return "";
  const key = findKey(after, `${made.path}\\${resourceKey.parameters}`);
  const values = key === undefined ? [] : [...valuesOf(key)];
  const typePath = readState(after).resourceTypes.get(made.type.toLowerCase())?.path ?? "";
  const module = textOf(findValue(after, typePath, resourceTypeValue.dllName));
  const reports = await service.types.check({ type: made.type, values, ...(module === undefined ? {} : { module }) });
  const lacking = reports.flatMap(({ node, report, trouble }) => {
    const why = report?.lacks === undefined ? trouble : `${report.lacks} is not there`;
    return why === "" ? [] : [`${node}: ${why}`];
  });
  const known = reports.find(({ report }) => report !== undefined && report.lacks === undefined)?.report;
  const told = known ?? reports.find(({ report }) => report !== undefined)?.report;
  const names = new Set(Object.keys(given).map(foldName));
  const wrong = (told?.problems ?? []).filter(({ name, isMissing }) => !isMissing && names.has(foldName(name)));
  if (!force && wrong.length > 0) throw wrongParameters(wrong, told?.known ?? []);
  if (!force && known === undefined) throw nobodyKnows(lacking);
  const missing = (told?.problems ?? []).filter(({ isMissing }) => isMissing);
  const stored = [...wrong, ...missing].map(({ sentence }) => sentence);
  return [
    ...(stored.length === 0 ? [] : [`It can't come online yet: ${stored.join(" ")}`]),
    ...(lacking.length === 0 ? [] : [`Not checked on ${lacking.join("; ")}.`]),
  ].join(" ");
}

/** How many names are told. */
const mostNames = 15;

function wrongParameters(wrong: readonly ParameterProblem[], known: readonly string[]): Error {
  const names = new Set(known.map(foldName));
  const stranger = wrong.find(({ name }) => !names.has(foldName(name)));
  const near = stranger === undefined ? [] : closestFirst(stranger.name, known);
  const more = near.length > mostNames ? ` and ${near.length - mostNames} more` : "";
  const there = near.length === 0 ? "" : ` There are: ${near.slice(0, mostNames).join(", ")}${more}.`;
  return fail("INVALID_PARAMETER", {
    happened: `${wrong.map(({ sentence }) => sentence).join(" ")}${there}`,
    unchanged,
    next: "Correct it, or store it all the same with --force: then the resource says what is wrong when it is to come online.",
  });
}

function nobodyKnows(lacking: readonly string[]): Error {
  return fail("FILE_NOT_FOUND", {
    happened: `No node can tell what the parameters mean: ${lacking.join("; ")}.`,
    unchanged,
    next: "Install it on the possible owners first, or store the parameters unchecked with --force.",
  });
}

/**
 * Looks at a module on every node that is up. INVALID_PARAMETER where it is no resource type or does not say what it is registered as,
 * FILE_NOT_FOUND where it is only missing, or a node's own error; with `force` one node that has it is enough. The answer's sentence.
 */
export async function checkModule(
  service: NodeService,
  { module, diesWithHost, force }: { readonly module: string; readonly diesWithHost: boolean; readonly force: boolean },
): Promise<string> {
  if (service.types === undefined) return "";
  const answers = await service.types.describe(module);
  const down = answers.filter(({ trouble }) => trouble === isDown);
  const failed = answers.filter(({ description, trouble }) => description === undefined && trouble !== isDown);
  const good = answers.flatMap(({ description }) => description ?? []);
  const troubles = byTrouble(failed, `${module} is `);
  if (good.length === 0 || (failed.length > 0 && !force)) {
    throw fail(errorOf(failed), {
      happened: `${module} can't be made a resource type. ${troubles}`,
      unchanged,
      next: "It lies at the same path on every node (docs/manual/resource-types.md). --force needs it on one node only.",
    });
  }
  if (good.some((each) => each.diesWithHost !== diesWithHost)) {
    throw fail("INVALID_PARAMETER", {
      happened: `${module} says that it ${diesWithHost ? "does not die" : "dies"} with its node.`,
      unchanged,
      next: diesWithHost ? "Leave --dies-with-node out." : "Add --dies-with-node.",
    });
  }
  const unseen = [...failed, ...down].map(({ node, trouble }) => `${node}: ${trouble}`);
  return unseen.length === 0 ? "" : `Not checked on ${unseen.join("; ")}.`;
}

/** `N1, N2: It is so.`, one for each trouble; `begin` is not said again. */
function byTrouble(failed: readonly NodeType[], begin: string): string {
  const nodes = Map.groupBy(failed, ({ trouble }) =>
    trouble.startsWith(begin) ? `it is ${trouble.slice(begin.length)}` : trouble,
  );
  const all = [...nodes].map(
    ([trouble, where]) => `${where.map(({ node }) => node).join(", ")}: ${trouble.replace(/\.$/, "")}.`,
  );
  return all.join(" ");
}

/** A file that is none says more than one that is missing elsewhere. */
function errorOf(failed: readonly NodeType[]): ErrorName {
  if (failed.some(({ error }) => error === "INVALID_DATA")) return "INVALID_PARAMETER";
  return failed.find(({ error }) => error !== "FILE_NOT_FOUND")?.error ?? "FILE_NOT_FOUND";
}

const isDown = "the node is down";
