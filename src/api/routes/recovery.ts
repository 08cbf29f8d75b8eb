import { streamSSE } from "hono/streaming";
import * as z from "zod";
import {
  planDiskReplacement,
  planRecreation,
  type RecreationEvent,
  type RecreationLine,
  type RecreationReport,
  type RecreationRequest,
  type RecreationRun,
  RecreationRuns,
  type ReplaceDiskPlan,
  type ReplaceDiskRequest,
} from "../../recovery/recovery.ts";
import { fail } from "../../base/errors.ts";
import { moveCalls } from "../move-calls.ts";
import type { MoveQuorumAsked, NodeDisks, RestorePlanView } from "../node-service.ts";
import { type DiffTreeView, diffTreeView } from "../diff-tree-view.ts";
import { recoverySource } from "../recovery-source.ts";
import { type ApiContext, type ApiRoutes, bodyOf, pathPart, queryOf, routes, tell, wrongRequest } from "../request.ts";

/** As `RecreationLine`, the differences without bytes that JSON can't carry. */
export interface RecreationLineView extends Omit<RecreationLine, "differences"> {
  readonly differences?: DiffTreeView;
}

/** As `RecreationReport`. */
export interface RecreationReportView extends Omit<RecreationReport, "lines"> {
  readonly lines: readonly RecreationLineView[];
}

/** Answered by GET /recovery/checkpoints/ID: lines so far, and the report when it has ended. */
export interface RecreationRunView {
  readonly id: string;
  /** "failed": it could not begin or broke off; what was done until then is in `lines`. */
  readonly state: "running" | "done" | "failed";
  readonly deleteFirst: boolean;
  /** Checkpoints to re-create, and those that have a result. */
  readonly total: number;
  readonly finished: number;
  /** Name of the resource that is worked on. */
  readonly now: string | null;
  readonly lines: readonly RecreationLineView[];
  readonly report: RecreationReportView | null;
  readonly failure: { readonly name: string; readonly happened: string; readonly next: string } | null;
}

const request = z.strictObject({
  resources: z.array(z.string()).min(1).optional(),
  all: z.literal(true).optional(),
  deleteFirst: z.boolean().optional(),
  newestOnly: z.boolean().optional(),
});

const disks = { old: z.string().min(1), with: z.string().min(1) };
const replacement = z.strictObject(disks);
const diskQuery = z.strictObject({ node: z.string().min(1).optional() });
const agreedReplacement = z.strictObject({ ...disks, planId: z.string().optional() });

/** As `ReplaceDiskPlan`; `move` is how the quorum moves, when it does. */
export interface DiskPlanView extends ReplaceDiskPlan {
  readonly move: RestorePlanView | null;
}

/** What was done. `tag`: the database has the change from there on, "" when nothing was to be done; `lines` tell of a moved quorum. */
export interface DiskReplacementView extends ReplaceDiskPlan {
  readonly tag: string;
  readonly lines: readonly string[];
}

/**
 * GET /recovery/disks?node=NAME: the disks that the nodes see.
 * POST /recovery/disk/plan {old, with} (names or ids of Physical Disk resources), /recovery/disk {old, with, planId?}:
 * with the quorum's disk `planId` is of the move, and this node's service begins anew after the answer.
 * POST /recovery/checkpoints/plan and /recovery/checkpoints {resources | all, deleteFirst?, newestOnly?}; GET /recovery/checkpoints,
 * /recovery/checkpoints/ID, /recovery/checkpoints/ID/events (server-sent events begin, resource, line, end).
 */
export function recovery(): ApiRoutes {
  const runs = new RecreationRuns();
  return routes()
    .get("/disks", async (context) => context.json(await disksOf(context, queryOf(context, diskQuery))))
    .post("/disk/plan", async (context) => context.json(await planDisk(context, await bodyOf(context, replacement))))
    .post("/disk", async (context) =>
      context.json(await replaceDisk(context, await bodyOf(context, agreedReplacement))),
    )
    .post("/checkpoints/plan", async (context) => {
      const report = await planRecreation(recoverySource(context.var.service), await requestOf(context));
      return context.json(reportView(report));
    })
    .post("/checkpoints", async (context) => {
      const run = runs.start(recoverySource(context.var.service), await requestOf(context), context.var.newId());
      return context.json(runView(run), 202);
    })
    .get("/checkpoints", (context) => context.json(runs.all().map(runView)))
    .get("/checkpoints/:id", (context) => context.json(runView(runs.get(pathPart(context, "id")))))
    .get("/checkpoints/:id/events", (context) => {
      const { id } = runs.get(pathPart(context, "id"));
      const seen = Number(context.req.header("last-event-id") ?? "-1");
      return streamSSE(context, async (stream) => {
        const gone = new AbortController();
        stream.onAbort(() => gone.abort());
        for await (const { number, event } of runs.follow(id, Number.isInteger(seen) ? seen + 1 : 0, gone.signal)) {
          await stream.writeSSE({ event: event.kind, id: String(number), data: JSON.stringify(eventView(event)) });
        }
      });
    });
}

