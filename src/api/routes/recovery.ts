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
import { type DiffTreeView, diffTreeView } from "../diff-tree-view.ts";
import { recoverySource } from "../recovery-source.ts";
import { type ApiContext, type ApiRoutes, bodyOf, pathPart, routes, tell, wrongRequest } from "../request.ts";

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

const replacement = z.strictObject({ old: z.string().min(1), with: z.string().min(1) });

/** As `ReplaceDiskPlan`; `tag`: the database has the change from there on, "" when nothing was to be done. */
export interface DiskReplacementView extends ReplaceDiskPlan {
  readonly tag: string;
}

/**
 * POST /recovery/disk/plan and /recovery/disk {old, with} (names or ids of Physical Disk resources).
 * POST /recovery/checkpoints/plan and /recovery/checkpoints {resources | all, deleteFirst?, newestOnly?}; GET /recovery/checkpoints,
 * /recovery/checkpoints/ID, /recovery/checkpoints/ID/events (server-sent events begin, resource, line, end).
 */
export function recovery(): ApiRoutes {
  const runs = new RecreationRuns();
  return routes()
    .post("/disk/plan", async (context) => {
      const { service } = context.var;
      const asked = await bodyOf(context, replacement);
      return context.json(planDiskReplacement(service.database.tree(), asked, service.quorum.place).plan);
    })
    .post("/disk", async (context) => context.json(await replaceDisk(context, await bodyOf(context, replacement))))
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

/** One update, planned anew on the tree that it changes. */
async function replaceDisk(context: ApiContext, asked: ReplaceDiskRequest): Promise<DiskReplacementView> {
  const { service } = context.var;
  const first = planDiskReplacement(service.database.tree(), asked, service.quorum.place);
  if (first.change === undefined) return { ...first.plan, tag: "" };
  let { plan } = first;
  const tag = await service.change((tree) => {
    const now = planDiskReplacement(tree, asked, service.quorum.place);
    ({ plan } = now);
    // Somebody else did the same meanwhile: nothing is left to change.
    return (
      now.change ?? { conditions: [], edits: [], because: `"${plan.new.name}" replaced "${plan.old.name}" already.` }
    );
  });
  return { ...plan, tag: tell(context, tag) };
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
