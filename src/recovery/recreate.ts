/**
 * "Restore cluster resource checkpoints": every checkpoint of one resource or of all is re-created from what is live on the node that owns
 * the resource, whatever its state; one after the other, and a failure stops no other (seed 003).
 */
import { failureOf } from "../base/failure-of.ts";
import type { Failure } from "../base/errors.ts";
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { findResource } from "../database/commands/find.ts";
import { resourceStateName } from "../database/schema.ts";
import type { ClusterState, ResourceState } from "../database/state.ts";
import type {
  OwnerCall,
  RecoverySource,
  RecreationEvent,
  RecreationLine,
  RecreationReport,
  RecreationRequest,
  RecreationTarget,
} from "./recovery.ts";

/** Tells what goes on; must not throw. */
export type Tell = (event: RecreationEvent) => void;

/** What would be done, with the differences. Nothing is changed. RESOURCE_NOT_FOUND. */
export async function planRecreation(source: RecoverySource, request: RecreationRequest): Promise<RecreationReport> {
  const targets = targetsOf(source, request);
  const lines: RecreationLine[] = [];
  const call = request.deleteFirst ? "withdraw" : "recreate";
  const how = { call, plan: true, ...newestOf(request) } as const;
  for (const target of targets) lines.push(...(await askFor(source, target, how, () => undefined)));
  return reportOf(targets, lines);
}

/**
 * Does it. With `deleteFirst` the files of all resources go before the first is re-created, and those that failed there are left alone.
 * RESOURCE_NOT_FOUND before anything is done; everything later is in the report.
 */
export async function recreate(
  source: RecoverySource,
  request: RecreationRequest,
  tell: Tell,
): Promise<RecreationReport> {
  const targets = targetsOf(source, request);
  tell({ kind: "begin", targets, checkpoints: targets.reduce((sum, { checkpoints }) => sum + checkpoints, 0) });
  const failed: RecreationLine[] = [];
  if (request.deleteFirst) {
    for (const target of targets) {
      tell({ kind: "resource", resource: target.resource, name: target.name, doing: "withdraw" });
      const how = { call: "withdraw", ...newestOf(request) } as const;
      const lines = await askFor(source, target, how, (line) => tell({ kind: "line", line }));
      failed.push(...lines.filter(({ result }) => result === "failed"));
    }
  }
  const lines: RecreationLine[] = [...failed];
  for (const target of targets) {
    tell({ kind: "resource", resource: target.resource, name: target.name, doing: "recreate" });
    const skip = failed.filter(({ resource }) => resource === target.resource);
    const how = { call: "recreate", resource: target.resource, ...newestOf(request) } as const;
    lines.push(...(await recreateEach(source, target, { skip, how }, (line) => tell({ kind: "line", line }))));
  }
  const report = reportOf(targets, lines);
  tell({ kind: "end", report });
  return report;
}

function newestOf({ newestOnly = false }: RecreationRequest): Pick<OwnerCall, "newest"> {
  return newestOnly ? { newest: true } : {};
}

type Said = (line: RecreationLine) => void;

/** One call a checkpoint, so that what goes on is seen. An owner that can't be asked is not asked again for the same resource. */
async function recreateEach(
  source: RecoverySource,
  target: RecreationTarget,
  { skip, how }: { readonly skip: readonly RecreationLine[]; readonly how: OwnerCall },
  say: Said,
): Promise<RecreationLine[]> {
  const lines: RecreationLine[] = [];
  let unreachable: Failure | undefined;
  for (const checkpoint of source.checkpoints(target.resource)) {
    const { kind, path } = checkpoint;
    if (skip.some((one) => one.kind === kind && one.path === path)) continue;
    if (unreachable !== undefined) {
      lines.push(said(failedLine(target, checkpoint, unreachable), say));
      continue;
    }
    try {
      const answer = await source.atOwner({ ...how, kind, path });
      lines.push(...answer.map((line) => said({ ...line, ...whose(target) }, say)));
    } catch (error) {
      const failure = failureOf(error);
      if (isOfOwner(failure)) unreachable = failure;
      lines.push(said(failedLine(target, checkpoint, failure), say));
    }
  }
  return lines;
}

/** One call for all checkpoints of a resource; a rejection is a failed line for each. */
async function askFor(
  source: RecoverySource,
  target: RecreationTarget,
  call: Omit<OwnerCall, "resource">,
  say: Said,
): Promise<RecreationLine[]> {
  if (target.checkpoints === 0) return [];
  try {
    const answer = await source.atOwner({ ...call, resource: target.resource });
    return answer.map((line) => said({ ...line, ...whose(target) }, say));
  } catch (error) {
    const failure = failureOf(error);
    return source.checkpoints(target.resource).map((one) => said(failedLine(target, one, failure), say));
  }
}

function said(line: RecreationLine, say: Said): RecreationLine {
  say(line);
  return line;
}

function whose({
  resource,
  name,
  owner,
}: RecreationTarget): Pick<RecreationLine, "resource" | "resourceName" | "owner"> {
  return { resource, resourceName: name, owner };
}

function isOfOwner({ name }: Failure): boolean {
  return ["CLUSTER_NODE_DOWN", "CLUSTER_NODE_UNREACHABLE", "HOST_NODE_NOT_AVAILABLE", "TIMEOUT"].includes(name);
}

function failedLine(target: RecreationTarget, { kind, path, number }: Checkpoint, failure: Failure): RecreationLine {
  const { name, win32, exit, happened, next } = failure;
  return {
    ...whose(target),
    kind,
    path,
    before: number,
    number,
    result: "failed",
    file: "not read",
    sentence: happened,
    error: { name, win32, exit, next },
  };
}

function targetsOf(source: RecoverySource, { resources }: RecreationRequest): RecreationTarget[] {
  const state = source.state();
  const wanted =
    resources === undefined
      ? [...state.resources.values()].filter(({ id }) => source.checkpoints(id).length > 0)
      : [...new Set(resources.map((name) => findResource(state, name)))];
  return wanted.map((resource) => targetOf(source, state, resource));
}

function targetOf(source: RecoverySource, state: ClusterState, resource: ResourceState): RecreationTarget {
  const group = resource.group === undefined ? undefined : state.groups.get(resource.group);
  const owner = group?.owner === undefined ? null : (state.nodes.get(group.owner)?.name ?? `node ${group.owner}`);
  const last = source.lastOwner(resource.id);
  const isOld =
    owner !== null && last !== undefined && last !== owner && resourceStateName(resource.state) !== "online";
  return {
    resource: resource.id,
    name: resource.name,
    group: group?.name ?? null,
    owner,
    state: resourceStateName(resource.state),
    checkpoints: source.checkpoints(resource.id).length,
    warning: isOld
      ? `Resource "${resource.name}" was last online on ${last}; what is live on its present owner ${owner} may be older.`
      : "",
  };
}

function reportOf(targets: readonly RecreationTarget[], lines: readonly RecreationLine[]): RecreationReport {
  const count = (...results: readonly string[]): number =>
    lines.filter(({ result }) => results.includes(result)).length;
  const counts = { reCreated: count("re-created", "withdrawn"), same: count("same"), failed: count("failed") };
  return { targets, lines, counts, exit: exitOf(lines, counts.failed) };
}

function exitOf(lines: readonly RecreationLine[], failed: number): number {
  if (failed === 0) return 0;
  if (failed < lines.length) return 4;
  const codes = new Set(lines.map(({ error }) => error?.exit ?? 1));
  return codes.size === 1 ? ([...codes][0] ?? 1) : 1;
}
