import type { RestoreOutcome, RestorePlanView } from "../../api/node-service.ts";
import type { Cli } from "../cli.ts";
import { isBack, waitUntil } from "../wait.ts";
import { type Define, notes, verb } from "../verbs.ts";
import { followPlan, outcomeText } from "./plan.ts";

/** `clubar cluster set-quorum`. */
export const defineSetQuorum: Define = (noun, cli) => {
  const set = verb(noun, "set-quorum <place>", "Move the running cluster to another quorum, a folder or etcd:…")
    .option("--plan", "only show what would happen")
    .action((place: string, options: { readonly plan?: boolean }) => setQuorum(cli, place, options.plan === true));
  notes(
    set,
    `The cluster goes on with everything that was acknowledged, under a new generation. Applications stay up: permits last longer for the
time of the move, while nothing can be changed, started or moved.
The new place must be empty, and every node that runs must reach it: what an etcd's place names (certificates, a password's file) is read
on each node. What dies on the way is finished or taken back by whoever comes next. The old place stays as it is, out of force, and says
where the cluster is.

Examples:
  clubar cluster set-quorum 'etcd:https://a:2379,b:2379,c:2379?prefix=/clubar/payroll' --plan
  clubar cluster set-quorum /srv/quorum`,
  );
};

async function setQuorum(cli: Cli, given: string, isOnlyPlan: boolean): Promise<void> {
  const client = cli.client();
  const asked = { place: cli.quorumPlace(given) };
  const view = await cli.busy("Planning", client.post<RestorePlanView>("/cluster/set-quorum/plan", asked));
  const carryOut = async (): Promise<RestoreOutcome> => {
    const outcome = await client.post<RestoreOutcome>("/cluster/set-quorum", { ...asked, planId: view.id });
    await waitUntil(cli, true, "The return of this node", () => isBack(cli));
    return outcome;
  };
  await followPlan(cli, { view, online: true, carryOut }, isOnlyPlan, {
    warning: "The quorum moves; applications stay up.",
    busy: "Moving the quorum",
    explain: (failure) => failure,
    success: (outcome, online) => outcomeText(cli, outcome, online),
  });
}
