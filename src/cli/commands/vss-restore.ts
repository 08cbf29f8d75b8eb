import { planView } from "../../api/api.ts";
import { refuseBlocked } from "../../base/blocked.ts";
import { fail } from "../../base/errors.ts";
import { openRestoreDoor } from "../../clusapi/vss/restore-door.ts";
import { discardNodeRestore, lastNodeRestore, stagedRestore } from "../../restore/restore.ts";
import type { RestoreDoor } from "../../vss/cluster/node-door.ts";
import { readVssSet } from "../../vss/cluster/read-set.ts";
import { planVssRestore, type VssRestorePlan } from "../../vss/cluster/restore-plan.ts";
import { restoreVssSet } from "../../vss/cluster/restore.ts";
import type { Cli } from "../cli.ts";
import { facts, oneLine } from "../render/table.ts";
import { orDash, timeAndAge } from "../render/text.ts";
import type { RestoreOptions } from "./vss.ts";

/** `clubar vss restore PATH`. */
export async function restoreVss(cli: Cli, given: string, options: RestoreOptions): Promise<void> {
  const path = cli.path(given);
  const outside = cli.outside();
  const { door, plan } = await cli.busy("Reading the set and asking the nodes", prepare(cli, path, options));
  const isOnlyPlan = options.plan === true;
  if (isOnlyPlan || !cli.settings.json) showPlan(cli, plan, isOnlyPlan);
  refuseBlocked(plan.blockers);
  if (isOnlyPlan) return;
  await cli.confirm(warningOf(plan, door), "Restore");
  const outcome = await cli.busy("Restoring", restoreVssSet(outside, door, plan));
  cli.show(outcome, () => `${outcome.lines.map(oneLine).join("\n")}\n`);
}

async function prepare(
  cli: Cli,
  path: string,
  options: RestoreOptions,
): Promise<{ readonly door: RestoreDoor; readonly plan: VssRestorePlan }> {
  const outside = cli.outside();
  const { data } = cli.settings;
  const { manifest, files } = await readVssSet(outside, path);
  const { quorum, confirmDown, later, hold, authoritative = false } = options;
  const door = await openRestoreDoor(outside, {
    data,
    manifest,
    savedRecord: files.get("node/node.json"),
    ...(quorum === undefined ? {} : { quorum: cli.path(quorum) }),
    ...(confirmDown === undefined ? {} : { confirmed: confirmDown }),
    ...(later === undefined ? {} : { later }),
    ...(hold === undefined ? {} : { hold }),
  });
  return { door, plan: await planVssRestore(outside, door, { path, authoritative }) };
}

function warningOf({ authoritative, set }: VssRestorePlan, { running }: RestoreDoor): string {
  const stops = running ? " Its service is stopped in order and started." : "";
  const rolls = authoritative ? " The WHOLE CLUSTER is rolled back to the moment of the backup." : "";
  return `Node ${set.manifest.node.name} gets the files of ${set.path}.${rolls}${stops}`;
}

/** On standard output when it is all that was asked for; before the question on standard error. */
function showPlan(cli: Cli, plan: VssRestorePlan, isResult: boolean): void {
  const cluster = plan.cluster === undefined ? undefined : planView(plan.cluster);
  const warnings = [...plan.node.warnings, ...(cluster?.warnings ?? [])];
  const lines = [
    ...plan.node.lines,
    ...(cluster === undefined
      ? []
      : ["Authoritative: then the whole cluster, under a new generation:", ...cluster.lines]),
  ];
  const view = { authoritative: plan.authoritative, lines, warnings, blockers: plan.blockers };
  const text = [
    ...lines,
    ...warnings.map((warning) => `Warning: ${warning}`),
    ...plan.blockers.map(({ sentence }) => `Blocked: ${sentence}`),
  ];
  const shown = `${text.map(oneLine).join("\n")}\n`;
  if (isResult) cli.show(view, () => shown);
  else cli.terminal.err(shown);
}

/** `clubar vss staged [--discard]`. */
export async function staged(cli: Cli, discard: boolean): Promise<void> {
  const outside = cli.outside();
  const { data } = cli.settings;
  const record = await stagedRestore(outside.files, data);
  if (discard) {
    if (record === undefined) {
      throw fail("FILE_NOT_FOUND", {
        happened: "No restore of this node is staged.",
        unchanged: "Nothing was changed.",
      });
    }
    await cli.confirm(`The restore of this node from ${record.set.path} is given up.`, "Give it up");
    await discardNodeRestore(outside, data);
    cli.show({ discarded: record.id }, () => "The staged restore is given up; the node's files are as they were.\n");
    return;
  }
  const last = await lastNodeRestore(outside.files, data);
  const now = cli.terminal.now();
  cli.show({ staged: record ?? null, last: last ?? null }, () =>
    [
      record === undefined
        ? "No restore of this node is staged.\n"
        : facts([
            ["Staged", `${timeAndAge(record.time, now)}, from ${record.set.path}`],
            ["Node", record.set.node.name],
            ["Files", String(record.files.length)],
            ["Cluster", record.authoritative === undefined ? "is not restored" : "is ROLLED BACK by the same start"],
            ["Goes into place", "when the node's service next starts; `clubar vss staged --discard` gives it up"],
          ]),
      last === undefined
        ? ""
        : facts([
            ["Last restore", `${timeAndAge(last.time, now)}: ${last.outcome}. ${last.sentence}`],
            ["Kept", orDash(last.saved)],
          ]),
    ].join(""),
  );
}
