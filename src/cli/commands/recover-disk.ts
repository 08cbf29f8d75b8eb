import type { DiskPlanView, DiskReplacementView } from "../../api/routes/recovery.ts";
import { refuseBlocked } from "../../base/blocked.ts";
import type { Cli } from "../cli.ts";
import { oneLine } from "../render/table.ts";
import { isBack, waitUntil } from "../wait.ts";
import { type Define, notes, verb } from "../verbs.ts";

interface Options {
  readonly with: string;
  readonly plan?: boolean;
}

/** `clubar recover disk`. */
export const defineRecoverDisk: Define = (noun, cli) => {
  const disk = verb(
    noun,
    "disk <old>",
    "Replace a Physical Disk resource by another one, which takes over all that depends on it",
  )
    .requiredOption("--with <new>", "the Physical Disk resource of the new disk, in the same group")
    .option("--plan", "only show what would be done")
    .action((old: string, options: Options) => replaceDisk(cli, old, options));
  notes(
    disk,
    `What depends on the old resource depends on the new one afterwards, and the new one is mounted where the old one was. The old one is
renamed to "NAME (lost)" and stays, offline. Both must be offline or failed, as must be what depends on them. It is one change of the
database: it happens as a whole or not at all, and running it again does no harm. No data is copied.

When the quorum folder is on the old disk, it moves to the same folder on the new one, which must be mounted on every node already, at the
MountPoint of its resource. Applications that don't need the disk stay up; what died on the way is finished or taken back by whoever
comes next.

Examples:
  clubar resource create new-disk --group web --type "Physical Disk" DiskSignature=0xA1B2C3D4 MountPoint=/srv/new
  clubar recover disk old-disk --with new-disk --plan
  clubar recover disk old-disk --with new-disk`,
  );
};

async function replaceDisk(cli: Cli, old: string, options: Options): Promise<void> {
  const request = { old, with: options.with };
  const client = cli.client();
  const plan = await cli.busy("Planning", client.post<DiskPlanView>("/recovery/disk/plan", request));
  const isOnlyPlan = options.plan === true || plan.result === "already";
  if (isOnlyPlan) cli.show(plan, () => planText(plan));
  else if (!cli.settings.yes && !cli.settings.json) cli.terminal.err(planText(plan));
  refuseBlocked(plan.move?.blockers ?? []);
  if (isOnlyPlan) return;
  const what = plan.move === null ? "" : " The quorum moves; what else runs stays up.";
  await cli.confirm(`"${plan.new.name}" replaces "${plan.old.name}".${what}`, "Proceed");
  const agreed = plan.move === null ? request : { ...request, planId: plan.move.id };
  const replacing = client.post<DiskReplacementView>("/recovery/disk", agreed);
  const done = await (plan.move === null ? replacing : cli.busy("Moving the quorum", replacing));
  if (plan.move !== null) await waitUntil(cli, true, "The return of this node", () => isBack(cli));
  cli.show(done, () =>
    [`"${done.new.name}" replaced "${done.old.name}", which is now "${done.old.becomes}".`, ...done.lines]
      .map((line) => `${oneLine(line)}\n`)
      .join(""),
  );
}

function planText(plan: DiskPlanView): string {
  if (plan.result === "already") {
    return `${oneLine(`"${plan.new.name}" has replaced "${plan.old.name}" already; nothing is to be done.`)}\n`;
  }
  const head = `In group "${plan.group}", "${plan.new.name}" (${plan.new.state}) replaces "${plan.old.name}" (${plan.old.state}):`;
  const steps = plan.steps.map((step) => `  ${step}`);
  const { lines = [], warnings = [], blockers = [] } = plan.move ?? {};
  const moved = lines.map((line) => `  ${line}`);
  const warned = [...plan.warnings, ...warnings].map((warning) => `  Warning: ${warning}`);
  const blocked = blockers.map(({ sentence }) => `  Blocked: ${sentence}`);
  return [head, ...steps, ...moved, ...warned, ...blocked]
    .map((line) => `${line.startsWith("  ") ? "  " : ""}${oneLine(line.trim())}\n`)
    .join("");
}
