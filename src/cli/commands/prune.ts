import { fail } from "../../base/errors.ts";
import { readNodeRecord } from "../../clusapi/node-record.ts";
import { type Judged, type KeptPlaces, planPrune, prune, type PrunePlan } from "../../retention/retention.ts";
import type { Cli } from "../cli.ts";
import { onThisMachine } from "../remote.ts";
import { table } from "../render/table.ts";
import { bytesText, counted, timeAndAge } from "../render/text.ts";
import { type Define, finish, notes, wholeNumber } from "../verbs.ts";

interface Options {
  readonly plan?: boolean;
  readonly keep?: number;
  readonly days?: number;
}

/** `clubar prune`. */
export const definePrune: Define = (noun, cli) => {
  finish(noun)
    .option("--plan", "only show what would go and what stays")
    .option("--keep <number>", "of each thing the newest so many stay (RetentionCount, 5)", wholeNumber(1, 1000))
    .option("--days <number>", "what is younger stays (RetentionDays, 30)", wholeNumber(1, 36_500))
    .action((options: Options) => pruneKept(cli, options));
  notes(
    noun,
    `What clubar keeps beside what is in force: settings that a checkpoint replaced (losers), version files that were re-created
(aside), the state before restores (safety, saved), and old generations of the quorum. Nothing goes that is the way back
from the last restore, that a restore under way may need, or that has a checkpoint's only file. It needs no service, and is refused
while the quorum can't be read.`,
  );
};

async function pruneKept(cli: Cli, { plan: isOnlyPlan = false, keep, days }: Options): Promise<void> {
  onThisMachine("Prune", cli.settings.host);
  const places = await placesOf(cli);
  const asked = { ...(keep === undefined ? {} : { keep }), ...(days === undefined ? {} : { days }) };
  const plan = await cli.busy("Looking", planPrune(places, asked));
  const going = plan.things.filter(({ stays }) => stays === undefined);
  if (isOnlyPlan || (going.length === 0 && !cli.settings.json)) {
    cli.show(plan, () => planText(cli, plan));
    return;
  }
  if (!cli.settings.json) cli.terminal.err(planText(cli, plan));
  if (going.length > 0) await cli.confirm(`${summary(going)} removed for good.`, "Remove");
  const result = await cli.busy("Removing", prune(places, plan));
  if (result.failed.length > 0) cli.exit = 4;
  cli.show(result, () =>
    [
      `Removed: ${counted(result.removed.length, "thing")}, ${bytesText(sizeOf(result.removed))}.\n`,
      ...result.failed.map(({ path, why }) => `Not removed: ${path}: ${why}\n`),
    ].join(""),
  );
}

async function placesOf(cli: Cli): Promise<KeptPlaces> {
  const { data } = cli.settings;
  const outside = cli.outside();
  const record = await readNodeRecord(outside.files, data);
  if (record === undefined) {
    throw fail("CLUSTER_NOT_INSTALLED", {
      happened: `${data} holds no node.`,
      unchanged: "Nothing was removed.",
      next: "Name the node's data folder with --data.",
    });
  }
  return { outside, data, node: record.node, quorum: record.quorum, insist: record.insist };
}

function planText(cli: Cli, { rule, things }: PrunePlan): string {
  const now = cli.terminal.now();
  const rows = things.map(({ kind, path, size, time, stays }) => [
    stays === undefined ? "GOES" : "stays",
    kind,
    bytesText(size),
    timeAndAge(time, now),
    stays === undefined ? path : `${path}: ${stays}`,
  ]);
  const going = things.filter(({ stays }) => stays === undefined);
  return (
    table(["", "WHAT", "SIZE", "SINCE", "WHERE"], rows, "Nothing is kept beside what is in force.") +
    `Of each the newest ${rule.keep} stay, and what is younger than ${rule.days} days. ` +
    (going.length === 0 ? "Nothing goes.\n" : `${summary(going)} to be removed.\n`)
  );
}

function summary(things: readonly Judged[]): string {
  return `${counted(things.length, "thing")} (${bytesText(sizeOf(things))}) ${things.length === 1 ? "is" : "are"}`;
}

function sizeOf(things: readonly Judged[]): number {
  return things.reduce((sum, { size }) => sum + size, 0);
}