async function disksOf(context: ApiContext, { node }: { readonly node?: string }): Promise<readonly NodeDisks[]> {
  const { service } = context.var;
  if (service.disks === undefined)
    throw fail("CALL_NOT_IMPLEMENTED", { happened: "Nobody looks at disks here.", unchanged: "Nothing was changed." });
  const all = await service.disks();
  const wanted = node === undefined ? all : all.filter((one) => one.node.toLowerCase() === node.toLowerCase());
  if (wanted.length > 0) return wanted;
  throw fail("CLUSTER_NODE_NOT_FOUND", {
    happened: `There is no node "${node ?? ""}" in this cluster.`,
    unchanged: "Nothing was changed.",
    next: "See `clubar node list`.",
  });
}

async function planDisk(context: ApiContext, asked: ReplaceDiskRequest): Promise<DiskPlanView> {
  const { service } = context.var;
  const { plan } = planDiskReplacement(service.database.tree(), asked, service.quorum.place);
  const move = plan.quorum === null ? null : await moveCalls(service).plan(moveOf(plan));
  return { ...plan, move };
}

/** One update, planned anew on the tree that it changes; with the quorum's disk a move of the quorum, of which the update is a part. */
async function replaceDisk(
  context: ApiContext,
  { planId, ...asked }: ReplaceDiskRequest & { readonly planId?: string },
): Promise<DiskReplacementView> {
  const { service } = context.var;
  const first = planDiskReplacement(service.database.tree(), asked, service.quorum.place);
  if (first.change === undefined) return { ...first.plan, tag: "", lines: [] };
  if (first.plan.quorum !== null) {
    const agreed = planId === undefined ? {} : { planId };
    const { tag, lines } = await moveCalls(service).carryOut({ ...moveOf(first.plan), ...agreed });
    return { ...first.plan, tag, lines };
  }
  let { plan } = first;
  const tag = await service.change((tree) => {
    const now = planDiskReplacement(tree, asked, service.quorum.place);
    ({ plan } = now);
    // Somebody else did the same meanwhile: nothing is left to change.
    return (
      now.change ?? { conditions: [], edits: [], because: `"${plan.new.name}" replaced "${plan.old.name}" already.` }
    );
  });
  return { ...plan, tag: tell(context, tag), lines: [] };
}

function moveOf(plan: ReplaceDiskPlan): MoveQuorumAsked {
  return { kind: "directory", place: plan.quorum?.to ?? "", replaces: { old: plan.old.id, with: plan.new.id } };
}

async function requestOf(context: ApiContext): Promise<RecreationRequest> {
  const { resources, all, deleteFirst = false, newestOnly = false } = await bodyOf(context, request);
  if ((resources === undefined) !== (all === true)) {
    throw wrongRequest("Say either which resources, or all.");
  }
  return { ...(resources === undefined ? {} : { resources }), deleteFirst, newestOnly };
}

function runView({ id, request: asked, events, outcome }: RecreationRun): RecreationRunView {
  const lines = events.flatMap((event) => (event.kind === "line" ? [event.line] : []));
  const begin = events.find((event) => event.kind === "begin");
  const now = events.findLast((event) => event.kind === "resource");
  const isFinal = ({ result }: RecreationLine): boolean => result !== "withdrawn";
  const failure = outcome !== undefined && "failure" in outcome ? outcome.failure : undefined;
  return {
    id,
    state: outcome === undefined ? "running" : failure === undefined ? "done" : "failed",
    deleteFirst: asked.deleteFirst,
    total: begin?.checkpoints ?? 0,
    finished: lines.filter(isFinal).length,
    now: outcome === undefined ? (now?.name ?? null) : null,
    lines: lines.map(lineView),
    report: outcome !== undefined && "report" in outcome ? reportView(outcome.report) : null,
    failure: failure === undefined ? null : { name: failure.name, happened: failure.happened, next: failure.next },
  };
}

function eventView(event: RecreationEvent): object {
  if (event.kind === "line") return lineView(event.line);
  if (event.kind === "end") return reportView(event.report);
  return event;
}

function reportView(report: RecreationReport): RecreationReportView {
  return { ...report, lines: report.lines.map(lineView) };
}

function lineView({ differences, ...line }: RecreationLine): RecreationLineView {
  return differences === undefined ? line : { ...line, differences: diffTreeView(differences) };
}
