import { apiPath } from "../../api/client.ts";
import { diffTreeOfView } from "../../api/diff-tree-view.ts";
import type { RecreationLineView, RecreationReportView, RecreationRunView } from "../../api/routes/recovery.ts";
import { fail } from "../../base/errors.ts";
import type { Cli } from "../cli.ts";
import { usage } from "../exit.ts";
import { countsText, diffText } from "../render/diff-text.ts";
import { oneLine, table } from "../render/table.ts";
import { counted, orDash } from "../render/text.ts";
import { type Define, notes, verb } from "../verbs.ts";
import { defineRecoverDisk } from "./recover-disk.ts";

interface Options {
  readonly all?: boolean;
  readonly deleteFirst?: boolean;
  readonly newestOnly?: boolean;
  readonly plan?: boolean;
}

/** Between two looks at what goes on, in milliseconds. */
const poll = 200;

/** `clubar recover …`. */
export const defineRecover: Define = (noun, cli) => {
  defineRecoverDisk(noun, cli);
  const checkpoints = verb(
    noun,
    "checkpoints [resource...]",
    "Re-create checkpoint files from what is live on the nodes that own the resources",
  )
    .option("--all", "of all resources, whatever their state")
    .option("--delete-first", "delete all their files before the first is re-created")
    .option("--newest-only", "leave out resources that ran last on another node than their owner")
    .option("--plan", "only show what would be done, with what differs")
    .action((resources: readonly string[], options: Options) => recoverCheckpoints(cli, resources, options));
  notes(
    checkpoints,
    `The settings come from the node that hosts the resource, or, when it is offline, from the one that owns its group now. It works
when files are lost, damaged or of another cluster. Each old file is kept aside on the owning node. One failure stops no other; the
command then ends with 4, or with the failure's own code when nothing could be done.

After a restore of an older set: keep the groups offline, run this with --all --delete-first, then bring them online.

Examples:
  clubar recover checkpoints --all --plan
  clubar recover checkpoints web
  clubar recover checkpoints --all --delete-first`,
  );
};

async function recoverCheckpoints(cli: Cli, resources: readonly string[], options: Options): Promise<void> {
  const { all = false, deleteFirst = false, newestOnly = false, plan = false } = options;
  if (all === resources.length > 0) {
    throw usage(all ? "Name resources or say --all, not both." : "Name the resources, or say --all.");
  }
  const request = { ...(all ? { all } : { resources }), deleteFirst, newestOnly };
  const client = cli.client();
  const planned = await cli.busy(
    "Comparing the checkpoints with what is live",
    client.post<RecreationReportView>("/recovery/checkpoints/plan", request),
  );
  if (plan) {
    cli.show(planned, () => planText(planned, deleteFirst));
    return;
  }
  const work = planned.lines.filter(({ result }) => result === "re-created" || result === "withdrawn");
  if (work.length > 0) {
    if (!cli.settings.yes && !cli.settings.json) cli.terminal.err(planText(planned, deleteFirst));
    const what = counted(work.length, "checkpoint");
    await cli.confirm(
      deleteFirst
        ? `The files of ${what} are deleted, then re-created from what is live.`
        : `${what} would be re-created from what is live.`,
      "Proceed",
    );
  }
  const report = await carryOut(cli, request);
  cli.show(report, () => reportText(report));
  cli.exit = report.exit;
}

/** Starts it and tells a person what goes on until it has ended. */
async function carryOut(cli: Cli, request: object): Promise<RecreationReportView> {
  const client = cli.client();
  const { id } = await client.post<RecreationRunView>("/recovery/checkpoints", request);
  let told = 0;
  for (;;) {
    const run = await client.get<RecreationRunView>(apiPath("recovery", "checkpoints", id));
    if (cli.terminal.errIsTerminal && !cli.settings.json) {
      for (const line of run.lines.slice(told)) cli.terminal.err(`${oneLine(progressLine(line))}\n`);
      told = run.lines.length;
    }
    if (run.report !== null) return run.report;
    if (run.failure !== null) {
      throw fail("INTERNAL_ERROR", {
        happened: run.failure.happened,
        unchanged: `${run.finished} of ${run.total} checkpoints have a result.`,
        next: run.failure.next,
      });
    }
    await cli.terminal.sleep(poll);
  }
}

function progressLine({ resourceName, path, result }: RecreationLineView): string {
  return `${resourceName}: ${path}: ${result}`;
}

function planText(plan: RecreationReportView, deleteFirst: boolean): string {
  const parts: string[] = [];
  for (const target of plan.targets) {
    const where = `owner ${orDash(target.owner)}, ${target.state}`;
    parts.push(`${oneLine(`Resource "${target.name}" (${where}): ${counted(target.checkpoints, "checkpoint")}`)}\n`);
    if (target.warning !== "") parts.push(`  Warning: ${oneLine(target.warning)}\n`);
    for (const line of plan.lines.filter(({ resource }) => resource === target.resource)) {
      parts.push(`  ${oneLine(`${wouldBe(line)} ${line.path}: ${line.sentence}`)}\n`, differencesText(line));
    }
  }
  if (deleteFirst) parts.push("All files named above are deleted before the first one is re-created.\n");
  return parts.length === 0 ? "No checkpoints.\n" : parts.join("");
}

function wouldBe({ result }: RecreationLineView): string {
  return result === "same" ? "SAME" : result === "failed" ? "FAILS" : result === "withdrawn" ? "DELETE" : "RE-CREATE";
}

function differencesText({ differences }: RecreationLineView): string {
  if (differences === undefined || differences.root === null) return "";
  const { root, counts, more } = diffTreeOfView(differences);
  if (root === undefined) return "";
  const text = diffText(root, () => undefined).replace(/^(?=.)/gm, "      ");
  return `${text}      ${countsText(counts)}${more === 0 ? "" : `; ${more} more are not shown`}.\n`;
}

function reportText({ lines, counts }: RecreationReportView): string {
  const rows = lines.map((line) => [
    line.resourceName,
    line.result.toUpperCase(),
    String(line.number),
    line.path,
    line.error === undefined ? line.sentence : `${line.sentence} ${line.error.next}`.trim(),
  ]);
  const aside = [
    ...new Set(lines.flatMap((line) => (line.aside === undefined ? [] : [`${orDash(line.owner)}: ${line.aside}`]))),
  ];
  const kept = aside.map((one) => `Old file kept on ${oneLine(one)}\n`).join("");
  const sum = `${counts.reCreated} re-created, ${counts.same} the same, ${counts.failed} failed.\n`;
  return `${table(["Resource", "Result", "Number", "Path", ""], rows, "No checkpoints.")}${kept}${sum}`;
}
