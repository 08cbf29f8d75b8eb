/** A restore's plan and result as people read them. */
import type { RestorePlan, RestoreResult } from "../restore/restore.ts";
import { formatTag } from "../quorum/tag.ts";
import type { RestoreOutcome, RestorePlanView } from "./node-service.ts";

const linesMax = 40;

/** What the plan does, takes back and asks for, line by line. */
export function planView(plan: RestorePlan): RestorePlanView {
  const { set, generation, changes, lost, mustJoinAgain, notChecked } = plan;
  const taken = set.time === undefined ? "" : `, taken ${new Date(set.time).toISOString()}`;
  const source = plan.copy === undefined ? "Backup" : "Database from";
  const nothing = plan.copy === undefined ? " now nothing that can be read;" : "";
  const present = plan.present === undefined ? nothing : ` now ${plan.present.tag};`;
  if (plan.steps.length === 0) return { id: plan.id, lines: [], blockers: plan.blockers, warnings: plan.warnings };
  const lines = [
    `${source}: ${set.path}, cluster ${plan.identity.name}${set.tag === undefined ? "" : `, tag ${set.tag}`}${taken}.`,
    `Quorum: ${plan.place},${present} afterwards ${formatTag(plan.tag)} (generation ${generation.from} → ${generation.to}).`,
    lost.sentence,
    ...(changes === undefined ? [] : [countsLine(changes.counts), ...changeLines(changes)]),
    ...plan.steps.map(({ what }, at) => `Step ${at + 1}: ${what}`),
    ...(mustJoinAgain.length === 0 ? [] : [`Nodes that must join again afterwards: ${mustJoinAgain.join(", ")}.`]),
    ...notChecked.map((one) => `NOT CHECKED: ${one}`),
  ];
  return { id: plan.id, lines: lines.filter((line) => line !== ""), blockers: plan.blockers, warnings: plan.warnings };
}

type PlanChanges = NonNullable<RestorePlan["changes"]>;

function countsLine(counts: PlanChanges["counts"]): string {
  const parts = Object.entries(counts).flatMap(([kind, { added, removed, changed }]) => {
    const signs = [
      added > 0 ? `+${added}` : "",
      removed > 0 ? `−${removed}` : "",
      changed > 0 ? `~${changed}` : "",
    ].filter((sign) => sign !== "");
    return signs.length === 0 ? [] : [`${kind} ${signs.join(" ")}`];
  });
  return parts.length === 0 ? "Changes: none, the configuration is the same." : `Changes: ${parts.join(", ")}.`;
}

function changeLines(changes: PlanChanges): string[] {
  const shown = changes.lines.slice(0, linesMax).map((line) => `  ${line}`);
  const more = changes.lines.length - shown.length + changes.more;
  return more === 0 ? shown : [...shown, `  … and ${more} more.`];
}

/** What a restore answers. */
export function outcomeView(result: RestoreResult): RestoreOutcome {
  const again = result.mustJoinAgain.length === 0 ? [] : [`Must join again: ${result.mustJoinAgain.join(", ")}.`];
  return {
    tag: result.tag,
    safetyBackup: result.safety?.path,
    lines: [result.sentence, ...result.notes, ...again, `Undo: ${result.undo}`].filter((line) => line !== ""),
  };
}
