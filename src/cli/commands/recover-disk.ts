import type { DiskReplacementView } from "../../api/routes/recovery.ts";
import type { ReplaceDiskPlan } from "../../recovery/recovery.ts";
import type { Cli } from "../cli.ts";
import { oneLine } from "../render/table.ts";
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

Examples:
  clubar resource create new-disk --group web --type "Physical Disk" DiskSignature=0xA1B2C3D4 MountPoint=/srv/new
  clubar recover disk old-disk --with new-disk --plan
  clubar recover disk old-disk --with new-disk`,
  );
};

async function replaceDisk(cli: Cli, old: string, options: Options): Promise<void> {
  const request = { old, with: options.with };
  const client = cli.client();
  const plan = await client.post<ReplaceDiskPlan>("/recovery/disk/plan", request);
  if (options.plan === true || plan.result === "already") {
    cli.show(plan, () => planText(plan));
    return;
  }
  if (!cli.settings.yes && !cli.settings.json) cli.terminal.err(planText(plan));
  await cli.confirm(`"${plan.new.name}" replaces "${plan.old.name}".`, "Proceed");
  const done = await client.post<DiskReplacementView>("/recovery/disk", request);
  cli.show(
    done,
    () => oneLine(`"${done.new.name}" replaced "${done.old.name}", which is now "${done.old.becomes}".`) + "\n",
  );
}

function planText(plan: ReplaceDiskPlan): string {
  if (plan.result === "already") {
    return `${oneLine(`"${plan.new.name}" has replaced "${plan.old.name}" already; nothing is to be done.`)}\n`;
  }
  const head = `In group "${plan.group}", "${plan.new.name}" (${plan.new.state}) replaces "${plan.old.name}" (${plan.old.state}):`;
  const steps = plan.steps.map((step) => `  ${step}`);
  const warnings = plan.warnings.map((warning) => `  Warning: ${warning}`);
  return [head, ...steps, ...warnings]
    .map((line) => `${line.startsWith("  ") ? "  " : ""}${oneLine(line.trim())}\n`)
    .join("");
}
