/** A plan that is shown, agreed to and carried out: restore and forced quorum alike. */
import type { RestoreOutcome, RestorePlanView } from "../../api/node-service.ts";
import type { ApiClient } from "../../api/client.ts";
import { Failure, fail } from "../../base/errors.ts";
import type { Cli } from "../cli.ts";
import { oneLine } from "../render/table.ts";

/** A plan and the way to carry it out. */
export interface Prepared {
  readonly view: RestorePlanView;
  /** Through the node's service. */
  readonly online: boolean;
  readonly carryOut: () => Promise<RestoreOutcome>;
}

/** How it is said. */
export interface PlanWords {
  readonly warning: string;
  readonly busy: string;
  /** Adds to a refusal what a person can do. */
  readonly explain: (failure: Failure) => Failure;
  readonly success: (outcome: RestoreOutcome, online: boolean) => string;
}

/** undefined when no service runs here. */
export async function planOnline(
  client: ApiClient,
  path: string,
  request: object,
  explain: PlanWords["explain"],
): Promise<RestorePlanView | undefined> {
  try {
    return await client.post<RestorePlanView>(path, request);
  } catch (error) {
    if (error instanceof Failure && error.name === "SERVICE_NOT_ACTIVE") return undefined;
    throw error instanceof Failure ? explain(error) : error;
  }
}

/** Shows the plan; unless only that is wanted, asks and carries it out. Rejects with the first blocker. */
export async function followPlan(cli: Cli, prepared: Prepared, isOnlyPlan: boolean, words: PlanWords): Promise<void> {
  const { view, online, carryOut } = prepared;
  if (isOnlyPlan || !cli.settings.json) showPlan(cli, view, isOnlyPlan);
  const [blocker] = view.blockers;
  if (blocker !== undefined) {
    const { name, sentence: happened, next } = blocker;
    throw words.explain(fail(name, { happened, unchanged: "Nothing was changed.", next }));
  }
  if (isOnlyPlan) return;
  await cli.confirm(
    words.warning,
    "If you are sure you want to proceed, enter 'y'. Enter any other key to cancel.\nProceed",
    "\n**** WARNING!!! ****\n\n",
  );
  const heed = cli.terminal.onInterrupt?.(() => interruptedText(cli, online));
  const outcome = await cli
    .busy(words.busy, carryOut())
    .catch((error: unknown) => {
      throw error instanceof Failure ? words.explain(error) : error;
    })
    .finally(heed);
  cli.show(outcome, () => words.success(outcome, online));
}

/** Nothing is ever half done: whoever ends this process learns who finishes it. */
function interruptedText(cli: Cli, online: boolean): string {
  const { data } = cli.settings;
  const clubar = `clubar --data ${data}`;
  if (online)
    return `\nclubar: Interrupted; the node's service goes on with it. See \`${clubar} status\`, then \`${clubar} doctor\`.\n`;
  return `
clubar: Interrupted in the middle. The quorum is as it was, or as planned, never in between.
The next start of this node's service finishes it, or gives it up when that is no longer possible, and says which:
clubar --data ${data} service
`;
}

/** On standard output when it is all that was asked for; before the question on standard error. */
function showPlan(cli: Cli, view: RestorePlanView, isResult: boolean): void {
  const lines = [
    ...view.lines,
    ...view.warnings.map((warning) => `Warning: ${warning}`),
    ...view.blockers.map(({ sentence }) => `Blocked: ${sentence}`),
  ];
  const text = `${lines.map(oneLine).join("\n")}\n`;
  if (isResult) cli.show(view, () => text);
  else cli.terminal.err(text);
}

/** What every outcome ends with. */
export function outcomeText(cli: Cli, outcome: RestoreOutcome, online: boolean): string {
  const safety = outcome.safetyBackup === undefined ? "" : `The state before is kept in ${outcome.safetyBackup}\n`;
  const start = online ? "" : `First start this node's service: clubar --data ${cli.settings.data} service\n`;
  const lines = outcome.lines.map((line) => `${oneLine(line)}\n`).join("");
  return `The cluster database is at tag ${outcome.tag}.\n${lines}${safety}${start}`;
}
